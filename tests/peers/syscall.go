package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The floor's system calls: by way of the Go scheduler, as any library's that
// may sleep in them, and nothing else around them.

func open(at int, name *byte, flags int) (int, error) {
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(name)),
		uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

func closeFD(fd int) { unix.Syscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

func read(fd int, buf []byte) (int, error) { return into(unix.SYS_READ, fd, buf) }

func getdents(fd int, buf []byte) (int, error) { return into(unix.SYS_GETDENTS64, fd, buf) }

func into(call uintptr, fd int, buf []byte) (int, error) {
	n, _, errno := unix.Syscall(call, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func readlink(at int, name *byte, buf []byte) error {
	_, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(at), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func stat(at int, name *byte, st *unix.Stat_t) error {
	_, _, errno := unix.Syscall6(sysFstatat, uintptr(at), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(st)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// readOnce opens a file, reads once and closes it. No text at all is the
// kernel's way to say that the process has just gone.
func readOnce(at int, name *byte, buf []byte) (int, error) {
	fd, err := open(at, name, unix.O_RDONLY)
	if err != nil {
		return 0, err
	}
	n, err := read(fd, buf)
	closeFD(fd)
	if err == nil && n == 0 {
		err = unix.ESRCH
	}
	return n, err
}

// readToEnd is readOnce until there is no more.
func readToEnd(at int, name *byte, buf []byte) (total int, err error) {
	fd, err := open(at, name, unix.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer closeFD(fd)
	for {
		n, err := read(fd, buf)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// eachEntry hands the names of a directory to yield, with the directory.
func eachEntry(at int, name *byte, buf []byte, yield func(dir int, name *byte) error) error {
	fd, err := open(at, name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer closeFD(fd)
	for {
		n, err := getdents(fd, buf)
		if err == nil && n > 0 {
			err = eachName(fd, buf[:n], yield)
		}
		if err != nil || n == 0 {
			return err
		}
	}
}

// eachName takes the names out of what getdents gave: u64 inode, s64 offset,
// u16 record length, u8 type, name and NUL.
func eachName(fd int, b []byte, yield func(dir int, name *byte) error) error {
	const lengthAt, nameAt = 16, 19
	for len(b) > nameAt {
		if err := yield(fd, &b[nameAt]); err != nil {
			return err
		}
		b = b[*(*uint16)(unsafe.Pointer(&b[lengthAt])):]
	}
	return nil
}

func readlinks(at int, dir *byte, entries, buf []byte) error {
	return eachEntry(at, dir, entries, func(fd int, name *byte) error {
		if *name == '.' {
			return nil
		}
		return readlink(fd, name, buf)
	})
}
