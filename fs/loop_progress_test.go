package fs

import (
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// progress tells that a request gets on, again and again until then.
func (k *kernel) progress(unique uint64, until time.Duration) {
	k.t.Helper()
	call, ok := k.loop.watch.context(unique).(nodes.Patient)
	if !ok {
		k.t.Fatalf("request %d cannot tell of its progress", unique)
	}
	for next := time.Since(k.begin); next <= until; next += deadline / 4 {
		k.until(next)
		if err := call.Progress(); err != nil {
			k.t.Errorf("request %d after %v: %v", unique, next, err)
		}
	}
}

// What gets on has more time, and so has who waits for its slot; nothing else
// has. What then no longer gets on is refused at its next deadline, and who waited
// has its own from there.
func TestLoopProgress(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.loop.fs.slots = newSlots(bounds{all: 64, uid: 16, target: 1})
		for u := uint64(2); u <= 8; u += 2 {
			k.blocks(u)
		}
		k.send(2, opRead, nodeOf(42, "map"))
		k.send(4, opReadlink, nodeOf(42, "file")) // waits for it
		k.send(6, opReadlink, nodeOf(43, "file"))
		k.send(8, opReadlink, nodeOf(43, "file")) // waits for that
		k.progress(2, 2*deadline)
		k.want(6, unix.ETIMEDOUT, deadline)
		k.want(8, unix.EBUSY, deadline)
		k.waits(2, 4)
		k.until(3*deadline + settled)
		k.want(2, unix.ETIMEDOUT, 3*deadline)
		k.waits(4)
		k.lets(2)
		k.until(5*deadline + 2*settled)
		if r := k.replies[4]; r.status != fuse.Status(unix.ETIMEDOUT) || r.after < 3*deadline || r.after > 5*deadline+2*settled {
			t.Errorf("who waited: %+v", r)
		}
		k.lets(4)
		k.lets(6)
	})
}

// However well it gets on, there is an end.
func TestLoopUtmost(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.loop.fs.slots = newSlots(bounds{all: 64, uid: 16, target: 1})
		k.blocks(2)
		k.blocks(4)
		k.send(2, opRead, nodeOf(42, "map"))
		k.send(4, opReadlink, nodeOf(42, "file"))
		k.progress(2, utmost-deadline/4)
		k.until(utmost + settled)
		k.want(2, unix.ETIMEDOUT, utmost)
		k.want(4, unix.EBUSY, utmost)
		k.lets(2)
	})
}
