package nodes

import (
	"errors"
	"strings"

	"github.com/procfsd/procfsd/provider"
)

// unknownFile is procfs(5)'s word for an executable that cannot be found.
const unknownFile = "unknown"

// deletedSuffix is what the kernel appends to a path that has lost its name.
const deletedSuffix = " (deleted)"

// file is the path of the executable, for whoever natively may read the link.
func file(q *Query) (string, error) {
	p := q.Target.Process
	path, err := q.Caller.Exe(p)
	switch {
	case errors.Is(err, provider.ErrNotSupported): // its address space is gone
		return unknownFile, nil
	case err != nil:
		return "", err
	case !strings.HasSuffix(path, deletedSuffix):
		return q.Caller.Path(path), nil
	}
	linked, err := q.Caller.ExeLinked(p, path)
	if err != nil {
		return "", err
	}
	if !linked {
		return unknownFile, nil
	}
	return q.Caller.Path(path), nil
}
