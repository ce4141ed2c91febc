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
	if err := q.Caller.Load(); err != nil {
		finally()
		return err
	}
	h.use()
	who := holder{uid: q.Caller.UID}
	if h.process != nil {
		who.pid = h.process.PID()
	}
	return r.slots.run(cancel, who, func(ctx context.Context) error {
		q.Context = ctx
		return fn()
	}, func() {
		finally()
		h.unuse()
	})
}
