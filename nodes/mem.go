package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// memFile is the memory of the image that was there when it was opened. The
// right to it is asked for again at each access: the target may have become
// somebody else's since.
type memFile struct{ *provider.Memory }

func openMem(q *Query, access Access) (File, error) {
	memory, err := q.Caller.OpenMemory(q.Target.Process, access.flags())
	if err != nil {
		return nil, err
	}
	return memFile{memory}, nil
}

func (a Access) flags() int {
	switch {
	case a.Read && a.Write:
		return unix.O_RDWR
	case a.Write:
		return unix.O_WRONLY
	}
	return unix.O_RDONLY
}

func (m memFile) ReadAt(q *Query, b []byte, offset int64) (int, error) {
	if err := canDebug(q); err != nil {
		return 0, err
	}
	return m.Memory.ReadAt(b, offset)
}

func (m memFile) WriteAt(q *Query, b []byte, offset int64) (int, error) {
	if err := canDebug(q); err != nil {
		return 0, err
	}
	return m.Memory.WriteAt(b, offset)
}
