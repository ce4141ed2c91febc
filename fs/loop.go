package fs

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// loop answers the requests of one device. One worker at a time reads: the
// leader. It answers in place what does not block, for that costs no switch
// between threads; before it begins with what may, it hands the reading on. If
// something blocks that should not, the watch takes the reading from it.
type loop struct {
	device io.ReadWriter // one request, one reply at a time
	server handler
	fs     *raw
	log    *slog.Logger
	watch  *watch

	buf     []byte        // the leader's; a request is as long as a write
	lead    chan struct{} // lets an idle worker read
	idle    atomic.Int32
	workers sync.Pool // of *worker, beyond the idle ones
	ended   chan struct{}
}

// handler is go-fuse's: it parses a request, has it answered, and writes the
// reply.
type handler interface {
	HandleRequest(in, out [][]byte) (int, fuse.Status)
}

const (
	maxIdle     = 4
	maxRequest  = maxTransfer + 4096
	smallestOut = 8 << 10
	keptOut     = 256 << 10 // a longer reply's buffer goes with its worker
)

func newLoop(device io.ReadWriter, server handler, r *raw) *loop {
	l := &loop{
		device: device, server: server, fs: r, log: r.log,
		buf: make([]byte, maxRequest), lead: make(chan struct{}), ended: make(chan struct{}),
	}
	l.watch = newWatch(l)
	r.watch = l.watch
	l.workers.New = func() any { return &worker{loop: l} }
	return l
}

// init answers the first request, in which the kernel says what it can.
func (l *loop) init() error {
	w := &worker{loop: l}
	n, more := l.next()
	if !more {
		return unix.ENODEV
	}
	if err := w.take(n); err != nil {
		return err
	}
	if h := w.header(); h.Opcode != opInit {
		return fmt.Errorf("the first request has opcode %d", h.Opcode)
	}
	reply := w.handle()
	w.send(reply)
	if status := (*fuse.OutHeader)(unsafe.Pointer(&reply[0])).Status; status != 0 {
		return unix.Errno(-status)
	}
	return nil
}

// asked is a request, as far as who counts and refuses must know it.
type asked struct {
	unique uint64
	opcode uint32
	since  time.Time
}

// run reads and answers until the device ends, and all that was under way with
// it, but for what is stuck.
func (l *loop) run() {
	go l.work()
	l.watch.run()
	l.fs.OnUnmount()
}

// handOn lets another worker read.
func (l *loop) handOn() {
	select {
	case l.lead <- struct{}{}:
	default:
		go l.work()
	}
}

// work is one worker's life: it reads until it may no longer, and waits for
// another turn unless enough do.
func (l *loop) work() {
	w := l.workers.Get().(*worker)
	for w.reads() && l.follow() {
	}
	if cap(w.out) > keptOut {
		w.out = nil
	}
	l.workers.Put(w)
}

func (l *loop) follow() bool {
	defer l.idle.Add(-1)
	if l.idle.Add(1) > maxIdle {
		return false
	}
	select {
	case <-l.lead:
		return true
	case <-l.ended:
		return false
	}
}

// next reads one request into the leader's buffer; false is the end.
func (l *loop) next() (n int, more bool) {
	for {
		n, err := l.device.Read(l.buf)
		switch {
		case err == nil && n >= headerSize:
			return n, true
		case err == nil || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
			continue // ENOENT: the caller was killed while we were reading
		case !errors.Is(err, unix.ENODEV):
			l.log.Error("cannot read requests", slog.Any("error", err))
		}
		close(l.ended)
		return 0, false
	}
}

// reply writes to the kernel. It does not want one any more where the caller
// was killed meanwhile, or the mount has ended.
func (l *loop) reply(b []byte) {
	if _, err := l.device.Write(b); err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENODEV) {
		l.log.Error("cannot reply", slog.Any("error", err))
	}
}

// refuse replies with an error.
func (l *loop) refuse(a asked, err error) {
	l.answer(a, refusal(a.unique, l.fs.nameStatus(err)))
}

// answer replies to what was asked, and counts it. Some want no reply.
func (l *loop) answer(a asked, reply []byte) {
	l.fs.counters.answered(a.opcode, a.since, statusOf(reply))
	if len(reply) > 0 {
		l.reply(reply)
	}
}

// deviceFile is /dev/fuse by its descriptor. The os package would ask for its
// readiness before each read.
type deviceFile int

func (fd deviceFile) Read(b []byte) (int, error)  { return unix.Read(int(fd), b) }
func (fd deviceFile) Write(b []byte) (int, error) { return unix.Write(int(fd), b) }
