package nodes

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/procfsd/procfsd/provider"
)

func list(t *testing.T, q *Query) (pids []int) {
	t.Helper()
	err := q.List(0, 1<<22, func(pid int) bool {
		pids = append(pids, pid)
		return true
	})
	if err != nil || q.Target != nil {
		t.Fatalf("list: %v, %v", err, q.Target)
	}
	return pids
}

// TestAbsentCaller: who is not of our pid namespace sees nothing at all.
func TestAbsentCaller(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	id := find(t, c.asks(tree), c.pid).Target.ID()
	open := find(t, c.asks(tree), c.pid)
	for _, tid := range []int{0, -1, 1 << 22} {
		q := ask(t, tree, tid, c.uid, c.gid)
		if err := q.Find(c.pid); !errors.Is(err, ErrHidden) {
			t.Errorf("%d finds: %v", tid, err)
		}
		if err := q.Identify(id); !errors.Is(err, ErrHidden) {
			t.Errorf("%d identifies: %v", tid, err)
		}
		if pids := list(t, q); len(pids) != 0 {
			t.Errorf("%d lists %v", tid, pids)
		}
		if text, err := curproc(q); !errors.Is(err, ErrHidden) || text != "" {
			t.Errorf("%d is %q, %v", tid, text, err)
		}
		q.Target = open.Target
		if err := q.Check(); !errors.Is(err, ErrHidden) {
			t.Errorf("%d has opened: %v", tid, err)
		}
		q.Target = nil
	}
}

// TestIdentity: what a number means as its process comes and goes.
func TestIdentity(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	q := find(t, ourselves(t, tree), c.pid)
	id := q.Target.ID()

	other := ourselves(t, tree)
	if err := other.Identify(ID{id.PID, id.Start + 1}); !errors.Is(err, ErrStale) || other.Target != nil {
		t.Errorf("another start: %v, %v", err, other.Target)
	}
	if err := other.Identify(ID{id.PID, id.Start + 1<<StartBits}); err != nil {
		t.Errorf("the low bits of the start: %v", err)
	}
	if err := ourselves(t, tree).Find(c.tid); !errors.Is(err, ErrHidden) {
		t.Errorf("a thread: %v", err)
	}

	c.kill()
	if err := q.Check(); !errors.Is(err, ErrGone) {
		t.Errorf("a zombie, opened before: %v", err)
	}
	zombie := ourselves(t, tree)
	if err := zombie.Find(c.pid); !errors.Is(err, ErrHidden) || zombie.Target != nil {
		t.Errorf("a zombie: %v, %v", err, zombie.Target)
	}
	if slices.Contains(list(t, ourselves(t, tree)), c.pid) {
		t.Error("a zombie is listed")
	}
	c.cmd.Wait()
	if err := q.Check(); !errors.Is(err, ErrGone) {
		t.Errorf("gone, opened before: %v", err)
	}
	if err := ourselves(t, tree).Identify(id); !errors.Is(err, ErrHidden) {
		t.Errorf("gone: %v", err)
	}
	if _, err := status(q); !errors.Is(err, provider.ErrGone) {
		t.Errorf("status of what is gone: %v", err)
	}
}

// TestLeaderGone: a process whose first thread has exited still lives.
func TestLeaderGone(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	q := find(t, ourselves(t, tree), c.pid)
	c.do("leave")
	waitState(t, c.pid, "Z")
	if err := q.Check(); err != nil {
		t.Errorf("check: %v", err)
	}
	find(t, ourselves(t, tree), c.pid)
	if !slices.Contains(list(t, ourselves(t, tree)), c.pid) {
		t.Error("not listed")
	}
	if _, err := status(q); err != nil {
		t.Errorf("status: %v", err)
	}
}

// TestListGoesOn: after a number, ascending, and no further than asked.
func TestListGoesOn(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	all := list(t, ourselves(t, tree))
	if !slices.IsSorted(all) || !slices.Contains(all, c.pid) {
		t.Errorf("%v lacks %d", all, c.pid)
	}
	q := ourselves(t, tree)
	var first int
	if err := q.List(c.pid-1, 10, func(pid int) bool { first = pid; return false }); err != nil || first != c.pid {
		t.Errorf("after %d: %d, %v", c.pid-1, first, err)
	}
	first = 0
	if err := q.List(c.pid, 10, func(pid int) bool { first = pid; return false }); err != nil || first == c.pid {
		t.Errorf("after %d: %d, %v", c.pid, first, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	q.Context = ctx
	if err := q.List(0, 10, func(int) bool { t.Error("listed"); return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
