package fs

import (
	"encoding/json"
	"errors"
	"fmt"
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
	stats, err := r.stats()
	if err != nil {
		return r.nameStatus(err)
	}
	text, err := encode(stats, len(room))
	if err != nil {
		return r.nameStatus(err)
	}
	out.Result = int32(copy(room, text))
	return fuse.OK
}

// encode leaves out the names where they are too long: who asks knows them.
func encode(s Stats, room int) ([]byte, error) {
	text, err := json.Marshal(s)
	if err == nil && len(text) > room {
		s.Options.Mountpoint, s.Options.Source, s.Options.Subtype, s.Options.Proc = "", "", "", ""
		text, err = json.Marshal(s)
	}
	if err == nil && len(text) > room {
		err = fmt.Errorf("the counters take %d bytes", len(text))
	}
	return text, err
}

// Errors of ReadStats.
var (
	ErrNotMounted = errors.New("not the root of a procfsd mount")
	ErrDead       = errors.New("the daemon of this mount has ended")
)

// ReadStats asks the daemon of the mount whose root the descriptor is, which may
// be one of O_PATH. It needs CAP_SYS_ADMIN in the daemon's user namespace.
func ReadStats(root int) (*Stats, error) {
	fd, err := unix.Openat(root, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, statsError(err)
	}
	defer unix.Close(fd)
	room := make([]byte, statsRoom)
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), statsIoctl, uintptr(unsafe.Pointer(&room[0])))
	if errno != 0 {
		return nil, statsError(errno)
	}
	s := new(Stats)
	if int(n) < 0 || int(n) > len(room) || json.Unmarshal(room[:n], s) != nil {
		return nil, ErrNotMounted
	}
	var now unix.Statfs_t
	if err := unix.Fstatfs(fd, &now); err != nil {
		return nil, statsError(err)
	}
	s.Options.ReadOnly = now.Flags&unix.ST_RDONLY != 0 // a remount does not ask the daemon
	return s, nil
}

func statsError(err error) error {
	switch err {
	case unix.ENOTTY, unix.EINVAL, unix.EOPNOTSUPP, unix.ENOTDIR:
		return ErrNotMounted
	case unix.ENOTCONN, unix.ECONNABORTED:
		return ErrDead
	}
	return err
}
