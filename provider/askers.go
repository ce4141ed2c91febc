package provider

import "sync"

// askers are the threads that wait for a Tracer's answer. None of them can stop
// before it has got it, so none is worth waiting for: two that ask for each
// other would wait out the time for both.
type askers struct {
	mu    sync.Mutex
	count map[int]int // by thread
}

// enter counts who asks in, and gives what counts him out.
func (a *askers) enter(who *Caller) (leave func()) {
	if who == nil || who.tid <= 0 {
		return func() {}
	}
	tid := who.tid
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count == nil {
		a.count = make(map[int]int)
	}
	a.count[tid]++
	return func() { a.leave(tid) }
}

func (a *askers) leave(tid int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count[tid]--; a.count[tid] == 0 {
		delete(a.count, tid)
	}
}

func (a *askers) waits(tid int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count[tid] > 0
}
