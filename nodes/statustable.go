package nodes

import (
	"errors"
	"io/fs"

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
// sorted by pid. One that exits meanwhile is left out.
func statusTable(q *Query, dst []byte) ([]byte, error) {
	room := 0
	q.hosts = make(map[provider.Namespace]string)
	var failed error
	err := q.List(0, func() bool {
		var line render.Status
		line, failed = status(q)
		if errors.Is(failed, fs.ErrNotExist) {
			failed = nil
			return true
		}
		if failed == nil {
			dst = render.AppendStatus(dst, &line)
			failed = q.tableRoom(&room, len(dst))
		}
		return failed == nil
	})
	return dst, errors.Join(err, failed)
}
