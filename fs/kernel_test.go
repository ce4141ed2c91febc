package fs

import (
	"encoding/binary"
	"log/slog"
	"os"
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
