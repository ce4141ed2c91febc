package fs

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// What may block on a stuck target runs on a goroutine of its own, in a slot,
// and its caller waits no longer than the deadline. A slot stays taken until
// the call really ends, so a stuck target costs so many threads and no more.
const (
	deadline       = 2 * time.Second
	grace          = 500 * time.Millisecond
	slotsInAll     = 64
	slotsPerUID    = 16
	slotsPerTarget = 2
)

// holder is who a slot is counted against.
type holder struct {
	uid uint32
	pid int
}

type slots struct {
	mu       sync.Mutex
	all      int
	byUID    map[uint32]int
	byTarget map[int]int
	freed    chan struct{} // closed, and made anew, when a slot is given back
}

func newSlots() *slots {
	return &slots{byUID: make(map[uint32]int), byTarget: make(map[int]int), freed: make(chan struct{})}
}

// run calls fn in a slot and waits for it. When it gives up first, the error
// says why; fn's context ends then, and what fn writes must not be looked at.
// finally is called once, when fn has ended or will not run.
func (s *slots) run(cancel <-chan struct{}, who holder, fn func(context.Context) error, finally func()) error {
	limit := time.NewTimer(deadline)
	defer limit.Stop()
	if err := s.acquire(cancel, limit.C, who); err != nil {
		finally()
		return err
	}
	ctx, abandon := context.WithCancel(context.Background())
	defer abandon()
	result := make(chan error, 1)
	go func() {
		defer s.release(who)
		defer finally()
		result <- guarded(ctx, fn)
	}()
	return await(cancel, limit.C, result)
}

// await gives up at the deadline, or some time after the caller was
// interrupted: the kernel interrupts for every signal, and a call that only
// takes its time should not fail for one.
func await(cancel <-chan struct{}, limit <-chan time.Time, result <-chan error) error {
	select {
	case err := <-result:
		return err
	case <-limit:
		return errDeadline
	case <-cancel:
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case err := <-result:
		return err
	case <-patience.C:
		return context.Canceled
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

func (s *slots) acquire(cancel <-chan struct{}, limit <-chan time.Time, who holder) error {
	for {
		freed := s.try(who)
		if freed == nil {
			return nil
		}
		select {
		case <-freed:
		case <-limit:
			return errBusy
		case <-cancel:
			return context.Canceled
		}
	}
}

// try takes a slot, or gives what to wait for.
func (s *slots) try(who holder) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= slotsInAll || s.byUID[who.uid] >= slotsPerUID || s.byTarget[who.pid] >= slotsPerTarget {
		return s.freed
	}
	s.add(who, 1)
	return nil
}

func (s *slots) release(who holder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(who, -1)
	close(s.freed)
	s.freed = make(chan struct{})
}

func (s *slots) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all == 0
}

func (s *slots) add(who holder, n int) {
	s.all += n
	count(s.byUID, who.uid, n)
	count(s.byTarget, who.pid, n)
}

// count keeps no entry for zero, so the map holds only what is in use.
func count[K comparable](m map[K]int, k K, n int) {
	if m[k] += n; m[k] == 0 {
		delete(m, k)
	}
}
