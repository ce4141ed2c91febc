package nodes

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestListTogether: many list and read the table at the same time, each with
// several workers, and each gets what he may see. The race detector watches.
func TestListTogether(t *testing.T) {
	needRoot(t)
	target := startAs(t, "plain", "/proc/self/exe", alice, alice)
	other := startAs(t, "plain", "/proc/self/exe", bob, bob)
	glances := NewGlances()
	for _, hide := range []HidePID{HideOff, HideInvisible} {
		tree := openTree(t, Options{HidePID: hide, GID: -1})
		var askers sync.WaitGroup
		for range 6 {
			for _, c := range []*child{target, other} {
				q, again := c.asks(tree), c.asks(tree)
				q.Glances, again.Glances = glances, glances
				sees := hide == HideOff || c == target
				askers.Go(func() { checkList(t, q, target.pid, sees) })
				askers.Go(func() { checkTable(t, again, target.pid, sees) })
			}
		}
		askers.Wait()
	}
	for !glances.Idle() {
		runtime.Gosched()
	}
	if n := len(glances.tokens); n != 0 || glances.inside.all != 0 {
		t.Errorf("%d tokens, %d inside", n, glances.inside.all)
	}
}

func checkList(t *testing.T, q *Query, pid int, want bool) {
	var pids []int
	err := q.List(0, math.MaxInt, func(pid int) bool { pids = append(pids, pid); return true })
	if err != nil || !slices.IsSorted(pids) || slices.Contains(pids, pid) != want {
		t.Errorf("list: %v, %v, want %d: %v", pids, err, pid, want)
	}
}

func checkTable(t *testing.T, q *Query, pid int, want bool) {
	text, err := statusTable(q, nil)
	last, found := 0, false
	for line := range strings.Lines(string(text)) {
		var name string
		var number int
		if n, err := fmt.Sscan(line, &name, &number); n != 2 || number <= last {
			t.Errorf("after %d: %q, %v", last, line, err)
		}
		last, found = number, found || number == pid
	}
	if err != nil || found != want {
		t.Errorf("table: %v; %d is there: %v, want %v\n%s", err, pid, found, want, text)
	}
}

// TestListRoom: no more than there is room for, in as many requests as it takes.
func TestListRoom(t *testing.T) {
	for _, hide := range []HidePID{HideOff, HideInvisible} {
		tree := openTree(t, Options{HidePID: hide, GID: -1})
		c := start(t)
		for _, room := range []int{0, 1, 3, 1000} {
			var all []int
			for more := room > 0; more; {
				after, n := 0, 0
				if len(all) > 0 {
					after = all[len(all)-1]
				}
				err := ourselves(t, tree).List(after, room, func(pid int) bool { all = append(all, pid); n++; return true })
				if err != nil || n > room {
					t.Fatalf("hidepid=%d: %d after %d, %v", hide, n, after, err)
				}
				more = n > 0
			}
			if !slices.IsSorted(all) || room > 0 && !slices.Contains(all, c.pid) {
				t.Errorf("hidepid=%d: %v in pieces of %d lacks %d", hide, all, room, c.pid)
			}
		}
	}
}

// TestTableMemory: what the table needs is reserved before it is used.
func TestTableMemory(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	start(t)
	q, granted := ourselves(t, tree), 0
	q.Reserve = func(n int) error { granted += n; return nil }
	if text, err := statusTable(q, nil); err != nil || granted < 2*len(text) {
		t.Errorf("%d for %d, %v", granted, len(text), err)
	}
	for n := range 2 { // whichever is refused
		q := ourselves(t, tree)
		q.Reserve = func(int) error {
			if n--; n < 0 {
				return ErrTooBig
			}
			return nil
		}
		if text, err := statusTable(q, nil); err != ErrTooBig || len(text) != 0 {
			t.Errorf("refused: %d, %v", len(text), err)
		}
	}
}
