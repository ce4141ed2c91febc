package fs

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Nothing that touches a process may hang its caller, or anybody else: the
// process may be stuck in the kernel, with its memory, its executable or its
// very stat. So the watch looks again and again. What is answered in place and
// takes too long costs its worker the reading; what has taken as long as it
// may, or whose caller was interrupted some time ago, is refused, and its
// result dropped when it comes. One goroutine watches all: a request that is
// quick costs two atomic operations, no timer.
const (
	deadline = 2 * time.Second        // for a request, and for the next sign that it gets on
	utmost   = 5 * deadline           // for one that gets on
	grace    = 500 * time.Millisecond // for one whose caller was interrupted

	tick     = time.Millisecond      // between looks at what is answered in place
	restTick = 20 * time.Millisecond // and at the rest, where that is all there is
	restless = 20                    // looks without a request before the next rest
)

type watch struct {
	loop *loop

	here    atomic.Pointer[call] // what the leader answers in place
	served  atomic.Uint64        // how many have been begun in place
	resting atomic.Bool
	wake    chan struct{}

	mu    sync.Mutex
	calls map[uint64]*call // all others that are under way, refused or not, by unique
}

func newWatch(l *loop) *watch {
	return &watch{loop: l, wake: make(chan struct{}, 1), calls: make(map[uint64]*call)}
}

// begin and end enclose what is answered in place; end reports whether the
// caller still leads.
func (w *watch) begin(c *call) {
	w.here.Store(c)
	w.served.Add(1)
	if w.resting.Load() {
		w.rouse()
	}
}

func (w *watch) end(c *call) bool { return w.here.CompareAndSwap(c, nil) }

func (w *watch) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// add makes a call known that is not answered in place.
func (w *watch) add(c *call) {
	w.mu.Lock()
	c.started = time.Now()
	w.calls[c.unique] = c
	w.mu.Unlock()
	if w.resting.Load() {
		w.rouse()
	}
}

// starts notes that a call has its slot.
func (w *watch) starts(c *call, s *slots) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.waits, c.slots = false, s
	if c.refused {
		s.stick(c.who)
	}
}

// finish ends a call that the watch knows, and reports whether its reply is
// still wanted.
func (w *watch) finish(c *call) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.calls, c.unique)
	if c.slots != nil {
		if c.refused {
			c.slots.unstick(c.who)
		}
		c.slots.release(c.who)
	}
	return !c.refused
}

// interrupt notes that a caller has had a signal. The kernel says so for every
// signal, and a call that only takes its time should not fail for one.
func (w *watch) interrupt(unique uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.calls[unique]; c != nil && c.interrupted.IsZero() {
		c.interrupted = time.Now()
	}
}

// run watches until the device has ended, and what was under way with it: but
// for what is stuck, which it refuses.
func (w *watch) run() {
	last, quiet := uint64(0), 0
	for !w.over() {
		served := w.served.Load()
		switch c := w.here.Load(); {
		case served != last:
			quiet = 0
		case c != nil:
			w.depose(c)
			quiet = 0
		default:
			quiet++
		}
		last = served
		w.carry(time.Now())
		w.refuse(func(c *call) error { return c.overdue(time.Now()) })
		w.pause(quiet >= restless)
	}
	w.refuse(func(*call) error { return errLeft })
	for end := time.Now().Add(grace); !w.loop.fs.idle() && time.Now().Before(end); {
		time.Sleep(tick)
	}
}

func (w *watch) over() bool {
	select {
	case <-w.loop.ended:
		return true
	default:
		return false
	}
}

// pause waits a tick, or where nothing has come for a while until something
// does.
func (w *watch) pause(rest bool) {
	if !rest {
		time.Sleep(tick)
		return
	}
	w.resting.Store(true)
	defer w.resting.Store(false)
	if w.here.Load() != nil { // it began before it could know that we rest
		return
	}
	var look <-chan time.Time
	if w.busy() {
		look = time.After(restTick)
	}
	select {
	case <-w.wake:
	case <-look:
	case <-w.loop.ended:
	}
}

// busy: is there one that may have to be refused?
func (w *watch) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if !c.refused {
			return true
		}
	}
	return false
}

// waiting is how many calls wait for a slot.
func (w *watch) waiting() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if c.waits && !c.refused {
			n++
		}
	}
	return n
}

// depose takes the reading from a leader that is not done with its request: the
// request goes on in a slot of its own, and another worker reads.
func (w *watch) depose(c *call) {
	w.mu.Lock()
	deposed := w.here.CompareAndSwap(c, nil)
	if deposed {
		c.started, c.slots = time.Now(), w.loop.fs.requests
		w.calls[c.unique] = c
		c.slots.enter(c.who)
	}
	w.mu.Unlock()
	if deposed {
		w.loop.handOn()
	}
}

// carry notes that who waits for a slot of a process of which something gets on
// gets on, too.
func (w *watch) carry(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ahead map[int]bool // by process
	for _, c := range w.calls {
		if c.slots != nil && !c.refused && c.getsOn(now) {
			if ahead == nil {
				ahead = make(map[int]bool)
			}
			ahead[c.who.pid] = true
		}
	}
	if ahead == nil {
		return
	}
	for _, c := range w.calls {
		if c.waits && ahead[c.who.pid] {
			c.progressed = now
		}
	}
}

// refuse answers, with an error, each call for which verdict gives one.
func (w *watch) refuse(verdict func(*call) error) {
	refused := map[asked]error{}
	w.mu.Lock()
	for _, c := range w.calls {
		if c.refused {
			continue
		}
		if err := verdict(c); err != nil {
			refused[c.asked] = err
			c.refuse()
		}
	}
	w.mu.Unlock()
	for a, err := range refused {
		w.loop.refuse(a, err)
	}
}

// context is that of a request under way. What is not known is answered in
// place, and by whoever asks; so who is refused must stay known, or it would be
// given another's, which is used again meanwhile.
func (w *watch) context(unique uint64) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.calls[unique]; c != nil {
		return c
	}
	if c := w.here.Load(); c != nil {
		return c
	}
	return context.Background() // INIT
}
