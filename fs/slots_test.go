package fs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// job is a call in a slot that ends when told, and what became of it. Time is
// synctest's, so that it can be asserted.
type job struct {
	end      chan error
	cancel   chan struct{}
	ran      atomic.Bool
	gaveUp   atomic.Bool // its context has ended while it ran
	finally  atomic.Int32
	result   chan error
	answered time.Duration
}

var testBounds = bounds{all: 64, uid: 16, target: 2}

func launch(s *slots, who holder) *job {
	j := &job{end: make(chan error, 1), cancel: make(chan struct{}), result: make(chan error, 1)}
	start := time.Now()
	go func() {
		err := s.run(j.cancel, who, deadline, func(ctx context.Context) error {
			j.ran.Store(true)
			go func() {
				<-ctx.Done()
				j.gaveUp.Store(j.finally.Load() == 0)
			}()
			return <-j.end
		}, func(bool) { j.finally.Add(1) })
		j.answered = time.Since(start)
		j.result <- err
	}()
	return j
}

func (j *job) want(t *testing.T, err error, after time.Duration, ran bool, finally int32) {
	t.Helper()
	select {
	case got := <-j.result:
		if !errors.Is(got, err) || j.answered != after || j.ran.Load() != ran || j.finally.Load() != finally {
			t.Errorf("%v after %v, ran %v, finally %d; want %v after %v, ran %v, finally %d",
				got, j.answered, j.ran.Load(), j.finally.Load(), err, after, ran, finally)
		}
	default:
		t.Errorf("no answer, want %v", err)
	}
}

func (j *job) waits(t *testing.T) {
	t.Helper()
	synctest.Wait()
	if len(j.result) != 0 || j.ran.Load() || j.finally.Load() != 0 {
		t.Errorf("does not wait: answered %d, ran %v, finally %d", len(j.result), j.ran.Load(), j.finally.Load())
	}
}

func empty(t *testing.T, s *slots) {
	t.Helper()
	synctest.Wait()
	if s.all != 0 || len(s.byUID) != 0 || len(s.byTarget) != 0 || len(s.stuck) != 0 || !s.idle() {
		t.Errorf("slots are left: %d, %v, %v", s.all, s.byUID, s.byTarget)
	}
}

func TestSlotResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, failure := newSlots(testBounds, false), errors.New("as it is")
		for _, want := range []error{nil, failure} {
			j := launch(s, holder{1, 42})
			synctest.Wait()
			if s.all != 1 || s.byUID[1] != 1 || s.byTarget[42] != 1 {
				t.Errorf("not counted: %d, %v, %v", s.all, s.byUID, s.byTarget)
			}
			j.end <- want
			synctest.Wait()
			j.want(t, want, 0, true, 1)
			empty(t, s)
		}
	})
}

// TestSlotLimits: each bound, and that it is no other's.
func TestSlotLimits(t *testing.T) {
	for name, test := range map[string]struct {
		limit  int
		who    func(i int) holder
		beside holder
		free   bool // what is beside still gets one
	}{
		"a target's": {testBounds.target, func(i int) holder { return holder{uint32(i), 42} }, holder{0, 43}, true},
		"a user's":   {testBounds.uid, func(i int) holder { return holder{1, i} }, holder{2, 1000}, true},
		"all":        {testBounds.all, func(i int) holder { return holder{uint32(i), 100 + i} }, holder{1000, 1000}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSlots(testBounds, false)
				var jobs []*job
				for i := range test.limit {
					jobs = append(jobs, launch(s, test.who(i)))
				}
				synctest.Wait()
				for i, j := range jobs {
					if !j.ran.Load() {
						t.Fatalf("%d of %d does not run", i, test.limit)
					}
				}
				waiting := launch(s, test.who(0))
				waiting.waits(t)
				beside := launch(s, test.beside)
				if test.free {
					beside.end <- nil
					synctest.Wait()
					beside.want(t, nil, 0, true, 1)
				} else {
					beside.waits(t)
					beside.end <- nil
				}
				jobs[0].end <- nil // its place is the next one's
				waiting.end <- nil
				synctest.Wait()
				waiting.want(t, nil, 0, true, 1)
				for _, j := range jobs[1:] {
					j.end <- nil
				}
				empty(t, s)
			})
		})
	}
}

// TestSlotBusy: who waits for a slot as long as it may has not run.
func TestSlotBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(testBounds, false)
		a, b := launch(s, holder{1, 42}), launch(s, holder{1, 42})
		synctest.Wait()
		waiting := launch(s, holder{1, 42})
		waiting.waits(t)
		time.Sleep(deadline)
		synctest.Wait()
		waiting.want(t, errBusy, deadline, false, 1)
		a.end <- nil
		b.end <- nil
		empty(t, s)
	})
}

// TestSlotStuck: a call that outlives its deadline keeps its slot and what it
// uses until it really ends.
func TestSlotStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(testBounds, false)
		a, b := launch(s, holder{1, 42}), launch(s, holder{2, 42})
		time.Sleep(deadline)
		synctest.Wait()
		a.want(t, errDeadline, deadline, true, 0)
		b.want(t, errDeadline, deadline, true, 0)
		if !a.gaveUp.Load() {
			t.Error("the call is not told that nobody waits")
		}
		time.Sleep(time.Hour)
		if s.all != 2 || s.byTarget[42] != 2 || s.idle() {
			t.Errorf("slots given back: %d, %v", s.all, s.byTarget)
		}
		third := launch(s, holder{3, 42})
		third.waits(t)
		a.end <- errors.New("too late")
		synctest.Wait()
		if a.finally.Load() != 1 || !third.ran.Load() {
			t.Errorf("finally %d, the next one runs: %v", a.finally.Load(), third.ran.Load())
		}
		b.end <- nil
		third.end <- nil
		synctest.Wait()
		third.want(t, nil, 0, true, 1)
		empty(t, s)
	})
}

// TestSlotCanceled: a caller that was interrupted gets what comes soon after.
func TestSlotCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(testBounds, false)
		soon, late := launch(s, holder{1, 1}), launch(s, holder{1, 2})
		close(soon.cancel)
		close(late.cancel)
		time.Sleep(grace / 2)
		soon.end <- nil
		synctest.Wait()
		soon.want(t, nil, grace/2, true, 1)
		time.Sleep(grace - grace/2)
		synctest.Wait()
		late.want(t, context.Canceled, grace, true, 0)
		if s.all != 1 {
			t.Errorf("%d slots, want the late one's", s.all)
		}
		late.end <- nil
		empty(t, s)
		if late.finally.Load() != 1 {
			t.Errorf("finally %d", late.finally.Load())
		}
	})
}

func TestSlotCanceledInQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(testBounds, false)
		a, b := launch(s, holder{1, 42}), launch(s, holder{1, 42})
		synctest.Wait()
		waiting := launch(s, holder{1, 42})
		waiting.waits(t)
		close(waiting.cancel) // by any signal: it waits some time longer
		waiting.waits(t)
		time.Sleep(grace)
		synctest.Wait()
		waiting.want(t, context.Canceled, grace, false, 1)
		served := launch(s, holder{1, 42})
		served.waits(t)
		close(served.cancel)
		served.waits(t)
		a.end <- nil
		served.end <- nil
		synctest.Wait()
		served.want(t, nil, 0, true, 1)
		b.end <- nil
		empty(t, s)
	})
}

// TestSlotPanic: one bad text does not end the mount.
func TestSlotPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, finally := newSlots(testBounds, false), 0
		err := s.run(nil, holder{1, 42}, deadline, func(context.Context) error { panic("a bad text") }, func(bool) { finally++ })
		synctest.Wait()
		if !errors.Is(err, errPanic) || finally != 1 {
			t.Errorf("%v, finally %d", err, finally)
		}
		empty(t, s)
	})
}

// TestSlotBreaker: once a call has outlived its deadline, others of its process
// fail at once, and nobody else's, until it has ended.
func TestSlotBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(testBounds, true)
		stuck := launch(s, holder{1, 42})
		time.Sleep(deadline)
		synctest.Wait()
		stuck.want(t, errDeadline, deadline, true, 0)
		refused, beside := launch(s, holder{2, 42}), launch(s, holder{1, 43})
		beside.end <- nil
		synctest.Wait()
		refused.want(t, errDeadline, 0, false, 1)
		beside.want(t, nil, 0, true, 1)
		stuck.end <- nil
		synctest.Wait()
		again := launch(s, holder{2, 42})
		again.end <- nil
		synctest.Wait()
		again.want(t, nil, 0, true, 1)
		empty(t, s)
	})
}

// TestSlotLeft: what nobody waited for is told so, and nothing else is.
func TestSlotLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(testBounds, false)
		for _, test := range []struct {
			takes time.Duration
			left  bool
		}{{0, false}, {deadline / 2, false}, {2 * deadline, true}} {
			var told []bool
			s.run(nil, holder{1, 42}, deadline, func(context.Context) error {
				time.Sleep(test.takes)
				return nil
			}, func(left bool) { told = append(told, left) })
			time.Sleep(2 * deadline)
			synctest.Wait()
			if len(told) != 1 || told[0] != test.left {
				t.Errorf("after %v: %v, want %v", test.takes, told, test.left)
			}
		}
		empty(t, s)
	})
}
