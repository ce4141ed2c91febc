package fs

import (
	"context"
	"math"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// openFlags: no page cache, since a text is made when it is read and has no
// size before; no flush at close, since nothing is ever kept back.
const openFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH

// Open checks everything that can be checked before a byte is asked for.
func (r *raw) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	q, n, err := r.at(&in.InHeader)
	defer q.Release()
	if err != nil {
		return r.nameStatus(err)
	}
	h, err := r.open(q, n, in)
	if err != nil {
		return r.nameStatus(err)
	}
	out.Fh, out.OpenFlags = r.handles.add(h), openFlags
	return fuse.OK
}

// open takes over the query's process.
func (r *raw) open(q *nodes.Query, n id, in *fuse.OpenIn) (*handle, error) {
	access := accessOf(in.Flags)
	row, err := see(q, n)
	if err == nil && row.Kind == nodes.Link {
		err = unix.EINVAL
	}
	if err == nil {
		err = permit(q, row.Mode, want(access))
	}
	if err == nil {
		err = r.handles.count.take(in.Uid, 1)
	}
	if err != nil {
		if q.Target != nil {
			q.Target.Close()
		}
		return nil, err
	}
	h := r.handles.handle().begin(row, q, in.Owner, access)
	if row.Open == nil {
		return h, nil
	}
	if err = asking(q, row); err == nil {
		h.file, err = row.Open(q, access)
	}
	if err != nil {
		r.handles.count.give(in.Uid, 1)
		h.unuse()
		return nil, err
	}
	return h, nil
}

// Release closes an open file; calls that are stuck in it keep what they use.
func (r *raw) Release(_ <-chan struct{}, in *fuse.ReleaseIn) { r.handles.release(in.Fh) }

// again asks once more, of an open file: the process must still be there, and
// whoever asks now must see it.
func (r *raw) again(q *nodes.Query, h *handle, caller fuse.Caller) error {
	q.File = h.file
	if err := r.stillThere(q, h); err != nil {
		return err
	}
	if err := sameOwner(h, caller); err != nil {
		return err
	}
	return asking(q, h.row)
}

func (r *raw) stillThere(q *nodes.Query, h *handle) error {
	if h.process == nil {
		return r.identify(q, id{class: h.row.Class})
	}
	q.About(h.process)
	return q.CheckFor(h.row)
}

// Read serves a text from its snapshot, or a stream in place, both into the
// reply itself: the loop gives each request a buffer of its own.
func (r *raw) Read(_ <-chan struct{}, in *fuse.ReadIn, reply []byte) (fuse.ReadResult, fuse.Status) {
	n, status := r.read(in, reply)
	if !status.Ok() {
		return nil, status
	}
	return filled(reply[:n]), fuse.OK
}

func (r *raw) read(in *fuse.ReadIn, reply []byte) (int, fuse.Status) {
	h := r.handles.get(in.Fh)
	if h == nil {
		return 0, fuse.EBADF
	}
	defer h.unuse()
	n, err := r.readHandle(h, in, reply[:min(len(reply), int(in.Size))])
	return n, r.ioStatus(err)
}

func (r *raw) readHandle(h *handle, in *fuse.ReadIn, reply []byte) (int, error) {
	if err := readable(h, in); err != nil {
		return 0, err
	}
	q := r.query(&in.InHeader)
	defer q.Release()
	if err := r.again(q, h, in.Caller); err != nil {
		return 0, err
	}
	if h.row.Kind == nodes.Stream {
		return h.file.(nodes.StreamFile).ReadAt(q, reply, int64(in.Offset))
	}
	return r.readText(q, h, in.Offset, reply)
}

// filled is a result that is in the reply already.
type filled []byte

func (f filled) Size() int { return len(f) }

func (f filled) Bytes([]byte) ([]byte, fuse.Status) { return f, fuse.OK }

func (f filled) Done() {}

// Readv is asked for the result where the reply lies in several pieces, or in
// one that is the buffer itself.
func (f filled) Readv(to [][]byte) (int, fuse.Status) {
	if len(f) > 0 && len(to) == 1 && &to[0][0] == &f[0] {
		return len(f), fuse.OK
	}
	n := 0
	for _, b := range to {
		n += copy(b, f[n:])
	}
	return n, fuse.OK
}

// readable: every read(2) comes with its owner, for the files have no page
// cache; one without is the page cache's own, for a private mapping that FUSE
// cannot refuse. Serving it would keep target data beyond any later check.
func readable(h *handle, in *fuse.ReadIn) error {
	switch {
	case in.ReadFlags&fuse.READ_LOCKOWNER == 0:
		return unix.EIO
	case !h.access.Read || h.row.Kind == nodes.Text && h.row.Fill == nil:
		return unix.EBADF
	case in.Offset > math.MaxInt64:
		return unix.EINVAL
	}
	return nil
}

// readText copies the piece that was asked for out of the snapshot.
func (r *raw) readText(q *nodes.Query, h *handle, offset uint64, reply []byte) (int, error) {
	if err := h.lock(q.Context); err != nil {
		return 0, err
	}
	defer h.unlock()
	if !h.text.serves(q, offset) {
		if err := r.snapshot(q, h); err != nil {
			return 0, err
		}
	}
	return h.text.read(reply, offset), nil
}

// snapshot makes the text anew, within the memory that is left.
func (r *raw) snapshot(q *nodes.Query, h *handle) error {
	h.text.drop()
	h.text.memory = lease{from: r.memory, uid: q.Caller.UID}
	defer func() {
		if !h.text.valid { // by an error, or a panic
			h.text.memory.resize(0)
		}
	}()
	q.Reserve = h.reserve
	text, err := h.row.Fill(q, h.room[:0])
	if err == nil {
		err = h.text.memory.resize(cap(text))
	}
	if err != nil {
		return err
	}
	h.text.rights, h.text.judged = q.Caller.Rights()
	h.text.bytes, h.text.valid = text, true
	return nil
}

// lock waits for the text as long as its reader does.
func (h *handle) lock(ctx context.Context) error {
	select {
	case h.making <- struct{}{}:
		return nil
	default:
	}
	select {
	case h.making <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errBusy
	}
}

func (h *handle) unlock() { <-h.making }

// Write hands a message to a text, whole, or writes a stream in place. Who
// opened what takes no writes, as root may, is told here.
func (r *raw) Write(_ <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	h := r.handles.get(in.Fh)
	if h == nil {
		return 0, fuse.EBADF
	}
	defer h.unuse()
	n, err := r.write(h, in, data)
	return uint32(n), r.ioStatus(err)
}

func writable(h *handle, in *fuse.WriteIn) error {
	switch {
	case !h.access.Write || h.row.Kind == nodes.Text && h.row.Store == nil:
		return unix.EBADF
	case in.Offset > math.MaxInt64:
		return unix.EINVAL
	}
	return nil
}

func (r *raw) write(h *handle, in *fuse.WriteIn, data []byte) (int, error) {
	if err := writable(h, in); err != nil {
		return 0, err
	}
	q := r.query(&in.InHeader)
	defer q.Release()
	if err := r.again(q, h, in.Caller); err != nil {
		return 0, err
	}
	if err := waiting(q); err != nil { // a write that was refused must not take place
		return 0, err
	}
	if h.row.Kind == nodes.Stream {
		return h.file.(nodes.StreamFile).WriteAt(q, data, int64(in.Offset))
	}
	if err := h.row.Store(q, data); err != nil {
		return 0, err
	}
	return len(data), nil
}

// Fsync has nothing to do.
func (r *raw) Fsync(<-chan struct{}, *fuse.FsyncIn) fuse.Status { return fuse.OK }
