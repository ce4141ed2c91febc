package fs

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"sync"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// Server serves one mount.
type Server struct {
	mountpoint string
	device     uint64        // the mount's st_dev
	ended      chan struct{} // the kernel has no more requests
	stopped    chan struct{} // we do not want any more
	stop       sync.Once
}

// serve answers INIT and starts the loop over the device, which it takes over.
func serve(tree *nodes.Tree, device int, o Options) (*Server, error) {
	r := newRaw(tree, o.Log)
	r.options = o
	l := newLoop(deviceFile(device), protocolOf(r, o), r)
	if err := l.init(); err != nil {
		unix.Close(device)
		return nil, fmt.Errorf("%w: %w", ErrMount, err)
	}
	s := &Server{mountpoint: o.Mountpoint, ended: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(s.ended)
		defer unix.Close(device)
		l.run()
	}()
	return s, nil
}

// protocolOf answers requests; what is traced passes through go-fuse.
func protocolOf(r *raw, o Options) handler {
	offer := protocol(o.Log)
	offer.PanicHandler = func(v any) fuse.Status { return r.ioStatus(newPanicked(v)) }
	if o.Trace {
		return fuse.NewProtocolServer(trace{RawFileSystem: r, log: o.Log}, offer)
	}
	return hot{raw: r, rest: fuse.NewProtocolServer(r, offer)}
}

// maxBackground is how many requests that nobody waits for the kernel hands out
// at once: all. RELEASE is one, and what is held back is overtaken by opens: a
// thousand readers would reach the limit of open files with files long closed.
const maxBackground = math.MaxUint16

// protocol is what the kernel is offered.
func protocol(log *slog.Logger) *fuse.MountOptions {
	return &fuse.MountOptions{
		MaxWrite:           maxTransfer,
		MaxBackground:      maxBackground,
		DisableXAttrs:      true,
		DisableReadDirPlus: true,
		DisableSplice:      true,
		ExtraCapabilities:  fuse.CAP_ATOMIC_O_TRUNC,
		Logger:             slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// attach makes the tree appear at the mountpoint.
func (s *Server) attach(mount int) error {
	var st unix.Statx_t
	if err := unix.Statx(mount, "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, 0, &st); err != nil {
		return fmt.Errorf("%w: statx: %w", ErrMount, err)
	}
	s.device = unix.Mkdev(st.Dev_major, st.Dev_minor)
	flags := unix.MOVE_MOUNT_F_EMPTY_PATH | unix.MOVE_MOUNT_T_SYMLINKS
	if err := unix.MoveMount(mount, "", unix.AT_FDCWD, s.mountpoint, flags); err != nil {
		return fmt.Errorf("%w on %s: %w", ErrMount, s.mountpoint, err)
	}
	return nil
}

// abandon stops waiting for a mount that never appeared; the kernel ends the
// loop when its last descriptor is closed.
func (s *Server) abandon() { s.stop.Do(func() { close(s.stopped) }) }

// Wait returns when the tree is mounted nowhere any more and nobody uses it, or
// when Unmount found nothing that it could take away.
func (s *Server) Wait() {
	select {
	case <-s.ended:
	case <-s.stopped:
	}
}

// Unmount takes the tree away: at once, or where it is in use for everybody
// who comes later. Who has something of it open goes on until Abort, or until
// this process ends.
func (s *Server) Unmount() error {
	if !s.mounted() {
		s.abandon()
		return nil
	}
	err := unix.Unmount(s.mountpoint, unix.UMOUNT_NOFOLLOW)
	if errors.Is(err, unix.EBUSY) {
		err = unix.Unmount(s.mountpoint, unix.UMOUNT_NOFOLLOW|unix.MNT_DETACH)
	}
	if err != nil {
		s.abandon()
		return fmt.Errorf("unmount %s: %w", s.mountpoint, err)
	}
	return nil
}

// Abort has the kernel fail whatever is asked of the tree from now on, and what
// waits for an answer. The end of this process would do so too, but there is none
// while a target holds one of its threads in a sleep that no signal ends. In a
// user namespace the kernel does not let us.
func (s *Server) Abort() error {
	const control = "fusectl"
	context, err := unix.Fsopen(control, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return fmt.Errorf("abort: fsopen %s: %w", control, err)
	}
	defer unix.Close(context)
	if err := unix.FsconfigCreate(context); err != nil {
		return fmt.Errorf("abort: %s: %w", control, err)
	}
	connections, err := unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("abort: fsmount %s: %w", control, err)
	}
	defer unix.Close(connections)
	name := strconv.FormatUint(uint64(unix.Minor(s.device)), 10) + "/abort"
	fd, err := unix.Openat(connections, name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil // it has ended
	}
	if err != nil {
		return fmt.Errorf("abort: open %s: %w", name, err)
	}
	defer unix.Close(fd)
	select {
	case <-s.ended:
		return nil // and the number may be another connection's
	default:
	}
	if _, err := unix.Write(fd, []byte("1")); err != nil {
		return fmt.Errorf("abort: %w", err)
	}
	return nil
}

// mounted reports whether what lies on the mountpoint is ours, without asking
// ourselves.
func (s *Server) mounted() bool {
	select {
	case <-s.ended:
		return false
	default:
	}
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, s.mountpoint, unix.AT_STATX_DONT_SYNC|unix.AT_NO_AUTOMOUNT, 0, &st)
	return err == nil && unix.Mkdev(st.Dev_major, st.Dev_minor) == s.device
}
