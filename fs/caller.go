package fs

import (
	"context"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// invalidID stands in a request for an id that the mount cannot express.
const invalidID = ^uint32(0)

// query starts a question for whoever sent the request. The header describes
// the thread that asks now, not the one that opened; its pid is a thread's id.
func (r *raw) query(h *fuse.InHeader) *nodes.Query {
	tid := int(h.Pid)
	if h.Uid == invalidID || h.Gid == invalidID {
		tid = 0 // nobody
	}
	q := r.tree.Query(r.context(h.Unique), tid, h.Uid, h.Gid)
	q.Glances, q.LeftOut = r.glances, r.leftOut
	return q
}

func (r *raw) context(unique uint64) context.Context {
	if r.watch == nil {
		return context.Background()
	}
	return r.watch.context(unique)
}

// at is query for a node: it pins the process and asks the gate. The caller of
// at calls done when it has answered.
func (r *raw) at(h *fuse.InHeader) (*nodes.Query, id, error) {
	q, n := r.query(h), unpack(h.NodeId)
	return q, n, r.identify(q, n)
}

// done ends a question whose process is not kept.
func done(q *nodes.Query) {
	if q.Target != nil {
		q.Target.Close()
	}
	q.Release()
}
