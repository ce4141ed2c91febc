package fs

import (
	"context"

	"github.com/procfsd/procfsd/nodes"
)

// bounded does something with an open file: in line where the row cannot
// block, else in a slot and under the deadline. Who asks is read before, while
// it surely waits for us.
func (r *raw) bounded(cancel <-chan struct{}, q *nodes.Query, h *handle, fn func() error) error {
	return r.boundedThen(cancel, q, h, fn, func() {})
}

// boundedThen calls finally once fn has ended, which may be later than here.
func (r *raw) boundedThen(cancel <-chan struct{}, q *nodes.Query, h *handle, fn func() error, finally func()) error {
	if !h.row.MayBlock {
		defer finally()
		return fn()
	}
	if err := asking(cancel, q); err != nil {
		finally()
		return err
	}
	h.use()
	who := holder{uid: q.Caller.UID, pid: ofUID(q.Caller.UID)}
	if h.process != nil {
		who.pid = h.process.PID()
	}
	return r.slots.run(cancel, who, deadline, func(ctx context.Context) error {
		q.Context = ctx
		return fn()
	}, func(bool) {
		finally()
		h.unuse()
	})
}

// asking reads who asks, while it surely waits.
func asking(cancel <-chan struct{}, q *nodes.Query) error {
	err := q.Caller.Load()
	select {
	case <-cancel:
		return context.Canceled
	default:
		return err
	}
}

// ofUID stands for the process where the root is meant: what one user asks of
// all processes is bounded like what it asks of one.
func ofUID(uid uint32) int { return -1 - int(uid) }
