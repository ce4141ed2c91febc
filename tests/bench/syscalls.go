package main

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// path ends with a NUL, so that opening it allocates nothing.
type path []byte

func pathOf(elem ...string) path { return append([]byte(strings.Join(elem, "/")), 0) }

func (p path) String() string { return string(p[:len(p)-1]) }

func (p path) open() (int, error) {
	for {
		at := unix.AT_FDCWD
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&p[0])), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR: // the Go runtime's own signals
		default:
			return -1, fmt.Errorf("open %s: %w", p, errno)
		}
	}
}

func read(fd int, p path, buf []byte) (int, error) {
	for {
		n, err := unix.Read(fd, buf)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
		default:
			return 0, fmt.Errorf("read %s: %w", p, err)
		}
	}
}

// Reads ask for as much as programs do: a line takes a page, cat(1) and its
// like read 128 KiB at a time. The kernel pins what FUSE is asked for, page by
// page, however little comes.
const (
	lineRoom = 4 << 10
	textRoom = 128 << 10
)

// once opens, reads once and closes.
func (p path) once(buf []byte) (int, error) {
	fd, err := p.open()
	if err != nil {
		return 0, err
	}
	n, err := read(fd, p, buf[:lineRoom])
	unix.Close(fd)
	if err == nil && n == 0 {
		err = fmt.Errorf("read %s: nothing", p)
	}
	return n, err
}

// whole opens, reads to the end and closes.
func (p path) whole(buf []byte) (int, error) {
	fd, err := p.open()
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	for all := 0; ; {
		n, err := read(fd, p, buf[all:min(all+textRoom, len(buf))])
		if n == 0 || err != nil {
			return all, err
		}
		all += n
		if all == len(buf) {
			return all, fmt.Errorf("read %s: longer than %d", p, all)
		}
	}
}

// list counts the names in a directory, as a C library would read them.
func (p path) list(buf []byte) (int, error) {
	fd, err := p.open()
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	for names := 0; ; {
		n, err := unix.ReadDirent(fd, buf[:32<<10])
		if n == 0 || err != nil {
			return names, err
		}
		names += countEntries(buf[:n])
	}
}

// countEntries of getdents64(2); the length of each follows two 64-bit numbers.
func countEntries(b []byte) (n int) {
	for ; len(b) > 0; n++ {
		b = b[binary.NativeEndian.Uint16(b[16:]):]
	}
	return n
}

// pread of an open file.
func pread(fd int, buf []byte, offset int64) (int, error) {
	for {
		n, err := unix.Pread(fd, buf, offset)
		switch {
		case err == nil && n > 0:
			return n, nil
		case err == nil:
			return 0, fmt.Errorf("pread at %#x: nothing", offset)
		case err != unix.EINTR:
			return 0, fmt.Errorf("pread at %#x: %w", offset, err)
		}
	}
}
