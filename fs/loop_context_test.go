package fs

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"
)

// Who is refused and goes on has a context that has ended, and nobody else's:
// another request may be answered in place meanwhile.
func TestLoopContextOfRefused(t *testing.T) {
	withLoop(t, func(k *kernel) {
		w := k.loop.watch
		k.blocks(2)
		k.send(2, opRead, nodeOf(42, "map"))
		before := w.context(2)
		k.until(deadline + settled)
		k.want(2, unix.ETIMEDOUT, deadline)
		if c := w.context(2); c != before || c.Err() == nil {
			t.Errorf("context %v, before %v", c, before)
		}
		k.lets(2)
		if _, known := w.calls[2]; known {
			t.Error("an ended call is still known")
		}
	})
}

// countedReads is a device that counts when it is read.
type countedReads struct {
	*kernel
	reads atomic.Int32
}

func (c *countedReads) Read(b []byte) (int, error) {
	c.reads.Add(1)
	return c.kernel.Read(b)
}

// An interrupt can be the very next request, so nobody reads before the watch
// knows the call that it may be for.
func TestLoopKnownBeforeNextRead(t *testing.T) {
	withLoop(t, func(k *kernel) {
		synctest.Wait() // the first read is under way
		device := &countedReads{kernel: k}
		k.loop.device = device
		k.loop.watch.mu.Lock() // who makes a call known waits
		k.requests <- request(2, opRead, nodeOf(42, "map"))
		for range 10000 {
			runtime.Gosched()
		}
		early := device.reads.Load()
		k.loop.watch.mu.Unlock()
		if synctest.Wait(); early != 0 || device.reads.Load() != 1 {
			t.Errorf("%d reads before the call was known, then %d", early, device.reads.Load())
		}
		k.want(2, 0, 0)
	})
}
