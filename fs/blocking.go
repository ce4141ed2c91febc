package fs

import "github.com/procfsd/procfsd/nodes"

// asking reads who asks, while it surely waits: what may block can take longer
// than its caller has patience, whose number may then be another's.
func asking(q *nodes.Query, row *nodes.Row) error {
	if !row.MayBlock {
		return nil
	}
	return waiting(q)
}

// waiting reads who asks, and fails if that one no longer waited.
func waiting(q *nodes.Query) error {
	if err := q.Caller.Load(); err != nil {
		return err
	}
	return q.Context.Err()
}

// ofUID stands for the process where the root is meant: what one user asks of
// all processes is bounded like what it asks of one.
func ofUID(uid uint32) int { return -1 - int(uid) }

func (h holder) orUID() holder {
	if h.pid == 0 {
		h.pid = ofUID(h.uid)
	}
	return h
}
