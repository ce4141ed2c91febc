package fs

import (
	"math/bits"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// counters tell what the mount was asked since it began, and how it answered.
// They name nobody: no caller, no target.
type counters struct {
	kinds  [len(opNames)]kindCounter // by opcode; those we do not know are 0
	errnos [maxErrno]atomic.Uint64   // of refusals
}

// maxErrno is beyond every errno of Linux.
const maxErrno = 134

// kindCounter counts the requests of one opcode.
type kindCounter struct {
	count  atomic.Uint64
	failed atomic.Uint64
	total  atomic.Int64 // nanoseconds
	worst  atomic.Int64
	took   [spans]atomic.Uint64
}

// Spans divide time: four to each doubling of a nanosecond, so that a quantile
// is known to an eighth. The last one ends beyond any deadline.
const (
	spanBits = 2
	spans    = 40 << spanBits
)

func spanOf(d time.Duration) int {
	n := uint64(max(d, 1<<spanBits))
	doubling := bits.Len64(n) - 1 - spanBits
	return min(doubling<<spanBits+int(n>>doubling), spans-1)
}

// spanEnd is the longest time of a span.
func spanEnd(i int) time.Duration {
	doubling := max(i>>spanBits-1, 0)
	return time.Duration((i-doubling<<spanBits+1)<<doubling - 1)
}

// answered counts one request, which was taken at start.
func (c *counters) answered(opcode uint32, start time.Time, status int32) {
	took := time.Since(start)
	k := c.kind(opcode)
	k.count.Add(1)
	k.total.Add(int64(took))
	k.took[spanOf(took)].Add(1)
	for worst := k.worst.Load(); int64(took) > worst && !k.worst.CompareAndSwap(worst, int64(took)); {
		worst = k.worst.Load()
	}
	if status != 0 {
		k.failed.Add(1)
		c.errnos[knownErrno(-status)].Add(1)
	}
}

// knownErrno is 0 for what is none.
func knownErrno(n int32) int32 {
	if n < 0 || n >= maxErrno {
		return 0
	}
	return n
}

func (c *counters) kind(opcode uint32) *kindCounter {
	if opcode >= uint32(len(c.kinds)) {
		opcode = 0
	}
	return &c.kinds[opcode]
}

// quantile is the time within which so much of all were answered.
func (k *kindCounter) quantile(part float64) time.Duration {
	var took [spans]uint64
	var all uint64
	for i := range k.took {
		took[i] = k.took[i].Load()
		all += took[i]
	}
	worst, sum := time.Duration(k.worst.Load()), uint64(0)
	for i, n := range took {
		if sum += n; float64(sum) >= part*float64(all) {
			return min(spanEnd(i), worst)
		}
	}
	return worst
}

// requests lists what there has been of each kind.
func (c *counters) requests() (list []RequestStats) {
	for opcode := range c.kinds {
		k := &c.kinds[opcode]
		n := k.count.Load()
		if n == 0 {
			continue
		}
		list = append(list, RequestStats{
			Kind: opNames[opcode], Count: n, Failed: k.failed.Load(),
			Mean: seconds(time.Duration(k.total.Load()) / time.Duration(n)),
			P50:  seconds(k.quantile(0.5)), P99: seconds(k.quantile(0.99)), Max: seconds(time.Duration(k.worst.Load())),
		})
	}
	return list
}

// refusals are how many requests got which error.
func (c *counters) refusals() map[string]uint64 {
	all := map[string]uint64{}
	for errno := range c.errnos {
		if n := c.errnos[errno].Load(); n > 0 {
			all[errnoName(errno)] += n
		}
	}
	return all
}

func errnoName(n int) string {
	if name := unix.ErrnoName(unix.Errno(n)); name != "" {
		return name
	}
	return strconv.Itoa(n)
}

func seconds(d time.Duration) float64 { return d.Seconds() }

// statusOf is what a reply says; a request that needs none has not failed.
func statusOf(reply []byte) int32 {
	if len(reply) < headerOutSize {
		return 0
	}
	return (*fuse.OutHeader)(unsafe.Pointer(&reply[0])).Status
}
