package fs

import (
	"context"
	"time"
)

// call is a request that is being answered, and the context of who answers.
type call struct {
	asked
	watch *watch
	who   holder

	// Under the watch's lock, once the watch knows it:
	started     time.Time
	progressed  time.Time // it got on; zero: it has not said so
	interrupted time.Time // zero: not
	waits       bool      // for a slot
	slots       *slots    // whose slot it has
	refused     bool
	done        chan struct{} // closed when it is refused; made when asked for
}

// refuse marks a call as one whose result is not wanted any more. What has a
// slot keeps it until it really ends: a stuck process costs so many threads and
// no more.
func (c *call) refuse() {
	c.refused = true
	if c.done != nil {
		close(c.done)
	}
	if c.slots != nil {
		c.slots.stick(c.who)
	}
}

func (c *call) overdue(now time.Time) error {
	switch {
	case !c.interrupted.IsZero() && now.Sub(c.interrupted) >= grace:
		return errLeft
	case now.Sub(c.started) < deadline, c.getsOn(now) && now.Sub(c.started) < utmost:
		return nil
	case c.waits:
		return errBusy
	}
	return errDeadline
}

func (c *call) getsOn(now time.Time) bool { return now.Sub(c.progressed) < deadline }

// Progress is told by what is long and gets on; the error is Err's.
func (c *call) Progress() error {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	c.progressed = time.Now()
	return c.err()
}

// A call is done when nobody waits for its result.

func (c *call) Done() <-chan struct{} {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.refused {
			close(c.done)
		}
	}
	return c.done
}

func (c *call) Err() error {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	return c.err()
}

func (c *call) err() error {
	if c.refused {
		return context.Canceled
	}
	return nil
}

func (c *call) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *call) Value(any) any { return nil }
