package fs

import (
	"context"
	"math"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// openFlags: no page cache, since a text is made when it is read and has no
// size before; no flush at close, since nothing is ever kept back.
const openFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH

// Open checks everything that can be checked before a byte is asked for.
func (r *raw) Open(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	q, n, err := r.at(&in.InHeader)
	if err != nil {
		return r.nameStatus(err)
	}
	h, err := r.open(cancel, q, n, in)
	if err != nil {
		return r.nameStatus(err)
	}
	out.Fh, out.OpenFlags = r.handles.add(h), openFlags
	return fuse.OK
}

// open takes over the query's target.
func (r *raw) open(cancel <-chan struct{}, q *nodes.Query, n id, in *fuse.OpenIn) (*handle, error) {
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
		done(q)
		return nil, err
	}
	h := newHandle(row, q, in.Owner, access)
	if row.Open == nil {
		return h, nil
	}
	err = r.bounded(cancel, q, h, func() (err error) {
		h.file, err = row.Open(q, access)
		return err
	})
	if err != nil {
		r.handles.count.give(in.Uid, 1)
		h.unuse()
		return nil, err
	}
	return h, nil
}

// Release closes an open file; calls that are stuck in it keep what they use.
func (r *raw) Release(_ <-chan struct{}, in *fuse.ReleaseIn) { r.handles.release(in.Fh) }

// again starts a question about an open file: the process must still be there,
// and whoever asks now must see it.
func (r *raw) again(h *handle, in *fuse.InHeader) (*nodes.Query, error) {
	q := r.query(in)
	q.File = h.file
	if h.process == nil {
		return q, r.identify(q, id{class: h.row.Class})
	}
	q.Target = &nodes.Target{Process: h.process}
	if err := q.Check(); err != nil {
		return nil, err
	}
	return q, sameOwner(h, in.Caller)
}

// Read serves a text from its snapshot, or a stream in place.
func (r *raw) Read(cancel <-chan struct{}, in *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	h := r.handles.get(in.Fh)
	if h == nil {
		return nil, fuse.EBADF
	}
	defer h.unuse()
	if err := readable(h, in); err != nil {
		return nil, r.ioStatus(err)
	}
	q, err := r.again(h, &in.InHeader)
	if err != nil {
		return nil, r.ioStatus(err)
	}
	var b []byte
	if h.row.Kind == nodes.Stream {
		b, err = r.readStream(cancel, q, h, in)
	} else {
		b, err = r.readText(cancel, q, h, in)
	}
	if err != nil {
		return nil, r.ioStatus(err)
	}
	return fuse.ReadResultData(b), fuse.OK
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

// readText cuts the piece that was asked for out of the snapshot.
func (r *raw) readText(cancel <-chan struct{}, q *nodes.Query, h *handle, in *fuse.ReadIn) ([]byte, error) {
	if err := h.lock(cancel); err != nil {
		return nil, err
	}
	if h.text.serves(q, in.Offset) {
		defer h.unlock()
		return h.text.slice(in), nil
	}
	var piece []byte
	err := r.boundedThen(cancel, q, h, func() error {
		if err := r.snapshot(q, h); err != nil {
			return err
		}
		piece = h.text.slice(in)
		return nil
	}, h.unlock)
	if err != nil {
		return nil, err
	}
	return piece, nil
}

// snapshot makes the text anew, within the memory that is left.
func (r *raw) snapshot(q *nodes.Query, h *handle) error {
	h.text.drop()
	memory := lease{from: r.memory, uid: q.Caller.UID}
	q.Reserve = memory.take
	text, err := h.row.Fill(q, nil)
	if err == nil {
		err = memory.resize(cap(text))
	}
	if err != nil {
		memory.resize(0)
		return err
	}
	rights, judged := q.Caller.Rights()
	h.text = snapshot{valid: true, judged: judged, rights: rights, bytes: text, memory: memory}
	return nil
}

// slice never changes under the reader: a new snapshot has bytes of its own.
func (s *snapshot) slice(in *fuse.ReadIn) []byte {
	from := min(in.Offset, uint64(len(s.bytes)))
	to := min(from+uint64(in.Size), uint64(len(s.bytes)))
	return s.bytes[from:to]
}

// lock waits for the text, and some time longer than an interrupted caller.
func (h *handle) lock(cancel <-chan struct{}) error {
	limit := time.NewTimer(deadline)
	defer limit.Stop()
	var patience <-chan time.Time
	for {
		select {
		case h.making <- struct{}{}:
			return nil
		case <-limit.C:
			return errBusy
		case <-patience:
			return context.Canceled
		case <-cancel:
			cancel, patience = nil, time.After(grace)
		}
	}
}

func (h *handle) unlock() { <-h.making }

// readStream reads into memory of its own: the reply's buffer is not ours any
// more once the deadline has passed.
func (r *raw) readStream(cancel <-chan struct{}, q *nodes.Query, h *handle, in *fuse.ReadIn) ([]byte, error) {
	var got []byte
	err := r.bounded(cancel, q, h, func() error {
		b := make([]byte, in.Size)
		n, err := h.file.(nodes.StreamFile).ReadAt(q, b, int64(in.Offset))
		got = b[:n]
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Write hands a message to a text, whole, or writes a stream in place. Who
// opened what takes no writes, as root may, is told here.
func (r *raw) Write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	h := r.handles.get(in.Fh)
	if h == nil {
		return 0, fuse.EBADF
	}
	defer h.unuse()
	if err := writable(h, in); err != nil {
		return 0, r.ioStatus(err)
	}
	q, err := r.again(h, &in.InHeader)
	if err != nil {
		return 0, r.ioStatus(err)
	}
	n, err := r.write(cancel, q, h, int64(in.Offset), data)
	if err != nil {
		return 0, r.ioStatus(err)
	}
	return uint32(n), fuse.OK
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

func (r *raw) write(cancel <-chan struct{}, q *nodes.Query, h *handle, offset int64, data []byte) (int, error) {
	var written int
	err := r.bounded(cancel, q, h, func() (err error) {
		if h.row.Kind == nodes.Text {
			written, err = len(data), h.row.Store(q, data)
			return err
		}
		written, err = h.file.(nodes.StreamFile).WriteAt(q, data, offset)
		return err
	})
	if err != nil {
		return 0, err
	}
	return written, nil
}

// Fsync has nothing to do.
func (r *raw) Fsync(<-chan struct{}, *fuse.FsyncIn) fuse.Status { return fuse.OK }
