package fs

import (
	"sync"
	"sync/atomic"
)

// What may block is done in a slot, so that many cannot hold all of the
// daemon's threads. A slot stays taken until the call in it really ends.

// bounds of slots: in all, for a uid, for a process.
type bounds struct{ all, uid, target int }

// holder is who a slot is counted against.
type holder struct {
	uid uint32
	pid int
}

type slots struct {
	bounds bounds

	mu       sync.Mutex
	all      int
	taken    atomic.Int32 // the same, for a look without the lock
	byUID    map[uint32]int
	byTarget map[int]int
	stuck    map[int]int
	freed    chan struct{} // closed, and made anew, when a slot is given back
}

func newSlots(b bounds) *slots {
	return &slots{
		bounds: b, freed: make(chan struct{}),
		byUID: make(map[uint32]int), byTarget: make(map[int]int), stuck: make(map[int]int),
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

// try takes a slot, or gives what to wait for.
func (s *slots) try(who holder) (wait <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.room(who) {
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
		freed := s.try(who)
		if freed == nil {
			return nil
		}
		select {
		case <-freed:
		case <-done:
			return errBusy
		}
	}
}
