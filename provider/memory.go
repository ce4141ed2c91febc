package provider

import (
	"errors"
	"math"
	"strconv"

	"golang.org/x/sys/unix"
)

// Memory is a process's memory (/proc/PID/mem), bound to the address space
// that the process had when it was opened: after an exec or exit every access
// is ErrGone.
type Memory struct {
	p  dir // for its errors
	fd int
}

// OpenMemory opens the memory of p with the caller's rights; flags are
// unix.O_RDONLY, O_WRONLY or O_RDWR.
func (c *Caller) OpenMemory(p *Process, flags int) (*Memory, error) {
	fd, err := c.openMem(p, flags&unix.O_ACCMODE)
	if err != nil {
		return nil, err
	}
	return &Memory{p: p.forErrors(), fd: fd}, nil
}

// openMem opens the memory by the main thread, or where that has exited by the
// lowest living one: the thread that a [Tracer] takes.
func (c *Caller) openMem(p *Process, flags int) (int, error) {
	fd, err := c.Open(p, "mem", flags)
	if !errors.Is(err, ErrGone) && !errors.Is(err, ErrNotSupported) {
		return fd, err
	}
	var s Stat
	tid, threadErr := p.firstThread(&s)
	if threadErr != nil || tid == p.pid {
		return -1, err
	}
	return c.Open(p, "task/"+strconv.Itoa(tid)+"/mem", flags)
}

// Close releases the descriptor.
func (m *Memory) Close() error { return closeOnce(&m.fd) }

// ReadAt reads up to len(b) bytes at an address. It stops short at the first
// page that is not there; if that is the first one the error is EFAULT.
func (m *Memory) ReadAt(b []byte, address int64) (int, error) {
	return m.access("read", b, address, preadPart)
}

// WriteAt writes b at an address, through the kernel's forced private copy
// where the page is not writable. It stops short as ReadAt does.
func (m *Memory) WriteAt(b []byte, address int64) (int, error) {
	return m.access("write", b, address, pwrite)
}

func (m *Memory) access(op string, b []byte, address int64, call func(int, []byte, int64) (int, error)) (int, error) {
	switch {
	case address < 0:
		return 0, m.p.fail(op, "mem", unix.EINVAL)
	case len(b) == 0:
		return 0, nil
	case address == math.MaxInt64: // no room for one byte: not the end of the address space
		return 0, m.p.fail(op, "mem", unix.EFAULT)
	}
	b = b[:min(int64(len(b)), math.MaxInt64-address)]
	n, err := call(m.fd, b, address)
	for err == unix.EINTR {
		n, err = call(m.fd, b, address)
	}
	switch {
	case err == nil && n == 0: // the address space is gone
		return 0, m.p.fail(op, "mem", ErrGone)
	case errors.Is(err, unix.EIO) || errors.Is(err, unix.EACCES):
		return 0, m.p.fail(op, "mem", unix.EFAULT)
	case err != nil:
		return 0, m.p.fail(op, "mem", err)
	}
	return n, nil
}
