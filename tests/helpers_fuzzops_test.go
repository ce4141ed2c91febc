package tests

import (
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fuzzOperation is one kind of system call; do chooses the rest.
type fuzzOperation struct {
	name string
	do   func(h *fuzzHand) error
}

var fuzzOperations = []fuzzOperation{
	{"open", fuzzOpen}, {"open", fuzzOpen}, {"open", fuzzOpen},
	{"openat2", fuzzOpenat2},
	{"close", func(h *fuzzHand) error {
		if len(h.files) == 0 {
			return errNothingOpen
		}
		h.close(h.IntN(len(h.files)))
		return nil
	}},
	{"read", onFile(func(h *fuzzHand, fd int) error { return h.got(unix.Read(fd, make([]byte, h.size()))) })},
	{"pread", onFile(fuzzPread)}, {"pread", onFile(fuzzPread)}, {"pread", onFile(fuzzPread)},
	{"preadv", onFile(func(h *fuzzHand, fd int) error {
		return h.got(unix.Preadv2(fd, [][]byte{make([]byte, h.size()), make([]byte, h.size())}, h.offset(), pick(h, 0, 0, unix.RWF_HIPRI)))
	})},
	{"write", onFile(func(h *fuzzHand, fd int) error { _, err := unix.Write(fd, h.word()); return err })},
	{"pwrite", onFile(fuzzPwrite)}, {"pwrite", onFile(fuzzPwrite)},
	{"lseek", onFile(func(h *fuzzHand, fd int) error {
		_, err := unix.Seek(fd, h.offset(), pick(h, 0, 1, 2, unix.SEEK_DATA, unix.SEEK_HOLE, 99))
		return err
	})},
	{"getdents", onFile(func(h *fuzzHand, fd int) error { _, err := unix.Getdents(fd, make([]byte, 32<<10)); return err })},
	{"getdents", fuzzList},
	{"stat", onPath(func(h *fuzzHand, p string) error { return unix.Lstat(p, new(unix.Stat_t)) })},
	{"stat", onPath(func(h *fuzzHand, p string) error { return unix.Stat(p, new(unix.Stat_t)) })},
	{"stat", onFile(func(h *fuzzHand, fd int) error { return unix.Fstat(fd, new(unix.Stat_t)) })},
	{"stat", onPath(func(h *fuzzHand, p string) error {
		return unix.Statx(unix.AT_FDCWD, p, pick(h, 0, unix.AT_STATX_FORCE_SYNC, unix.AT_STATX_DONT_SYNC), h.IntN(1<<12), new(unix.Statx_t))
	})},
	{"access", onPath(func(h *fuzzHand, p string) error { return unix.Access(p, uint32(h.IntN(8))) })},
	{"readlink", onPath(func(h *fuzzHand, p string) error {
		_, err := unix.Readlink(p, make([]byte, 1+h.IntN(4096)))
		return err
	})},
	{"statfs", onPath(func(h *fuzzHand, p string) error { return unix.Statfs(p, new(unix.Statfs_t)) })},
	{"setattr", onPath(func(h *fuzzHand, p string) error {
		return unix.Fchmodat(unix.AT_FDCWD, p, h.Uint32N(0o10000), unix.AT_SYMLINK_NOFOLLOW)
	})},
	{"setattr", onPath(func(h *fuzzHand, p string) error { return unix.Lchown(p, h.IntN(3)-1, h.IntN(3)-1) })},
	{"setattr", onPath(func(h *fuzzHand, p string) error {
		if isLink(p) {
			return errNothingOpen
		}
		return unix.Truncate(p, h.offset())
	})},
	{"setattr", onPath(func(h *fuzzHand, p string) error {
		return unix.UtimesNanoAt(unix.AT_FDCWD, p, []unix.Timespec{{Sec: h.Int64N(1e9)}, {Nsec: unix.UTIME_OMIT}}, 0)
	})},
	{"setattr", onFile(func(h *fuzzHand, fd int) error { return unix.Ftruncate(fd, h.offset()) })},
	{"xattr", onPath(fuzzXattr)},
	{"mmap", onFile(fuzzMmap)},
	{"ioctl", onFile(fuzzIoctl)},
	{"poll", onFile(func(h *fuzzHand, fd int) error {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: int16(h.IntN(1 << 11))}}, 0)
		return err
	})},
	{"fallocate", onFile(func(h *fuzzHand, fd int) error {
		return unix.Fallocate(fd, uint32(h.IntN(128)), h.offset(), h.offset())
	})},
	{"splice", onFile(fuzzSplice)},
	{"copy", onFile(fuzzCopy)},
	{"sync", onFile(func(h *fuzzHand, fd int) error { return pick(h, unix.Fsync, unix.Fdatasync)(fd) })},
	{"fadvise", onFile(func(h *fuzzHand, fd int) error { return unix.Fadvise(fd, h.offset(), h.Int64N(1<<20), h.IntN(7)) })},
	{"flock", onFile(func(h *fuzzHand, fd int) error {
		return unix.Flock(fd, pick(h, unix.LOCK_SH, unix.LOCK_EX, unix.LOCK_UN)|unix.LOCK_NB)
	})},
	{"lock", onFile(func(h *fuzzHand, fd int) error {
		return unix.FcntlFlock(uintptr(fd), pick(h, unix.F_SETLK, unix.F_GETLK), &unix.Flock_t{Type: int16(h.IntN(3)), Start: h.Int64N(1 << 20), Len: h.Int64N(100)})
	})},
	{"mkdir", onPath(func(h *fuzzHand, p string) error { return unix.Mkdir(p, 0o755) })},
	{"mknod", onPath(func(h *fuzzHand, p string) error {
		return unix.Mknod(p, pick[uint32](h, unix.S_IFIFO, unix.S_IFREG, unix.S_IFSOCK)|0o644, 0)
	})},
	{"symlink", onPath(func(h *fuzzHand, p string) error { return unix.Symlink("x", p) })},
	{"unlink", onPath(func(h *fuzzHand, p string) error { return unix.Unlink(p) })},
	{"rmdir", onPath(func(h *fuzzHand, p string) error { return unix.Rmdir(p) })},
	{"rename", onPaths(func(h *fuzzHand, a, b string) error {
		return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, pick[uint](h, 0, 0, unix.RENAME_NOREPLACE, unix.RENAME_EXCHANGE, unix.RENAME_WHITEOUT))
	})},
	{"link", onPaths(func(h *fuzzHand, a, b string) error {
		return unix.Linkat(unix.AT_FDCWD, a, unix.AT_FDCWD, b, pick(h, 0, unix.AT_SYMLINK_FOLLOW))
	})},
	{"inotify", onPath(func(h *fuzzHand, p string) error {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		_, err = unix.InotifyAddWatch(fd, p, unix.IN_ALL_EVENTS)
		return err
	})},
	{"handle", onPath(func(h *fuzzHand, p string) error { _, _, err := unix.NameToHandleAt(unix.AT_FDCWD, p, 0); return err })},
}

func onFile(do func(*fuzzHand, int) error) func(*fuzzHand) error {
	return func(h *fuzzHand) error {
		f, err := h.file()
		if err != nil {
			return err
		}
		h.doing("%s of %q", h.what, f.path)
		return do(h, f.fd)
	}
}

func onPath(do func(*fuzzHand, string) error) func(*fuzzHand) error {
	return func(h *fuzzHand) error {
		path, _ := h.path()
		h.doing("%s of %q", h.what, path)
		return do(h, path)
	}
}

func onPaths(do func(h *fuzzHand, a, b string) error) func(*fuzzHand) error {
	return func(h *fuzzHand) error {
		a, _ := h.path()
		b, _ := h.path()
		h.doing("%s of %q, %q", h.what, a, b)
		return do(h, a, b)
	}
}

// isLink: what links lead to, the programs, is not ours to change.
func isLink(path string) bool {
	return slices.Contains([]string{"curproc", "self", "file", "exe"}, filepath.Base(path))
}

// flags of opening: only targets are opened to be written to, and no links are
// followed.
func (h *fuzzHand) flags(ours bool) int {
	flags := unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOFOLLOW
	for _, f := range []int{unix.O_DIRECTORY, unix.O_APPEND, unix.O_PATH, unix.O_NOATIME, unix.O_DIRECT, unix.O_SYNC} {
		if h.IntN(20) == 0 {
			flags |= f
		}
	}
	if ours {
		flags |= pick(h, unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, unix.O_RDWR)
		flags |= pick(h, 0, 0, 0, 0, 0, 0, unix.O_TRUNC, unix.O_CREAT, unix.O_CREAT|unix.O_EXCL, unix.O_TMPFILE)
	}
	return flags
}

func fuzzOpen(h *fuzzHand) error {
	path, ours := h.path()
	flags := h.flags(ours)
	h.doing("open of %q, %#x", path, flags)
	fd, err := unix.Open(path, flags, 0o644)
	if err == nil {
		h.keep(fd, path)
	}
	return err
}

func fuzzOpenat2(h *fuzzHand) error {
	path, _ := h.path()
	how := unix.OpenHow{Flags: unix.O_CLOEXEC | unix.O_NOFOLLOW, Resolve: uint64(h.IntN(32)) &^ unix.RESOLVE_BENEATH &^ unix.RESOLVE_IN_ROOT}
	h.doing("openat2 of %q, %+v", path, how)
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &how)
	if err == nil {
		h.keep(fd, path)
	}
	return err
}

// got counts what was read.
func (h *fuzzHand) got(n int, err error) error {
	h.Bytes += max(n, 0)
	return err
}

func fuzzPread(h *fuzzHand, fd int) error {
	return h.got(unix.Pread(fd, make([]byte, h.size()), h.offset()))
}

func fuzzPwrite(h *fuzzHand, fd int) error {
	_, err := unix.Pwrite(fd, h.word(), h.offset())
	return err
}

// word is something to write.
func (h *fuzzHand) word() []byte {
	if h.IntN(3) > 0 {
		return []byte(pick(h, "0", "stop", "cont", "cont\n", "usr1", "SIGTERM", "kill", "rtmin+1", "bogus", "", "\n", "-1", "2147483648", "1402000", strings.Repeat("x", 65)))
	}
	b := make([]byte, h.size())
	for i := range b[:min(len(b), 512)] {
		b[i] = byte(h.Uint32())
	}
	return b
}

// fuzzList opens a directory anew, for those that are open are at their end.
func fuzzList(h *fuzzHand) error {
	path := h.dir + pick(h, "", "/"+pick(h, h.pids...))
	h.doing("getdents of %q", path)
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for b := make([]byte, 1+h.IntN(4096)+280); ; {
		if n, err := unix.Getdents(fd, b); n <= 0 {
			return err
		}
	}
}

func fuzzXattr(h *fuzzHand, path string) (err error) {
	name := pick(h, "user.x", "security.selinux", "security.capability", "system.posix_acl_access", "trusted.overlay.x", "bogus")
	switch h.IntN(4) {
	case 0:
		_, err = unix.Lgetxattr(path, name, make([]byte, h.IntN(100)))
	case 1:
		_, err = unix.Llistxattr(path, make([]byte, h.IntN(100)))
	case 2:
		err = unix.Lsetxattr(path, name, []byte("value"), h.IntN(3))
	default:
		err = unix.Lremovexattr(path, name)
	}
	return err
}

// fuzzMmap touches what it maps, which is a fault.
func fuzzMmap(h *fuzzHand, fd int) error {
	b, err := unix.Mmap(fd, h.offset()&^4095, 4096*(1+h.IntN(3)), pick(h, unix.PROT_READ, unix.PROT_READ|unix.PROT_WRITE, unix.PROT_NONE), pick(h, unix.MAP_PRIVATE, unix.MAP_SHARED))
	if err != nil {
		return err
	}
	defer unix.Munmap(b)
	h.Bytes += int(b[0])
	return nil
}

func fuzzIoctl(h *fuzzHand, fd int) error {
	var room [16 << 10]byte
	command := pick[uint](h, unix.TCGETS, unix.TIOCGWINSZ, unix.TIOCINQ, unix.FS_IOC_GETFLAGS, 0x80087601, unix.BLKGETSIZE64, 2<<30|4096<<16|'p'<<8|1, uint(h.Uint32()))
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(command), uintptr(unsafe.Pointer(&room[0])))
	if errno != 0 {
		return errno
	}
	return nil
}

// fuzzSplice goes through a pipe that has room, in either direction.
func fuzzSplice(h *fuzzHand, fd int) error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return err
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	if h.IntN(2) == 0 {
		_, err := unix.Splice(fd, nil, pipe[1], nil, 4096, unix.SPLICE_F_NONBLOCK)
		return err
	}
	if _, err := unix.Write(pipe[1], []byte("0")); err != nil {
		return err
	}
	_, err := unix.Splice(pipe[0], nil, fd, nil, 1, unix.SPLICE_F_NONBLOCK)
	return err
}

func fuzzCopy(h *fuzzHand, fd int) error {
	f, err := h.file()
	if err != nil {
		return err
	}
	_, err = unix.CopyFileRange(fd, nil, f.fd, nil, 4096, 0)
	return err
}
