package fs

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What does not block is answered in place, one after the other.
func TestLoopInPlace(t *testing.T) {
	withLoop(t, func(k *kernel) {
		for u := uint64(2); u < 20; u += 2 {
			k.send(u, opGetAttr, nodeOf(42, "status"))
			k.want(u, 0, 0)
		}
	})
}

// A request that blocks where it should not costs its worker the reading, for
// two ticks at the most, and is refused at its deadline. Until it has ended,
// others of its process are refused at once, and nobody else's.
func TestLoopDeposed(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.blocks(2)
		k.send(2, opGetAttr, nodeOf(42, "status"))
		k.send(4, opGetAttr, nodeOf(43, "status"))
		k.want(4, 0, 0)
		k.send(6, opGetAttr, nodeOf(42, "status")) // not stuck yet
		k.want(6, 0, 0)
		k.waits(2)
		k.until(deadline + settled)
		k.want(2, unix.ETIMEDOUT, deadline)
		now := time.Since(k.begin)
		for u, node := range map[uint64]id{8: nodeOf(42, "status"), 10: nodeOf(42, "map")} {
			k.send(u, opReadlink, node)
			k.want(u, unix.ETIMEDOUT, now)
		}
		k.send(12, opGetAttr, nodeOf(44, "status"))
		k.want(12, 0, now)
		k.lets(2)
		k.send(14, opGetAttr, nodeOf(42, "status"))
		k.want(14, 0, now)
		k.want(2, unix.ETIMEDOUT, deadline) // once
	})
}

// Many that block at once, one after the other: each costs the next one two
// ticks, and no more.
func TestLoopDeposedOften(t *testing.T) {
	withLoop(t, func(k *kernel) {
		for u := uint64(2); u <= 20; u += 2 {
			k.blocks(u)
			k.send(u, opGetAttr, nodeOf(int(u), "status"))
		}
		k.send(22, opGetAttr, nodeOf(1, "status"))
		k.want(22, 0, 0)
		if got := time.Since(k.begin); got > 10*3*tick+settled {
			t.Errorf("after %v", got)
		}
		for u := uint64(2); u <= 20; u += 2 {
			k.lets(u)
			k.want(u, 0, 0)
		}
	})
}

// What may block is never in anybody's way, and two of a process at a time;
// who waits for a slot as long as it may is told so.
func TestLoopApart(t *testing.T) {
	withLoop(t, func(k *kernel) {
		for u := uint64(2); u <= 6; u += 2 {
			k.blocks(u)
			k.send(u, opReadlink, nodeOf(42, "file"))
		}
		k.send(10, opRead, nodeOf(43, "cmdline"))
		k.want(10, 0, 0)
		k.lets(2)
		k.want(2, 0, 0)
		k.until(deadline + settled)
		k.want(4, unix.ETIMEDOUT, deadline)
		k.want(6, unix.ETIMEDOUT, deadline) // it had the first one's slot
		now := time.Since(k.begin)
		k.send(16, opReadlink, nodeOf(42, "file"))
		k.send(18, opGetAttr, nodeOf(42, "status"))
		k.until(now + deadline + settled)
		k.want(16, unix.EBUSY, now+deadline)
		k.want(18, 0, now) // its other nodes are there
		k.lets(4)
		k.lets(6)
	})
}

func TestLoopBusy(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.loop.fs.slots = newSlots(bounds{all: 64, uid: 16, target: 1})
		k.blocks(2)
		k.send(2, opReadlink, nodeOf(42, "file"))
		k.until(deadline / 2)
		k.send(4, opReadlink, nodeOf(42, "file"))
		k.until(deadline * 3 / 4)
		k.lets(2) // in time
		k.want(4, 0, deadline*3/4)
		k.blocks(6)
		k.blocks(8)
		k.send(6, opReadlink, nodeOf(43, "file"))
		k.send(8, opReadlink, nodeOf(43, "file"))
		k.until(2*deadline + deadline/2)
		k.want(6, unix.ETIMEDOUT, deadline*3/4+deadline)
		k.want(8, unix.EBUSY, deadline*3/4+deadline)
		k.lets(6)
	})
}

// A caller that was interrupted gets what comes soon after, and EINTR later.
func TestLoopInterrupted(t *testing.T) {
	withLoop(t, func(k *kernel) {
		for u := uint64(2); u <= 6; u += 2 {
			k.blocks(u)
		}
		k.send(2, opReadlink, nodeOf(42, "file"))
		k.send(4, opReadlink, nodeOf(43, "file"))
		k.send(6, opGetAttr, nodeOf(44, "status"))
		for u := uint64(2); u <= 8; u += 2 { // there is no 8
			k.interrupt(u)
			k.interrupt(u)
		}
		k.until(grace / 2)
		k.lets(2)
		k.want(2, 0, grace/2)
		k.waits(4, 6, 8)
		k.until(grace + 2*settled)
		k.want(4, unix.EINTR, grace)
		k.want(6, unix.EINTR, grace)
		k.lets(4)
		k.lets(6)
		k.waits(3, 5, 7, 9) // an interrupt is not answered itself
	})
}

// What an open that was refused has opened is closed.
func TestLoopLateOpen(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.blocks(2)
		k.blocks(4)
		k.send(2, opOpen, nodeOf(42, "map"))
		k.send(4, opOpen, nodeOf(43, "status"))
		k.send(6, opOpen, nodeOf(44, "status"))
		k.until(deadline + settled)
		k.want(2, unix.ETIMEDOUT, deadline)
		k.want(4, unix.ETIMEDOUT, deadline)
		k.lets(2)
		k.lets(4)
		r := k.loop.fs.handles
		if len(r.open) != 1 || r.count.used != 1 {
			t.Errorf("%d open, %d counted; want that of the third", len(r.open), r.count.used)
		}
		r.closeAll()
	})
}

// A long write keeps its buffer while others read.
func TestLoopLongRequest(t *testing.T) {
	withLoop(t, func(k *kernel) {
		long := slices.Repeat([]byte{7}, maxTransfer)
		for u := uint64(2); u <= 4; u += 2 {
			k.blocks(u)
			k.send(u, opWrite, nodeOf(int(u), "mem"), long...)
		}
		k.send(6, opWrite, nodeOf(44, "mem"), make([]byte, maxTransfer)...)
		k.want(6, 0, 0)
		k.lets(2)
		k.lets(4)
		k.want(2, 0, 0)
		k.want(4, 0, 0)
	})
}

// What is under way at the device's end is waited for, but not for ever.
func TestLoopEnd(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.blocks(2)
		k.blocks(4)
		k.send(2, opReadlink, nodeOf(42, "file"))
		k.send(4, opGetAttr, nodeOf(43, "status"))
		k.send(6, opGetAttr, nodeOf(44, "status"))
		time.AfterFunc(grace/2, func() {
			close(k.ends[2])
			close(k.ends[4])
		})
	})
}

// Nobody looks while there is nothing to look at, and no more workers wait than
// may.
func TestLoopRests(t *testing.T) {
	withLoop(t, func(k *kernel) {
		for u := uint64(2); u <= 40; u += 2 {
			k.blocks(u)
			k.send(u, opReadlink, nodeOf(int(u), "file"))
			if u <= 20 {
				k.lets(u)
			}
		}
		for u := uint64(22); u <= 40; u += 2 {
			k.lets(u)
		}
		k.until(10 * restless * tick)
		if n := k.loop.idle.Load(); n > maxIdle || !k.loop.watch.resting.Load() {
			t.Errorf("%d workers wait; resting: %v", n, k.loop.watch.resting.Load())
		}
		k.blocks(42)
		k.send(42, opGetAttr, nodeOf(1, "status"))
		k.send(44, opGetAttr, nodeOf(2, "status"))
		k.want(44, 0, time.Since(k.begin)-3*tick)
		k.lets(42)
	})
}
