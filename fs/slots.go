package fs

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// What may block is done in a slot, so that many cannot hold all of the
// daemon's threads. A slot stays taken until the call in it really ends.
const glanceDeadline = time.Second // for one process of a listing

// bounds of slots: in all, for a uid, for a process.
type bounds struct{ all, uid, target int }

// holder is who a slot is counted against.
type holder struct {
	uid uint32
	pid int
}

type slots struct {
	bounds  bounds
	breaker bool // once a call has outlived its deadline, others of its process fail at once

	mu       sync.Mutex
	all      int
	taken    atomic.Int32 // the same, for a look without the lock
	byUID    map[uint32]int
	byTarget map[int]int
	stuck    map[int]int
	freed    chan struct{} // closed, and made anew, when a slot is given back
}

func newSlots(b bounds, breaker bool) *slots {
	return &slots{
		bounds: b, breaker: breaker, freed: make(chan struct{}),
		byUID: make(map[uint32]int), byTarget: make(map[int]int), stuck: make(map[int]int),
	}
}

// The fates of a call: exactly one of its worker and its waiter decides.
const (
	pending = iota
	finished
	abandoned
)

// run calls fn in a slot and waits for it. When it gives up first, the error
// says why; fn's context ends then, and what fn writes must not be looked at.
// finally is called once, when fn has ended or will not run; left tells it that
// nobody waited for what fn made.
func (s *slots) run(cancel <-chan struct{}, who holder, limit time.Duration, fn func(context.Context) error, finally func(left bool)) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	if err := s.acquireWithin(cancel, timer.C, who); err != nil {
		finally(false)
		return err
	}
	ctx, abandon := context.WithCancel(context.Background())
	defer abandon()
	result := make(chan error, 1)
	var fate atomic.Int32
	go func() {
		defer s.release(who)
		err := guarded(ctx, fn)
		left := !fate.CompareAndSwap(pending, finished)
		finally(left)
		if left {
			s.unstick(who)
		}
		result <- err
	}()
	err, came := await(cancel, timer.C, result)
	if came {
		return err
	}
	if !fate.CompareAndSwap(pending, abandoned) {
		return <-result // it came after all
	}
	s.stick(who)
	if err == errLeft {
		return context.Canceled
	}
	return err
}

// await gives up at the deadline, or some time after the caller was
// interrupted: the kernel interrupts for every signal, and a call that only
// takes its time should not fail for one. came says that err is the result.
func await(cancel <-chan struct{}, limit <-chan time.Time, result <-chan error) (err error, came bool) {
	select {
	case err := <-result:
		return err, true
	case <-limit:
		return errDeadline, false
	case <-cancel:
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case err := <-result:
		return err, true
	case <-patience.C:
		return errLeft, false
	}
}

// guarded turns a panic into an error: on a goroutine of its own nobody else
// would catch it, and one bad text must not end everybody's mount.
func guarded(ctx context.Context, fn func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	return fn(ctx)
}

func (s *slots) acquireWithin(cancel <-chan struct{}, limit <-chan time.Time, who holder) error {
	var patience <-chan time.Time // runs once the caller is interrupted
	for {
		freed, err := s.try(who)
		if freed == nil {
			return err
		}
		select {
		case <-freed:
		case <-limit:
			return errBusy
		case <-patience:
			return context.Canceled
		case <-cancel:
			cancel, patience = nil, time.After(grace)
		}
	}
}

// enter takes a slot, beyond the bounds if need be: for what has begun already.
func (s *slots) enter(who holder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(who, 1)
}

// free reports whether there is a slot, which it does not take. Mostly all are.
func (s *slots) free(who holder) bool {
	if s.taken.Load() == 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck[who.pid] == 0 && s.room(who)
}

// isStuck reports whether something of the process has outlived its deadline
// and not come back yet.
func (s *slots) isStuck(pid int) bool {
	if s.taken.Load() == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck[pid] > 0
}

func (s *slots) room(who holder) bool {
	return s.all < s.bounds.all && s.byUID[who.uid] < s.bounds.uid && s.byTarget[who.pid] < s.bounds.target
}

// try takes a slot, or gives what to wait for; a process that is stuck is not
// waited for.
func (s *slots) try(who holder) (wait <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.breaker && s.stuck[who.pid] > 0 {
		return nil, errDeadline
	}
	if !s.room(who) {
		return s.freed, nil
	}
	s.add(who, 1)
	return nil, nil
}

func (s *slots) release(who holder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(who, -1)
	close(s.freed)
	s.freed = make(chan struct{})
}

// stick and unstick count the calls that nobody waits for any more.
func (s *slots) stick(who holder) { s.mark(who, 1) }

func (s *slots) unstick(who holder) { s.mark(who, -1) }

func (s *slots) mark(who holder, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count(s.stuck, who.pid, n)
}

func (s *slots) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all == 0
}

func (s *slots) add(who holder, n int) {
	s.all += n
	s.taken.Add(int32(n))
	count(s.byUID, who.uid, n)
	count(s.byTarget, who.pid, n)
}

// count keeps no entry for zero, so the map holds only what is in use.
func count[K comparable](m map[K]int, k K, n int) {
	if m[k] += n; m[k] == 0 {
		delete(m, k)
	}
}

// acquire waits for a slot until done.
func (s *slots) acquire(done <-chan struct{}, who holder) error {
	for {
		freed, err := s.try(who)
		if freed == nil {
			return err
		}
		select {
		case <-freed:
		case <-done:
			return errBusy
		}
	}
}
