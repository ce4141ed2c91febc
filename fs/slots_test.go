package fs

import (
	"errors"
	"testing"
	"testing/synctest"
)

var testBounds = bounds{all: 64, uid: 16, target: 2}

// TestSlotBounds: each bound, and that it is no other's.
func TestSlotBounds(t *testing.T) {
	for name, test := range map[string]struct {
		bound  int
		who    func(i int) holder
		beside holder
		free   bool // what is beside still gets one
	}{
		"a target's": {testBounds.target, func(i int) holder { return holder{uint32(i), 42} }, holder{0, 43}, true},
		"a user's":   {testBounds.uid, func(i int) holder { return holder{1, i} }, holder{2, 1000}, true},
		"all":        {testBounds.all, func(i int) holder { return holder{uint32(i), 100 + i} }, holder{1000, 1000}, false},
	} {
		s := newSlots(testBounds)
		for i := range test.bound {
			if !s.free(test.who(i)) || s.try(test.who(i)) != nil {
				t.Fatalf("%s: %d of %d does not get one", name, i, test.bound)
			}
		}
		if s.free(test.who(0)) || s.try(test.who(0)) == nil {
			t.Errorf("%s: one more gets one", name)
		}
		if s.free(test.beside) != test.free {
			t.Errorf("%s: what is beside gets one: %v", name, !test.free)
		}
		for i := range test.bound {
			s.release(test.who(i))
		}
		empty(t, s)
	}
}

func empty(t *testing.T, s *slots) {
	t.Helper()
	if s.all != 0 || s.taken.Load() != 0 || len(s.byUID) != 0 || len(s.byTarget) != 0 || len(s.stuck) != 0 || !s.idle() {
		t.Errorf("slots are left: %d, %v, %v, %v", s.all, s.byUID, s.byTarget, s.stuck)
	}
}

// TestSlotWait: who waits gets the slot that another gives back, or gives up.
func TestSlotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, who := newSlots(testBounds), holder{1, 42}
		s.enter(who)
		s.enter(who)
		waits := func() (done chan struct{}, result chan error) {
			done, result = make(chan struct{}), make(chan error, 1)
			go func() { result <- s.acquire(done, who) }()
			synctest.Wait()
			if len(result) != 0 {
				t.Error("does not wait")
			}
			return done, result
		}
		_, served := waits()
		s.release(who)
		if err := <-served; err != nil {
			t.Error(err)
		}
		leaves, left := waits()
		close(leaves)
		if err := <-left; !errors.Is(err, errBusy) {
			t.Error(err)
		}
		s.release(who)
		s.release(who)
		empty(t, s)
	})
}

// TestSlotStuck: who is stuck is known until that has ended, beyond the bounds
// too, and nobody else is taken for it.
func TestSlotStuck(t *testing.T) {
	s, who := newSlots(testBounds), holder{1, 42}
	for range 3 {
		s.enter(who)
		s.stick(who)
	}
	for range 3 {
		if !s.isStuck(42) || s.free(who) || s.isStuck(43) || !s.free(holder{1, 43}) {
			t.Errorf("stuck: %v", s.stuck)
		}
		s.unstick(who)
		s.release(who)
	}
	if s.isStuck(42) || !s.free(who) {
		t.Error("still stuck")
	}
	empty(t, s)
}
