package provider

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// OpenMemory opens the memory of the process (/proc/PID/mem) with our own
// rights; flags are unix.O_RDONLY, O_WRONLY or O_RDWR. It takes the right to
// attach to the process (PTRACE_MODE_ATTACH_FSCREDS); whoever answers for
// others uses [Caller.OpenMemory]. Where the main thread has exited the memory
// is opened by one that lives. A kernel thread has none: ErrNotSupported.
//
// Read it with ReadAt at addresses of mappings; an io.SectionReader makes it a
// stream. From Linux 6.12 on a kernel may be configured to refuse writing to
// what is not writable.
func (p *Process) OpenMemory(flags int) (*Memory, error) {
	m, err := p.openMemory("mem", flags)
	if !errors.Is(err, ErrGone) {
		return m, err
	}
	var s Stat
	tid, threadErr := p.firstThread(&s)
	if threadErr != nil || tid == p.pid {
		return nil, err
	}
	return p.openMemory("task/"+strconv.Itoa(tid)+"/mem", flags)
}

// OpenMemory opens the memory of the thread's process, see [Process.OpenMemory].
func (t *Task) OpenMemory(flags int) (*Memory, error) { return t.openMemory("mem", flags) }

func (d *dir) openMemory(file string, flags int) (*Memory, error) {
	fd, err := d.fs.openat(d.fd, file, flags&unix.O_ACCMODE)
	if err != nil {
		return nil, d.fail("open", file, d.noSpace(d.missing(file, err)))
	}
	m := &Memory{p: d.forErrors(), fd: fd}
	if err := m.there(); err != nil {
		m.Close()
		return nil, d.fail("open", file, d.noSpace(err))
	}
	return m, nil
}

// there is ErrGone where no address space is behind the descriptor: kernels
// before 6.17 open that of a zombie, or of a kernel thread, all the same.
func (m *Memory) there() error {
	var first [1]byte
	n, err := pread(m.fd, first[:], 0)
	if n == 0 && err == nil {
		return ErrGone
	}
	return nil // EIO: there is nothing at 0, but it is there; EBADF: only for writing
}
