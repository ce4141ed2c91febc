package nodes

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestGlanceStuck: a process that is stuck costs one walk a moment, and the next
// ones nothing, until it answers.
func TestGlanceStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, first(700)...)
		m.stick(300)
		if took := m.wantAll(300); took <= glanceDeadline-2*glanceTick || took > glanceDeadline {
			t.Errorf("took %v", took)
		}
		if m.glances.Idle() || m.glances.stuck.byPID[300] != 1 {
			t.Errorf("not remembered: %+v", m.glances.stuck)
		}
		for range 3 {
			if took := m.wantAll(300); took != 0 || m.looked[300] != 1 {
				t.Errorf("again: %v, looked at %d times", took, m.looked[300])
			}
		}
		if len(m.leftOut) != 0 {
			t.Errorf("told: %v", m.leftOut)
		}
		m.letGo(300)
		m.wantIdle()
		if took := m.wantAll(); took != 0 {
			t.Errorf("when it answers: %v", took)
		}
		m.wantIdle()
	})
}

// TestGlanceSlow: one that only takes its time is not left out, and keeps no
// worker from the others.
func TestGlanceSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, first(230)...)
		var quick, most atomic.Int32
		m.look = func(pid int) error {
			if pid <= 30 {
				time.Sleep(glanceDeadline * 9 / 10)
				return nil
			}
			most.Store(max(most.Load(), quick.Add(1)))
			time.Sleep(glanceTick / 5)
			quick.Add(-1)
			return nil
		}
		m.owner = func(pid int) uint32 { return uint32(pid % 3) }
		if took := m.wantAll(); took > 2*glanceDeadline {
			t.Errorf("took %v", took)
		}
		if most.Load() != 3 { // who was slow has been replaced
			t.Errorf("%d at a time beside slow ones", most.Load())
		}
		m.wantIdle()
	})
}

// TestGlanceBounds: in the processes of an owner are so many workers and no more,
// and only his are left out for it.
func TestGlanceBounds(t *testing.T) {
	const bad, good = 1, 2
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, first(200)...)
		m.owner = func(pid int) uint32 {
			if pid <= 2*glancesOwner || pid == 150 {
				return bad
			}
			return good
		}
		stuck := first(2 * glancesOwner)
		m.stick(stuck...)
		if took := m.wantAll(append(stuck, 150)...); took > 2*glanceDeadline { // serially it would be 16
			t.Errorf("took %v", took)
		}
		if m.most.byUID[bad] != glancesOwner || m.inside.byUID[bad] != glancesOwner {
			t.Errorf("%d at a time, %d now, want %d", m.most.byUID[bad], m.inside.byUID[bad], glancesOwner)
		}
		if took := m.wantAll(append(stuck, 150)...); took != 0 {
			t.Errorf("again: %v", took)
		}
		m.letGo(stuck[0])
		m.wantAll(append(stuck[1:], 150)...) // one more can be looked at, and gets stuck
		if m.inside.byUID[bad] != glancesOwner {
			t.Errorf("%d inside, want %d", m.inside.byUID[bad], glancesOwner)
		}
		m.letGo(stuck[1:]...)
		m.wantAll()
		m.wantIdle()
	})
}

// TestGlanceAll: whosever they are; then nobody's can be looked at.
func TestGlanceAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, first(400)...)
		m.owner = func(pid int) uint32 { return uint32(pid) }
		m.stick(m.pids[20:]...)
		m.wantAll(m.pids[20:]...)
		if m.most.all != glancesAll || m.inside.all != glancesAll {
			t.Errorf("%d at a time, %d now, want %d", m.most.all, m.inside.all, glancesAll)
		}
		if got, took, err := m.list(context.Background(), 0, math.MaxInt); err != nil || took != 0 || len(got) != 0 {
			t.Errorf("again: %v after %v, %v", got, took, err)
		}
		m.letGo(m.pids[20:]...)
		m.wantIdle()
		m.wantAll()
	})
}

// TestGlanceTogether: however many walk at a time, few are in one process, and
// few work.
func TestGlanceTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, first(100)...)
		m.stick(50)
		m.look = func(int) error { time.Sleep(time.Microsecond); return nil }
		var walks sync.WaitGroup
		for range 20 {
			walks.Go(func() {
				l, n := m.walk(context.Background(), 4), 0
				defer l.end()
				err := l.each(0, math.MaxInt, func(int, []byte) (bool, error) { n++; return true, nil })
				if err != nil || n != 99 {
					t.Errorf("%d, %v", n, err)
				}
			})
		}
		walks.Wait()
		synctest.Wait()
		if m.most.byPID[50] != glancesEach || m.most.all > glancesQuick+glancesEach {
			t.Errorf("%d in one, %d in all at a time", m.most.byPID[50], m.most.all)
		}
		m.look = func(int) error { return nil }
		m.letGo(50)
		m.wantIdle()
	})
}

// TestGlanceCanceled: who no longer waits is let go at once, and keeps nothing
// from others but the process that his worker is in.
func TestGlanceCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, first(100)...)
		m.stick(10, 20, 30)
		ctx, cancel := context.WithTimeout(context.Background(), glanceTick/2)
		defer cancel()
		got, took, err := m.list(ctx, 0, math.MaxInt)
		if !errors.Is(err, context.DeadlineExceeded) || len(got) != 0 || took != glanceTick/2 {
			t.Errorf("%v after %v, %v", got, took, err)
		}
		if len(m.glances.tokens) != 0 || m.glances.Idle() || m.glances.stuck.all != 0 {
			t.Errorf("%d tokens, idle %v, %d stuck", len(m.glances.tokens), m.glances.Idle(), m.glances.stuck.all)
		}
		m.wantAll(10, 20, 30)
		m.letGo(10, 20, 30)
		m.wantIdle()
		m.look = func(int) error { time.Sleep(glanceTick / 5); return nil }
		clear(m.looked)
		soon, end := context.WithTimeout(context.Background(), glanceTick/2)
		defer end()
		m.list(soon, 0, math.MaxInt)
		time.Sleep(glanceDeadline)
		synctest.Wait()
		if len(m.looked) > 9 {
			t.Errorf("%d looked at after all", len(m.looked))
		}
		m.wantIdle()
		ended, end := context.WithCancel(context.Background())
		end()
		clear(m.looked)
		if _, _, err := m.list(ended, 0, math.MaxInt); !errors.Is(err, context.Canceled) || len(m.looked) != 0 {
			t.Errorf("canceled before: %v, %d looked at", err, len(m.looked))
		}
	})
}

// TestGlanceWaits: who waits for room in a process is let in when there is some,
// and gives up when he is given up.
func TestGlanceWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, at := NewGlances(), place{pid: 7, uid: 1}
		workers := []*worker{{}, {}, {}, {}}
		enter := func(w *worker, ctx context.Context) chan error {
			done := make(chan error, 1)
			go func() { done <- g.enter(ctx, w, at) }()
			synctest.Wait()
			return done
		}
		first, second := enter(workers[0], context.Background()), enter(workers[1], context.Background())
		third := enter(workers[2], context.Background())
		ctx, cancel := context.WithCancel(context.Background())
		fourth := enter(workers[3], ctx)
		if counts := []int{len(first), len(second), len(third), len(fourth)}; !slices.Equal(counts, []int{1, 1, 0, 0}) {
			t.Fatalf("entered: %v", counts)
		}
		cancel()
		if err := <-fourth; !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		if next := g.leave(workers[0]); next != goesOn {
			t.Errorf("left: %v", next)
		}
		if err := <-third; err != nil {
			t.Errorf("room: %v", err)
		}
		late := enter(workers[0], context.Background())
		g.mu.Lock()
		g.giveUp(workers[1])
		g.mu.Unlock()
		if err := <-late; !errors.Is(err, errStuck) {
			t.Errorf("stuck: %v", err)
		}
		if next := g.leave(workers[1]); next != givenUp || g.stuck.all != 0 || g.inside.all != 1 {
			t.Errorf("given up: %v, %+v", next, g.inside)
		}
	})
}
