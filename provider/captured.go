package provider

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A captured tree is what somebody has put there, who may be hostile: a link
// could have us read, or write, what only we may; to open a FIFO may wait for
// ever, and to open a device may do anything. So nothing but plain files and
// directories is opened there, and those only to be read.

// openat opens a file below at, which is a directory of this root.
func (f *FS) openat(at int, name string, flags int) (int, error) {
	if f.proc {
		return openat(at, name, flags)
	}
	if flags&(unix.O_ACCMODE|unix.O_CREAT|unix.O_TRUNC) != 0 {
		return -1, ErrNotSupported
	}
	return openCaptured(at, name, flags)
}

// openCaptured goes down to name without following a link.
func openCaptured(at int, name string, flags int) (int, error) {
	first, rest, more := strings.Cut(name, "/")
	if !more {
		return openPlain(at, name, flags)
	}
	dir, err := openPlain(at, first, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	return openCaptured(dir, rest, flags)
}

// openPlain opens a file or directory; one that becomes another kind of thing
// meanwhile is neither followed nor waited for.
func openPlain(at int, name string, flags int) (int, error) {
	var st unix.Stat_t
	if err := fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return -1, err
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFDIR {
		return -1, fmt.Errorf("%w: neither a file nor a directory", ErrMalformed)
	}
	return openat(at, name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK)
}

// readlinkat reads a link below at, which is a directory of this root.
func (f *FS) readlinkat(at int, name string) (string, error) {
	i := strings.LastIndexByte(name, '/')
	if f.proc || i < 0 {
		return readlinkat(at, name)
	}
	dir, err := openCaptured(at, name[:i], unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return "", err
	}
	defer unix.Close(dir)
	return readlinkat(dir, name[i+1:])
}
