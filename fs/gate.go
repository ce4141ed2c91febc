package fs

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// One gate a question, each in one function: identify (is it the same process,
// and does the caller see it?), see (does the caller see the node?), permit (do
// the mode bits allow it?), sameOwner (is it the opener who asks?).

// identify pins the process of a node. The root is there for everybody.
func (r *raw) identify(q *nodes.Query, n id) error {
	if n.process.PID == 0 {
		if n.isRoot() {
			return nil
		}
		return q.Present()
	}
	return q.Identify(n.process)
}

// see finds the row of a node that is no directory, if the caller sees it.
func see(q *nodes.Query, n id) (*nodes.Row, error) {
	row := n.row()
	if row == nil {
		return nil, nodes.ErrHidden
	}
	if q.Target == nil {
		return row, nil
	}
	if err := q.Enter(); err != nil {
		return nil, err
	}
	return row, q.See(row)
}

// Permission bits as in access(2).
const (
	wantRead    = unix.R_OK
	wantWrite   = unix.W_OK
	wantExecute = unix.X_OK
)

// permit asks the mode bits, which go by the owner of the node: root's for the
// root's own. Who may override them is decided by capability, not by uid.
func permit(q *nodes.Query, mode, want uint32) error {
	if mode&0o7 == mode>>6&0o7 && mode&want == want {
		return nil // the same for everybody
	}
	if mode&0o077 == 0 && mode>>6&want == want {
		return nil // for its owner alone: who sees it may debug the process, and that is as good
	}
	var uid, gid uint32
	if q.Target != nil {
		var err error
		if uid, gid, err = q.Target.Owner(); err != nil {
			return err
		}
	}
	switch {
	case q.Caller.UID == uid:
		mode >>= 6
	case q.Caller.InGroup(gid):
		mode >>= 3
	}
	if mode&want == want || overrides(q, want) {
		return nil
	}
	return unix.EACCES
}

// overrides: CAP_DAC_OVERRIDE reads and writes anything. No file here can be
// executed.
func overrides(q *nodes.Query, want uint32) bool {
	return want&wantExecute == 0 && q.Caller.Capable(unix.CAP_DAC_OVERRIDE)
}

// accessOf is how a file is opened.
func accessOf(flags uint32) nodes.Access {
	switch flags & unix.O_ACCMODE {
	case unix.O_RDONLY:
		return nodes.Access{Read: true}
	case unix.O_WRONLY:
		return nodes.Access{Write: true}
	}
	return nodes.Access{Read: true, Write: true}
}

func want(a nodes.Access) uint32 {
	var bits uint32
	if a.Read {
		bits |= wantRead
	}
	if a.Write {
		bits |= wantWrite
	}
	return bits
}

// sameOwner: what was opened under somebody's rights serves nobody else,
// neither less privileged nor more.
func sameOwner(h *handle, caller fuse.Caller) error {
	if h.row.Open != nil && h.opener != caller.Owner {
		return unix.EACCES
	}
	return nil
}
