package fs

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSpans: every time lies in one span, whose end is an eighth to a quarter
// beyond it at most, and the spans follow each other.
func TestSpans(t *testing.T) {
	last := -1
	for d := time.Duration(0); d < time.Hour; d += d/50 + 1 {
		i := spanOf(d)
		if i < last || i > last+1 && d > 8 {
			t.Errorf("%v is in span %d, after %d", d, i, last)
		}
		last = i
		if end := spanEnd(i); d < 30*time.Minute && (end < d || end > d+d/4+4) {
			t.Errorf("%v is in span %d, which ends at %v", d, i, end)
		}
	}
	if last != spans-1 {
		t.Errorf("an hour is in span %d of %d", last, spans)
	}
}

func TestQuantile(t *testing.T) {
	var c counters
	for i := range 1000 {
		c.answered(opRead, time.Now().Add(-time.Duration(i+1)*time.Millisecond), 0)
	}
	k := c.kind(opRead)
	for part, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := k.quantile(part); got < want || got > want*5/4 {
			t.Errorf("%v of all: %v, want %v", part, got, want)
		}
	}
	if got := new(kindCounter).quantile(0.99); got != 0 {
		t.Errorf("of none: %v", got)
	}
}

// TestUnknownCounts: what neither an opcode nor an errno is has a place too.
func TestUnknownCounts(t *testing.T) {
	var c counters
	for _, opcode := range []uint32{0, 7, 4096, ^uint32(0)} {
		for _, status := range []int32{0, -1, -133, -134, -1 << 31, 5} {
			c.answered(opcode, time.Now(), status)
		}
	}
	all := c.requests()
	if len(all) != 2 || all[0].Kind != "other" || all[0].Count != 18 || all[0].Failed != 15 || all[1].Count != 6 {
		t.Errorf("%+v", all)
	}
	if got := c.refusals(); got["EPERM"] != 4 || got["0"] != 12 || len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestLoopCounts: each request is counted once, with the answer that its caller
// got, however late another came, and with the time that it took.
func TestLoopCounts(t *testing.T) {
	withLoop(t, func(k *kernel) {
		k.send(2, opGetAttr, nodeOf(42, "status"))
		k.send(4, opGetAttr, nodeOf(42, "status"))
		k.blocks(6)
		k.send(6, opReadlink, nodeOf(43, "file")) // refused, and comes back
		k.blocks(8)
		k.send(8, opReadlink, nodeOf(43, "file"))
		k.send(10, opReadlink, nodeOf(43, "file")) // finds no slot
		if got := k.loop.watch.waiting(); got != 1 {
			t.Errorf("%d wait", got)
		}
		if got := k.loop.fs.slots.level(); got.Used != 2 || got.Stuck != 0 || got.Limit != 64 {
			t.Errorf("%+v", got)
		}
		k.interrupt(8)
		k.until(deadline + settled)
		if got := k.loop.fs.slots.level(); got.Used != 2 || got.Stuck != 2 {
			t.Errorf("%+v", got)
		}
		k.lets(6)
		k.lets(8)
		k.send(12, opForget, id{})
		counted(t, &k.loop.fs.counters)
	})
}

func counted(t *testing.T, c *counters) {
	t.Helper()
	want := map[string][2]uint64{"GETATTR": {2, 0}, "READLINK": {3, 3}, "INTERRUPT": {1, 0}, "FORGET": {1, 0}}
	for _, r := range c.requests() {
		if [2]uint64{r.Count, r.Failed} != want[r.Kind] {
			t.Errorf("%+v, want %v", r, want[r.Kind])
		}
		if r.Kind == "READLINK" && (r.Max < deadline.Seconds() || r.Max > (deadline+settled).Seconds() || r.P50 > r.P99 || r.P99 > r.Max) {
			t.Errorf("%+v, want %v", r, deadline)
		}
		delete(want, r.Kind)
	}
	for kind := range want {
		t.Errorf("no %s", kind)
	}
	refusals := c.refusals()
	for _, e := range []unix.Errno{unix.ETIMEDOUT, unix.EINTR, unix.EBUSY} {
		if refusals[unix.ErrnoName(e)] != 1 {
			t.Errorf("%v: %v", e, refusals)
		}
	}
}
