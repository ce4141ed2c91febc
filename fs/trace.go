package fs

import (
	"log/slog"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// trace logs each request and its answer, but never what is in them: the
// contents of targets do not belong into logs.
type trace struct {
	fuse.RawFileSystem
	log *slog.Logger
}

func (t trace) done(op string, h *fuse.InHeader, start time.Time, status fuse.Status, more ...any) {
	n := unpack(h.NodeId)
	name := "/"
	if row := n.row(); row != nil {
		name = row.Name
	}
	t.log.Debug(op, append([]any{
		"target", n.process.PID, "node", name, "tid", h.Pid, "uid", h.Uid,
		"status", status.String(), "took", time.Since(start),
	}, more...)...)
}

func (t trace) Lookup(cancel <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.Lookup(cancel, h, name, out)
	t.done("LOOKUP", h, start, status, "name", knownName(name))
	return status
}

// knownName: what a caller looks up may be anything; what exists is a pid or
// the name of a row.
func knownName(name string) string {
	_, isPID := parsePID(name)
	if isPID || nodes.ByName(nodes.RootRows(), name) != nil || nodes.ByName(nodes.ProcessRows(), name) != nil {
		return name
	}
	return "?"
}

func (t trace) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.GetAttr(cancel, in, out)
	t.done("GETATTR", &in.InHeader, start, status)
	return status
}

func (t trace) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.SetAttr(cancel, in, out)
	t.done("SETATTR", &in.InHeader, start, status)
	return status
}

func (t trace) Access(cancel <-chan struct{}, in *fuse.AccessIn) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.Access(cancel, in)
	t.done("ACCESS", &in.InHeader, start, status, "mask", in.Mask)
	return status
}

func (t trace) Readlink(cancel <-chan struct{}, h *fuse.InHeader) ([]byte, fuse.Status) {
	start := time.Now()
	text, status := t.RawFileSystem.Readlink(cancel, h)
	t.done("READLINK", h, start, status)
	return text, status
}

func (t trace) Open(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.Open(cancel, in, out)
	t.done("OPEN", &in.InHeader, start, status, "fh", out.Fh)
	return status
}

func (t trace) Read(cancel <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	start := time.Now()
	result, status := t.RawFileSystem.Read(cancel, in, buf)
	got := 0
	if result != nil {
		got = result.Size()
	}
	t.done("READ", &in.InHeader, start, status, "fh", in.Fh, "offset", in.Offset, "size", in.Size, "got", got)
	return result, status
}

func (t trace) Write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	start := time.Now()
	n, status := t.RawFileSystem.Write(cancel, in, data)
	t.done("WRITE", &in.InHeader, start, status, "fh", in.Fh, "offset", in.Offset, "size", len(data))
	return n, status
}

func (t trace) Release(cancel <-chan struct{}, in *fuse.ReleaseIn) {
	start := time.Now()
	t.RawFileSystem.Release(cancel, in)
	t.done("RELEASE", &in.InHeader, start, fuse.OK, "fh", in.Fh)
}

func (t trace) OpenDir(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.OpenDir(cancel, in, out)
	t.done("OPENDIR", &in.InHeader, start, status)
	return status
}

func (t trace) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.ReadDir(cancel, in, out)
	t.done("READDIR", &in.InHeader, start, status, "offset", in.Offset)
	return status
}

func (t trace) Flush(cancel <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.Flush(cancel, in)
	t.done("FLUSH", &in.InHeader, start, status, "fh", in.Fh)
	return status
}

func (t trace) StatFs(cancel <-chan struct{}, h *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	start := time.Now()
	status := t.RawFileSystem.StatFs(cancel, h, out)
	t.done("STATFS", h, start, status)
	return status
}
