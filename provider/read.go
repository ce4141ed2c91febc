package provider

import (
	"io"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Raw system calls on /proc. The os package would register each descriptor
// with the poller and ask for its flags: five more calls a file. The unix
// package would copy each name to the heap.

// nameRoom holds the names of nearly all files, with the NUL that ends them.
const nameRoom = 64

// cname copies name to buf, or to the heap where that is too small, and ends
// it with NUL; nil for a name with a NUL in it.
func cname(buf *[nameRoom]byte, name string) *byte {
	if strings.IndexByte(name, 0) >= 0 {
		return nil
	}
	if len(name) < nameRoom {
		buf[copy(buf[:], name)] = 0
		return &buf[0]
	}
	return &append([]byte(name), 0)[0]
}

func openat(dir int, name string, flags int) (int, error) {
	var buf [nameRoom]byte
	path := cname(&buf, name)
	if path == nil {
		return -1, unix.EINVAL
	}
	for {
		fd, errno := openatOnce(dir, path, flags|unix.O_CLOEXEC)
		if errno == 0 {
			return fd, nil
		}
		if errno != unix.EINTR {
			return -1, errno
		}
	}
}

func openatOnce(dir int, path *byte, flags int) (int, unix.Errno) {
	if faulty {
		if errno := fault("openat"); errno != 0 {
			return -1, errno
		}
	}
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(flags), 0, 0, 0)
	return int(fd), errno
}

// fdReader reads a descriptor sequentially.
type fdReader int

func (fd fdReader) Read(b []byte) (int, error) {
	n, err := readRetry(int(fd), faultRoom("read", b))
	if n == 0 && err == nil && len(b) > 0 {
		return 0, io.EOF
	}
	return n, err
}

func readRetry(fd int, b []byte) (int, error) {
	for {
		n, err := readOnce(fd, b)
		if err == unix.EINTR {
			continue
		}
		return max(n, 0), err
	}
}

func readOnce(fd int, b []byte) (int, error) {
	if faulty {
		if errno := fault("read"); errno != 0 {
			return -1, errno
		}
	}
	return unix.Read(fd, b)
}

// readMore is how much room a read of unknown length asks for at least.
const readMore = 512

// readAll is appendAll or appendRecord.
type readAll func(dst []byte, fd, limit int) ([]byte, error)

// appendAll appends what fd still gives, up to limit bytes in all; more than
// that is ErrTooBig.
func appendAll(dst []byte, fd, limit int) ([]byte, error) {
	start := len(dst)
	for {
		if cap(dst)-len(dst) < readMore {
			dst = slices.Grow(dst, max(readMore, len(dst)))
		}
		n, err := readRetry(fd, faultRoom("read", dst[len(dst):cap(dst)]))
		if err != nil {
			return dst[:start], err
		}
		if n == 0 {
			return dst, nil
		}
		dst = dst[:len(dst)+n]
		if len(dst)-start > limit {
			return dst[:start], ErrTooBig
		}
	}
}

// appendRecord is appendAll for files that the kernel writes as one record: a
// read that does not fill its room was the last.
func appendRecord(dst []byte, fd, limit int) ([]byte, error) {
	if cap(dst)-len(dst) < readMore {
		dst = slices.Grow(dst, readMore)
	}
	n, err := readRetry(fd, dst[len(dst):cap(dst)])
	if err != nil {
		return dst, err
	}
	all := dst[:len(dst)+n]
	if len(all) == cap(dst) {
		rest, err := appendAll(all, fd, max(limit-n, 0))
		if err != nil {
			return dst, err
		}
		return rest, nil
	}
	if n > limit {
		return dst, ErrTooBig
	}
	return all, nil
}

// appendOnce is appendAll for what lies in a process's memory: all in one read,
// as the next one may be of another program's, after exec, or of nothing, after
// the process's end. A read that does not fill its room has come to the end.
func appendOnce(dst []byte, fd, limit int) ([]byte, error) {
	all := slices.Grow(dst, readMore)
	for {
		room := all[len(all):cap(all)]
		n, err := pread(fd, room, 0)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return dst, err
		case n > limit:
			return dst, ErrTooBig
		case n < len(room):
			return all[:len(all)+n], nil
		default:
			all = slices.Grow(all, 2*len(room))
		}
	}
}

// preadRecord is appendRecord from the start of a file.
func preadRecord(dst []byte, fd, limit int) ([]byte, error) {
	for {
		n, err := pread(fd, dst[:cap(dst)], 0)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return dst, err
		case n < cap(dst):
			return dst[:n], nil
		case n > limit:
			return dst, ErrTooBig
		default:
			dst = make([]byte, 0, 2*cap(dst))
		}
	}
}

// readlinkat reads a link whole.
func readlinkat(dir int, name string) (string, error) {
	var buf [256]byte
	n, err := readlinkInto(dir, name, buf[:])
	if err != nil {
		return "", err
	}
	if n < len(buf) {
		return string(buf[:n]), nil
	}
	return longLink(dir, name)
}

// linkMost is the longest link that the kernel writes: a page.
const linkMost = 4096

func longLink(dir int, name string) (string, error) {
	buf := make([]byte, linkMost)
	n, err := readlinkInto(dir, name, buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

func readlinkInto(dir int, name string, buf []byte) (int, error) {
	var room [nameRoom]byte
	path := cname(&room, name)
	if path == nil {
		return 0, unix.EINVAL
	}
	if faulty {
		if errno := fault("readlinkat"); errno != 0 {
			return 0, errno
		}
	}
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// fstatat is stat(2) of a name below dir.
func fstatat(dir int, name string, st *unix.Stat_t, flags int) error {
	var room [nameRoom]byte
	path := cname(&room, name)
	if path == nil {
		return unix.EINVAL
	}
	if faulty {
		if errno := fault("newfstatat"); errno != 0 {
			return errno
		}
	}
	_, _, errno := unix.Syscall6(sysFstatat, uintptr(dir), uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(st)), uintptr(flags), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
