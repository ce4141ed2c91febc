package fs

import (
	"encoding/binary"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// kernel is the other side of the device: it sends requests, and notes when
// each was answered and how. Time is synctest's, so that it can be asserted.
type kernel struct {
	t        *testing.T
	begin    time.Time
	requests chan []byte
	ended    chan struct{}

	mu      sync.Mutex
	replies map[uint64]answer
	ends    map[uint64]chan struct{} // lets a request that blocks be answered
	loop    *loop
}

type answer struct {
	status fuse.Status
	after  time.Duration
	times  int
}

func (k *kernel) Read(b []byte) (int, error) {
	select {
	case r := <-k.requests:
		return copy(b, r), nil
	case <-k.ended:
		return 0, unix.ENODEV
	}
}

func (k *kernel) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := (*fuse.OutHeader)(unsafe.Pointer(&b[0]))
	if int(h.Length) != len(b) {
		k.t.Errorf("a reply of %d bytes says %d", len(b), h.Length)
	}
	before := k.replies[h.Unique]
	k.replies[h.Unique] = answer{fuse.Status(-h.Status), time.Since(k.begin), before.times + 1}
	return len(b), nil
}

// HandleRequest stands for the file system: it waits where the request is to
// block, and succeeds.
func (k *kernel) HandleRequest(in, out [][]byte) (int, fuse.Status) {
	h := (*fuse.InHeader)(unsafe.Pointer(&in[0][0]))
	k.mu.Lock()
	end := k.ends[h.Unique]
	k.mu.Unlock()
	if end != nil {
		<-end
	}
	reply := out[0][:headerOutSize+24]
	*(*fuse.OutHeader)(unsafe.Pointer(&reply[0])) = fuse.OutHeader{Length: uint32(len(reply)), Unique: h.Unique}
	if h.Opcode == opOpen {
		handle := newHandle().begin(&nodes.Row{}, &nodes.Query{}, fuse.Owner{}, nodes.Access{})
		binary.NativeEndian.PutUint64(reply[headerOutSize:], k.loop.fs.handles.add(handle))
		k.loop.fs.handles.count.take(0, 1)
	}
	return len(reply), fuse.OK
}

// withLoop runs f on a loop whose device and file system are k, and wants
// nothing to be left of either.
func withLoop(t *testing.T, f func(k *kernel)) {
	synctest.Test(t, func(t *testing.T) {
		tree, err := nodes.Open(nodes.Options{GID: -1})
		if err != nil {
			t.Fatal(err)
		}
		k := &kernel{t: t, begin: time.Now(), requests: make(chan []byte), ended: make(chan struct{}),
			replies: map[uint64]answer{}, ends: map[uint64]chan struct{}{}}
		k.loop = newLoop(k, k, newRaw(tree, slog.New(slog.NewTextHandler(os.Stderr, nil))))
		over := make(chan struct{})
		go func() {
			k.loop.run()
			close(over)
		}()
		f(k)
		close(k.ended)
		<-over
		r := k.loop.fs
		if !r.idle() || len(r.handles.open) != 0 || r.handles.count.used != 0 || len(k.loop.watch.calls) != 0 {
			t.Errorf("left: slots %d, %d; %d handles; %d calls", r.requests.all, r.slots.all, len(r.handles.open), len(k.loop.watch.calls))
		}
	})
}

// send gives the kernel's request, with a body, to whoever reads, and gives it
// time to be answered.
func (k *kernel) send(unique uint64, op uint32, node id, body ...byte) {
	k.t.Helper()
	select {
	case k.requests <- request(unique, op, node, body...):
	case <-time.After(time.Second):
		k.t.Errorf("nobody reads request %d", unique)
	}
	synctest.Wait()
}

func request(unique uint64, op uint32, node id, body ...byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	*(*fuse.InHeader)(unsafe.Pointer(&b[0])) = fuse.InHeader{
		Length: uint32(len(b) + len(body)), Opcode: op, Unique: unique, NodeId: node.pack(),
		Caller: fuse.Caller{Owner: fuse.Owner{Uid: alice}, Pid: 7},
	}
	return append(b, body...)
}

func (k *kernel) blocks(unique uint64) { k.ends[unique] = make(chan struct{}) }

// lets a request that blocks go on.
func (k *kernel) lets(unique uint64) {
	close(k.ends[unique])
	synctest.Wait()
}

func (k *kernel) interrupt(unique uint64) {
	k.send(unique|1, opInterrupt, id{}, binary.NativeEndian.AppendUint64(nil, unique)...)
}

// want the request to be answered once, after so long but for two ticks.
func (k *kernel) want(unique uint64, status unix.Errno, after time.Duration) {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	got, ok := k.replies[unique]
	if !ok || got.status != fuse.Status(status) || got.times != 1 || got.after < after || got.after > after+restTick+3*tick {
		k.t.Errorf("request %d: %+v, want %v after %v", unique, got, status, after)
	}
}

func (k *kernel) waits(unique ...uint64) {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, u := range unique {
		if got, ok := k.replies[u]; ok {
			k.t.Errorf("request %d is answered: %+v", u, got)
		}
	}
}

// until lets time pass since the beginning.
func (k *kernel) until(d time.Duration) {
	time.Sleep(d - time.Since(k.begin))
	synctest.Wait()
}

func nodeOf(pid int, name string) id {
	return id{process: nodes.ID{PID: pid, Start: 1}, class: nodes.ByName(nodes.ProcessRows(), name).Class}
}

const settled = restTick + 3*tick // when the watch has surely looked

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
