package nodes

import (
	"context"
	"math"

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
	if err := q.Present(); err != nil {
		return dst, nothing(err)
	}
	q.hosts = newHosts()
	ctx, cancel := context.WithTimeout(q.Context, listTime)
	defer cancel()
	l := q.walk(ctx, (*worker).line)
	defer l.end()
	return q.table(l, dst)
}

func (q *Query) table(l *walk, dst []byte) ([]byte, error) {
	room := 0
	if err := q.tableRoom(&room, 1); err != nil {
		return dst, err
	}
	if err := q.reserve(l.width * tablePiece); err != nil { // no worker's lines of a piece are more
		return dst, err
	}
	all := dst
	err := l.each(0, math.MaxInt, func(_ int, line []byte) (bool, error) {
		all = append(all, line...)
		return true, q.tableRoom(&room, len(all))
	})
	if err != nil {
		return dst, err
	}
	return all, nil
}

// line is status, of a target whose status is loaded.
func (w *worker) line() error {
	if err := w.target.load(); err != nil {
		return err
	}
	s, err := statusLine(&w.query)
	if err != nil {
		return err
	}
	w.out = render.AppendStatus(w.out, &s)
	return nil
}
