package fs

import (
	"bytes"
	"time"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// worker is a goroutine that answers requests, with the buffers for one.
type worker struct {
	*loop
	in, out   []byte     // nobody else's until the request is answered, however late
	small     [4096]byte // nearly every request
	memory    lease      // of a long one
	asked     asked
	here      call // what is answered in place
	ins, outs [1][]byte
}

// reads answers requests as long as this worker is the leader; false means
// that there are no more.
func (w *worker) reads() bool {
	for {
		n, more := w.next()
		if !more {
			return false
		}
		if err := w.take(n); err != nil {
			w.refuse(w.asked, err)
			continue
		}
		leads := w.serve()
		w.drop()
		if !leads {
			return true
		}
	}
}

// serve answers the request that was taken. It reports whether this worker
// still is the leader.
func (w *worker) serve() bool {
	h := w.header()
	if h.Opcode == opInterrupt {
		w.watch.interrupt((*fuse.InterruptIn)(unsafe.Pointer(&w.in[0])).Unique)
		w.send(nil)
		return true
	}
	slots, who := w.course(h)
	if slots == nil {
		return w.inPlace(h, who)
	}
	w.apart(slots, who)
	return false
}

// take makes the request this worker's own, since another may read next. Many
// long ones may have to wait for a slot, so their memory is bounded: of writes,
// for all others are short, or answered before the next.
func (w *worker) take(n int) error {
	w.in = append(w.small[:0], w.buf[:min(n, len(w.small))]...)
	h := w.header()
	w.asked = asked{h.Unique, h.Opcode, time.Now()}
	if n > len(w.small) {
		if h.Opcode == opWrite {
			w.memory = lease{from: w.fs.writes, uid: h.Uid}
			if err := w.memory.take(n); err != nil {
				return err
			}
		}
		w.in = append([]byte(nil), w.buf[:n]...)
		h = w.header()
	}
	if h.NodeId == fuse.FUSE_ROOT_ID {
		hideHack(w.in[headerSize:])
	}
	return nil
}

// drop lets go of what a long request took.
func (w *worker) drop() {
	w.in = nil
	if w.memory.n > 0 {
		w.memory.resize(0)
	}
}

func (w *worker) header() *fuse.InHeader { return (*fuse.InHeader)(unsafe.Pointer(&w.in[0])) }

// hideHack keeps go-fuse from answering by itself for a name that it has for
// other systems: we have no such file, and no name has a slash in it.
func hideHack(b []byte) {
	if i := bytes.Index(b, []byte(".go-fuse-epoll-hack")); i >= 0 {
		b[i] = '/'
	}
}

// inPlace answers while nobody reads. It reports whether this worker still is
// the leader.
func (w *worker) inPlace(h *fuse.InHeader, who holder) bool {
	w.here = call{asked: w.asked, who: who, watch: w.watch}
	w.watch.begin(&w.here)
	reply := w.handle()
	if w.watch.end(&w.here) {
		w.send(reply)
		return true
	}
	w.finish(&w.here, reply)
	return false
}

// apart answers in a slot, while somebody else reads: who may read next that the
// caller was interrupted, so the watch must know the call before.
func (w *worker) apart(s *slots, who holder) {
	c := &call{asked: w.asked, who: who, watch: w.watch, waits: true}
	w.watch.add(c)
	w.handOn()
	if err := w.enter(c, s); err != nil {
		if w.watch.finish(c) {
			w.refuse(c.asked, err)
		}
		return
	}
	w.finish(c, w.handle())
}

// enter waits for a slot; a process that did not answer before is not waited for.
func (w *worker) enter(c *call, s *slots) error {
	if w.fs.requests.isStuck(c.who.pid) {
		return errDeadline
	}
	if err := s.acquire(c.Done(), c.who); err != nil {
		return err
	}
	w.watch.starts(c, s)
	return nil
}

// finish sends the reply of a call that the watch knows, if it has not been
// refused. What a refused one opened nobody will close.
func (w *worker) finish(c *call, reply []byte) {
	if w.watch.finish(c) {
		w.send(reply)
	} else {
		w.discard(reply)
	}
}

func (w *worker) send(reply []byte) { w.answer(w.asked, reply) }

func (w *worker) discard(reply []byte) {
	if w.header().Opcode != opOpen || len(reply) < headerOutSize+8 {
		return
	}
	if out := (*fuse.OutHeader)(unsafe.Pointer(&reply[0])); out.Status == 0 {
		w.fs.handles.release((*fuse.OpenOut)(unsafe.Pointer(&reply[headerOutSize])).Fh)
	}
}

// handle has the request answered and gives the reply, empty where none is due.
func (w *worker) handle() []byte {
	h := w.header()
	if need := replyRoom(h, w.in); need > cap(w.out) {
		w.out = make([]byte, need)
	}
	w.ins[0], w.outs[0] = w.in, w.out[:cap(w.out)]
	n, status := w.server.HandleRequest(w.ins[:], w.outs[:])
	if !status.Ok() { // go-fuse could not even parse it
		return refusal(h.Unique, status)
	}
	return w.out[:n]
}

// replyRoom is how long a reply can be.
func replyRoom(h *fuse.InHeader, in []byte) int {
	const longestOther = 64<<10 + 256 // an extended attribute, had we any
	switch h.Opcode {
	case opRead, opReadDir:
		if len(in) >= int(unsafe.Sizeof(fuse.ReadIn{})) {
			size := (*fuse.ReadIn)(unsafe.Pointer(h)).Size
			return headerOutSize + max(smallestOut, int(min(size, maxTransfer)))
		}
	case opGetXAttr, opListXAttr, opIoctl:
		return longestOther
	}
	return smallestOut
}

// course decides where a request is answered: in a slot of its own where it
// may block, in place otherwise. What asks nothing of a process has no holder.
func (w *worker) course(h *fuse.InHeader) (*slots, holder) {
	n := unpack(h.NodeId)
	who := holder{uid: h.Uid, pid: n.process.PID}
	switch h.Opcode {
	case opOpen, opRead, opWrite, opReadlink:
		if row := n.row(); row != nil && row.MayBlock && (h.Opcode != opOpen || row.Open != nil) {
			return w.fs.slots, who.orUID()
		}
	case opReadDir:
		if n.isRoot() {
			return w.fs.requests, who.orUID()
		}
	case opLookup:
		if pid, ok := parsePID(nameIn(w.in)); ok && n.isRoot() {
			who.pid = pid
		}
	case opGetAttr, opSetAttr, opAccess, opOpenDir:
	default:
		return nil, holder{}
	}
	if who = who.orUID(); w.fs.requests.free(who) {
		return nil, who
	}
	return w.fs.requests, who
}

func nameIn(in []byte) string {
	name := in[headerSize:]
	if i := bytes.IndexByte(name, 0); i >= 0 && i < 16 {
		return unsafe.String(unsafe.SliceData(name), i)
	}
	return ""
}
