package fs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// The one ioctl(2) that the tree knows: of its root, it reads the Stats as
// JSON, and returns their length.
const (
	statsRoom  = 16000                              // an ioctl has 14 bits for it
	statsIoctl = 2<<30 | statsRoom<<16 | 'p'<<8 | 1 // _IOR('p', 1, char[statsRoom])
)

// Ioctl tells the Stats to whoever may administer the mount: who has
// CAP_SYS_ADMIN where the daemon has it.
func (r *raw) Ioctl(_ <-chan struct{}, in *fuse.IoctlIn, _ []byte, out *fuse.IoctlOut, room []byte) fuse.Status {
	if n := unpack(in.NodeId); !n.isRoot() || in.Cmd != statsIoctl || len(room) < statsRoom {
		return fuse.Status(unix.ENOTTY)
	}
	q := r.query(&in.InHeader)
	defer q.Release()
	if !q.Caller.Capable(unix.CAP_SYS_ADMIN) {
		return fuse.EPERM
	}
	text, err := json.Marshal(r.stats())
	if err == nil && len(text) > len(room) {
		err = fmt.Errorf("the counters take %d bytes", len(text))
	}
	if err != nil {
		return r.nameStatus(err)
	}
	out.Result = int32(copy(room, text))
	return fuse.OK
}

// Errors of ReadStats.
var (
	ErrNotMounted = errors.New("not the root of a procfsd mount")
	ErrDead       = errors.New("the daemon of this mount has ended")
)

// ReadStats asks the daemon of the mount whose root dir is. It needs
// CAP_SYS_ADMIN in the daemon's user namespace.
func ReadStats(dir string) (*Stats, error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, statsError(dir, err)
	}
	defer unix.Close(fd)
	room := make([]byte, statsRoom)
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), statsIoctl, uintptr(unsafe.Pointer(&room[0])))
	if errno != 0 {
		return nil, statsError(dir, errno)
	}
	s := new(Stats)
	if err := json.Unmarshal(room[:min(int(n), len(room))], s); err != nil {
		return nil, statsError(dir, ErrNotMounted)
	}
	var now unix.Statfs_t
	if err := unix.Fstatfs(fd, &now); err != nil {
		return nil, statsError(dir, err)
	}
	s.Options.ReadOnly = now.Flags&unix.ST_RDONLY != 0 // a remount does not ask the daemon
	return s, nil
}

func statsError(dir string, err error) error {
	switch err {
	case unix.ENOTTY, unix.EINVAL, unix.EOPNOTSUPP, unix.ENOTDIR:
		err = ErrNotMounted
	case unix.ENOTCONN, unix.ECONNABORTED:
		err = ErrDead
	}
	return &os.PathError{Op: "stat", Path: dir, Err: err}
}
