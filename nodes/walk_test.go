package nodes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// machine is one with made-up processes, of which some are stuck. Time is
// synctest's, so that it can be asserted, and so is that no goroutine is left.
type machine struct {
	t       *testing.T
	glances *Glances
	pids    []int
	owner   func(pid int) uint32
	look    func(pid int) error // after the worker has entered

	mu      sync.Mutex
	stuck   map[int]chan struct{} // closed to let go
	looked  map[int]int
	inside  tally
	most    tally // that were inside at a time
	leftOut []error
}

func newMachine(t *testing.T, pids ...int) *machine {
	return &machine{
		t: t, glances: NewGlances(), pids: pids,
		owner: func(int) uint32 { return 0 }, look: func(int) error { return nil },
		stuck: make(map[int]chan struct{}), looked: make(map[int]int), inside: newTally(), most: newTally(),
	}
}

// first are the numbers from 1 to n.
func first(n int) (pids []int) {
	for pid := 1; pid <= n; pid++ {
		pids = append(pids, pid)
	}
	return pids
}

func (m *machine) stick(pids ...int) {
	for _, pid := range pids {
		m.stuck[pid] = make(chan struct{})
	}
}

func (m *machine) letGo(pids ...int) {
	for _, pid := range pids {
		m.mu.Lock()
		held := m.stuck[pid]
		delete(m.stuck, pid)
		m.mu.Unlock()
		close(held)
	}
	synctest.Wait()
}

func (m *machine) count(at place, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inside.add(at, n)
	m.most.all = max(m.most.all, m.inside.all)
	m.most.byUID[at.uid] = max(m.most.byUID[at.uid], m.inside.byUID[at.uid])
	m.most.byPID[at.pid] = max(m.most.byPID[at.pid], m.inside.byPID[at.pid])
	m.looked[at.pid] += max(n, 0)
}

func (m *machine) visit(l *walk, w *worker, pid int) error {
	at := place{pid, m.owner(pid)}
	if err := l.glances.enter(l.ctx, w, at); err != nil {
		return err
	}
	m.count(at, 1)
	defer m.count(at, -1)
	m.mu.Lock()
	held := m.stuck[pid]
	m.mu.Unlock()
	if held != nil {
		<-held
	}
	w.out = append(strconv.AppendInt(w.out, int64(pid), 10), '\n')
	return m.look(pid)
}

func (m *machine) after(dst []int, after, most int) ([]int, error) {
	from, _ := slices.BinarySearch(m.pids, after+1)
	return append(dst, m.pids[from:min(len(m.pids), from+most)]...), nil
}

func (m *machine) walk(ctx context.Context, width int) *walk {
	l := newWalk(ctx, m.glances)
	l.width, l.numbers, l.look = width, m.after, m.visit
	l.worker = func() *worker { return newWorker(&Query{}) }
	l.leftOut = func(err error) { m.leftOut = append(m.leftOut, err) }
	return l
}

// list walks over all and gives those that were visited, which must have been
// shown what was found at them, in order.
func (m *machine) list(ctx context.Context, after, room int) (pids []int, took time.Duration, err error) {
	l, start := m.walk(ctx, 3), time.Now()
	defer synctest.Wait() // whatever a worker still does, but for those that are stuck
	defer l.end()
	err = l.each(after, room, func(pid int, out []byte) (bool, error) {
		if string(out) != fmt.Sprintln(pid) {
			m.t.Errorf("%d: %q", pid, out)
		}
		pids = append(pids, pid)
		return true, nil
	})
	if !slices.IsSorted(pids) {
		m.t.Errorf("not in order: %v", pids)
	}
	return pids, time.Since(start), err
}

func (m *machine) wantAll(but ...int) (took time.Duration) {
	m.t.Helper()
	got, took, err := m.list(context.Background(), 0, math.MaxInt)
	want := slices.DeleteFunc(slices.Clone(m.pids), func(pid int) bool { return slices.Contains(but, pid) })
	if err != nil || !slices.Equal(got, want) {
		m.t.Errorf("%d, %v, want %d of %d", len(got), err, len(want), len(m.pids))
	}
	return took
}

// wantIdle: nothing is counted any more, and every token is back.
func (m *machine) wantIdle() {
	m.t.Helper()
	synctest.Wait()
	g := m.glances
	for _, left := range []tally{g.inside, g.stuck} {
		if left.all != 0 || len(left.byUID) != 0 || len(left.byPID) != 0 {
			m.t.Errorf("left: %+v", left)
		}
	}
	if !g.Idle() || len(g.tokens) != 0 {
		m.t.Errorf("idle %v, %d tokens", g.Idle(), len(g.tokens))
	}
}

// TestWalkOrder: all, once and in order, whoever is quick; what fails is left out
// and told.
func TestWalkOrder(t *testing.T) {
	for _, width := range []int{1, 2, 4, 7} {
		synctest.Test(t, func(t *testing.T) {
			m := newMachine(t)
			for pid := 3; len(m.pids) < 3*walkPiece+17; pid += 1 + rand.IntN(9) {
				m.pids = append(m.pids, pid)
			}
			odd, failed := errors.New("odd"), 0
			m.look = func(pid int) error {
				time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
				if pid%10 == 0 {
					return odd
				}
				return nil
			}
			var want []int
			for _, pid := range m.pids {
				if pid%10 != 0 {
					want = append(want, pid)
				} else {
					failed++
				}
			}
			l, got := m.walk(context.Background(), width), []int(nil)
			err := l.each(0, math.MaxInt, func(pid int, out []byte) (bool, error) {
				if string(out) != fmt.Sprintln(pid) {
					t.Errorf("%d: %q", pid, out)
				}
				got = append(got, pid)
				return true, nil
			})
			l.end()
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%d wide: %d, %v, want %d", width, len(got), err, len(want))
			}
			m.wantIdle()
			if len(m.leftOut) != failed || !errors.Is(m.leftOut[0], odd) {
				t.Errorf("%d told, want %d", len(m.leftOut), failed)
			}
			if m.most.all != width || len(m.looked) != len(m.pids) {
				t.Errorf("%d at a time, want %d; %d looked at", m.most.all, width, len(m.looked))
			}
			for pid, times := range m.looked {
				if times != 1 {
					t.Errorf("%d was looked at %d times", pid, times)
				}
			}
		})
	}
}

// TestWalkRoom: on from a number, and no more looked at than have room.
func TestWalkRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, first(1000)...)
		for _, test := range []struct{ after, room, want int }{{0, 10, 10}, {990, 20, 10}, {100, 300, 300}, {1000, 5, 0}, {0, 0, 0}} {
			clear(m.looked)
			got, _, err := m.list(context.Background(), test.after, test.room)
			if err != nil || len(got) != test.want || len(m.looked) != test.want || test.want > 0 && got[0] != test.after+1 {
				t.Errorf("%+v: %d, %d looked at, %v", test, len(got), len(m.looked), err)
			}
		}
		clear(m.looked)
		l, n := m.walk(context.Background(), 2), 0
		if err := l.each(0, math.MaxInt, func(int, []byte) (bool, error) { n++; return n < 5, nil }); err != nil || n != 5 || len(m.looked) > walkPiece {
			t.Errorf("enough after %d, %d looked at, %v", n, len(m.looked), err)
		}
		l.end()
		m.wantIdle()
	})
}

// TestWalkErrors: what keeps all processes from being had ends the walk, and so
// does whoever is shown them; a panic costs one process.
func TestWalkErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, odd := newMachine(t, first(300)...), errors.New("odd")
		m.look = func(pid int) error {
			if pid == 20 {
				panic("a bad text")
			}
			return nil
		}
		m.wantAll(20)
		if len(m.leftOut) != 1 || m.leftOut[0].Error() != "panic: a bad text" {
			t.Errorf("told: %v", m.leftOut)
		}
		m.look = func(pid int) error {
			if pid == 270 {
				return walkError{odd}
			}
			return nil
		}
		if got, _, err := m.list(context.Background(), 0, math.MaxInt); err != odd || len(got) != 269 {
			t.Errorf("%d, %v", len(got), err)
		}
		l := m.walk(context.Background(), 2)
		if err := l.each(0, math.MaxInt, func(pid int, _ []byte) (bool, error) { return true, odd }); err != odd {
			t.Errorf("shown: %v", err)
		}
		l.end()
		m.wantIdle()
	})
}
