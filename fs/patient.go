package fs

import (
	"context"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// patient lets no request wait longer than a deadline, whatever it meets: each
// one that touches a process is done on copies of what came in and went out, in
// a slot of its own. A process that once did not answer is not asked again
// until it has.
type patient struct {
	*raw
	requests *slots
}

func newPatient(r *raw) patient {
	return patient{raw: r, requests: newSlots(bounds{all: 1024, uid: 128, target: 32}, true)}
}

// OnUnmount leaves the tree to a request that is stuck.
func (p patient) OnUnmount() {
	if p.requests.idle() {
		p.raw.OnUnmount()
	}
}

func (p patient) ask(cancel <-chan struct{}, h *fuse.InHeader, absent func(error) fuse.Status, do func(cancel <-chan struct{}) fuse.Status, finally func(left bool)) fuse.Status {
	who := holder{uid: h.Uid, pid: unpack(h.NodeId).process.PID}
	if who.pid == 0 {
		who.pid = ofUID(h.Uid)
	}
	return p.askOf(who, cancel, absent, do, finally)
}

func (p patient) askOf(who holder, cancel <-chan struct{}, absent func(error) fuse.Status, do func(cancel <-chan struct{}) fuse.Status, finally func(left bool)) fuse.Status {
	var status fuse.Status
	err := p.requests.run(cancel, who, requestDeadline, func(ctx context.Context) error {
		status = do(ctx.Done()) // interrupted is who waits, not the work
		return nil
	}, finally)
	if err != nil {
		return absent(err)
	}
	return status
}

func nothing(bool) {}

func (p patient) Lookup(cancel <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	in, entry := *h, fuse.EntryOut{}
	who := holder{uid: h.Uid, pid: unpack(h.NodeId).process.PID}
	if pid, ok := parsePID(name); ok && who.pid == 0 {
		who.pid = pid
	} else if who.pid == 0 {
		who.pid = ofUID(h.Uid)
	}
	status := p.askOf(who, cancel, p.nameStatus, func(cancel <-chan struct{}) fuse.Status {
		return p.raw.Lookup(cancel, &in, name, &entry)
	}, nothing)
	if status.Ok() {
		*out = entry
	}
	return status
}

func (p patient) GetAttr(cancel <-chan struct{}, request *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	in, attr := *request, fuse.AttrOut{}
	status := p.ask(cancel, &request.InHeader, p.nameStatus, func(cancel <-chan struct{}) fuse.Status {
		return p.raw.GetAttr(cancel, &in, &attr)
	}, nothing)
	if status.Ok() {
		*out = attr
	}
	return status
}

func (p patient) SetAttr(cancel <-chan struct{}, request *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	in, attr := *request, fuse.AttrOut{}
	status := p.ask(cancel, &request.InHeader, p.nameStatus, func(cancel <-chan struct{}) fuse.Status {
		return p.raw.SetAttr(cancel, &in, &attr)
	}, nothing)
	if status.Ok() {
		*out = attr
	}
	return status
}

func (p patient) Access(cancel <-chan struct{}, request *fuse.AccessIn) fuse.Status {
	in := *request
	return p.ask(cancel, &request.InHeader, p.nameStatus, func(cancel <-chan struct{}) fuse.Status {
		return p.raw.Access(cancel, &in)
	}, nothing)
}

func (p patient) Readlink(cancel <-chan struct{}, h *fuse.InHeader) ([]byte, fuse.Status) {
	in := *h
	var text []byte
	status := p.ask(cancel, h, p.nameStatus, func(cancel <-chan struct{}) (status fuse.Status) {
		text, status = p.raw.Readlink(cancel, &in)
		return status
	}, nothing)
	if !status.Ok() {
		return nil, status
	}
	return text, status
}

// Open closes what it opened for a caller that has gone.
func (p patient) Open(cancel <-chan struct{}, request *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	in, open := *request, fuse.OpenOut{}
	status := p.ask(cancel, &request.InHeader, p.nameStatus, func(cancel <-chan struct{}) fuse.Status {
		return p.raw.Open(cancel, &in, &open)
	}, func(left bool) {
		if left && open.Fh != 0 {
			p.raw.handles.release(open.Fh)
		}
	})
	if status.Ok() {
		*out = open
	}
	return status
}

func (p patient) OpenDir(cancel <-chan struct{}, request *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	in := *request
	return p.ask(cancel, &request.InHeader, p.nameStatus, func(cancel <-chan struct{}) fuse.Status {
		return p.raw.OpenDir(cancel, &in, nil)
	}, nothing)
}

func (p patient) ReadDir(cancel <-chan struct{}, request *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	in := *request
	entries := fuse.NewDirEntryList(make([]byte, in.Size), in.Offset)
	status := p.ask(cancel, &request.InHeader, p.nameStatus, func(cancel <-chan struct{}) fuse.Status {
		return p.raw.ReadDir(cancel, &in, entries)
	}, nothing)
	if !status.Ok() {
		return status
	}
	all, err := fuse.ParseDirEntries(entries.Bytes())
	if err != nil {
		return p.nameStatus(err)
	}
	for _, e := range all {
		out.AddDirEntry(e)
	}
	return fuse.OK
}

func (p patient) Read(cancel <-chan struct{}, request *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	in := *request
	var result fuse.ReadResult
	status := p.ask(cancel, &request.InHeader, p.ioStatus, func(cancel <-chan struct{}) (status fuse.Status) {
		result, status = p.raw.Read(cancel, &in, nil)
		return status
	}, nothing)
	if !status.Ok() {
		return nil, status
	}
	return result, status
}

func (p patient) Write(cancel <-chan struct{}, request *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	in, own := *request, append([]byte(nil), data...)
	var n uint32
	status := p.ask(cancel, &request.InHeader, p.ioStatus, func(cancel <-chan struct{}) (status fuse.Status) {
		n, status = p.raw.Write(cancel, &in, own)
		return status
	}, nothing)
	if !status.Ok() {
		return 0, status
	}
	return n, status
}
