package provider

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

// FS is a procfs root, held by a descriptor: what is mounted over its path
// later does not matter. It is safe for concurrent use.
type FS struct {
	fd    int
	name  string
	self  int  // our own process as this root numbers it, 0 where it is not there
	local bool // the root numbers processes as we do
	proc  bool // the root is a procfs

	keeper *keeper // nil where nothing is kept: see Keep

	buffers sync.Pool // *[]byte, for texts that are parsed and dropped
	spaces  sync.Pool // *spaceReader
	dirents sync.Pool // *[direntRoom]byte, for directories
}

// OpenFS opens the procfs mounted at path, or a captured tree of plain files.
func OpenFS(path string) (*FS, error) {
	fd, err := openat(unix.AT_FDCWD, path, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, &Error{Op: "open", File: path, Err: err}
	}
	return newFS(fd, path), nil
}

// NewInstance makes a procfs instance of the calling process's pid namespace
// that is mounted nowhere: it can neither be covered nor redirected by a mount.
// It needs CAP_SYS_ADMIN over the pid namespace (Linux 5.2); where the kernel
// refuses, as in a user namespace without its own pids, use [OpenFS].
func NewInstance() (*FS, error) {
	fd, err := fsmountProc()
	if err != nil {
		return nil, &Error{Op: "fsopen", File: "proc", Err: err}
	}
	return newFS(fd, "proc"), nil
}

func fsmountProc() (int, error) {
	ctx, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(ctx)
	if err := unix.FsconfigCreate(ctx); err != nil {
		return -1, err
	}
	return unix.Fsmount(ctx, unix.FSMOUNT_CLOEXEC,
		unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
}

func newFS(fd int, name string) *FS {
	f := bareFS(name)
	f.fd = fd
	f.proc = f.IsProc()
	f.self, _ = f.SelfPID()
	f.local = f.proc && f.self != 0 && f.depth() == 1
	return f
}

// bareFS is a root of which nothing is known but its name.
func bareFS(name string) *FS {
	f := &FS{fd: closed, name: name}
	f.buffers.New = func() any { b := make([]byte, 0, 4096); return &b }
	f.dirents.New = func() any { return new([direntRoom]byte) }
	return f
}

// depth counts the pid namespaces from this root's down to ours: 1 where the
// root is of our own.
func (f *FS) depth() int {
	p, err := f.Open(f.self)
	if err != nil {
		return 0
	}
	defer p.Close()
	var s Status
	if p.Status(&s) != nil {
		return 0
	}
	return max(1, len(s.NSPID))
}

// Local reports whether this root numbers processes as the calling process's
// own pid namespace does.
func (f *FS) Local() bool { return f.local }

// Close releases the root, and what it keeps. Processes opened from it stay
// usable.
func (f *FS) Close() error {
	f.keeper.end()
	return closeOnce(&f.fd)
}

// IsProc reports whether the root really is a procfs, and not a captured tree.
func (f *FS) IsProc() bool { return isProc(f.fd) }

func isProc(fd int) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(fd, &st) == nil && st.Type == unix.PROC_SUPER_MAGIC
}

// buffer lends an empty buffer; give it back with release.
func (f *FS) buffer() *[]byte { return f.buffers.Get().(*[]byte) }

func (f *FS) release(b *[]byte) {
	const keep = 64 << 10 // a rare giant must not stay pinned
	if cap(*b) <= keep {
		*b = (*b)[:0]
		f.buffers.Put(b)
	}
}

// isMissing reports an errno that says a name does not exist.
func isMissing(err error) bool { return errors.Is(err, unix.ENOENT) }
