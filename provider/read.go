package provider

import (
	"io"
	"slices"

	"golang.org/x/sys/unix"
)

// Raw system calls on /proc. The os package would register each descriptor
// with the poller and ask for its flags: five more calls a file.

func openat(dir int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// fdReader reads a descriptor sequentially.
type fdReader int

func (fd fdReader) Read(b []byte) (int, error) {
	n, err := readRetry(int(fd), b)
	if n == 0 && err == nil && len(b) > 0 {
		return 0, io.EOF
	}
	return n, err
}

func readRetry(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR {
			continue
		}
		return max(n, 0), err
	}
}

// readMore is how much room a read of unknown length asks for at least.
const readMore = 512

// appendAll appends what fd still gives, up to limit bytes in all; more than
// that is ErrTooBig.
func appendAll(dst []byte, fd, limit int) ([]byte, error) {
	start := len(dst)
	for {
		if cap(dst)-len(dst) < readMore {
			dst = slices.Grow(dst, max(readMore, len(dst)))
		}
		n, err := readRetry(fd, dst[len(dst):cap(dst)])
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

// readlinkat reads a link whole.
func readlinkat(dir int, name string) (string, error) {
	buf := make([]byte, 256)
	for {
		n, err := unix.Readlinkat(dir, name, buf)
		if err != nil {
			return "", err
		}
		if n < len(buf) {
			return string(buf[:n]), nil
		}
		buf = make([]byte, 4*len(buf))
	}
}
