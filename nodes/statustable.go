package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// maxTable bounds the table of all processes; memory for it is reserved piece
// by piece.
const (
	maxTable   = 32 << 20
	tablePiece = 256 << 10
)

func (q *Query) tableRoom(room *int, used int) error {
	if used <= *room {
		return nil
	}
	if *room += tablePiece; *room > maxTable {
		return provider.ErrTooBig
	}
	return q.reserve(2 * tablePiece)
}

// statusTable appends the status line of every process that the caller sees,
// sorted by pid. One that exits meanwhile is left out, and one that is stuck in
// the kernel.
func statusTable(q *Query, dst []byte) ([]byte, error) {
	if err := q.Caller.Load(); err != nil { // else each line would be left out for it
		return dst, err
	}
	room := 0
	if err := q.tableRoom(&room, 1); err != nil {
		return dst, err
	}
	q.hosts = newHosts()
	err := q.List(0, func(t *Target) (bool, error) {
		defer t.Close()
		line, err := q.tableLine(t)
		if err != nil {
			return true, nil
		}
		dst = append(dst, line...)
		err = q.tableRoom(&room, len(dst))
		return err == nil, err
	})
	return dst, err
}

func (q *Query) tableLine(t *Target) ([]byte, error) {
	var line []byte
	err := q.glance(t, func(one *Query) error {
		s, err := status(one)
		if err == nil {
			line = render.AppendStatus(nil, &s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return line, nil
}
