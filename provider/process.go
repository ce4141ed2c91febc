package provider

import (
	"bytes"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// Process is one process, pinned by a descriptor of its /proc directory: once
// it has exited every method fails with ErrGone, whoever has its number then.
// Methods may be called concurrently; Close only after them.
type Process struct {
	fs  *FS
	fd  int
	pid int
}

// PID is the number that the process was opened by.
func (p *Process) PID() int { return p.pid }

// Close releases the descriptor.
func (p *Process) Close() error { return unix.Close(p.fd) }

// Stat reads /proc/PID/stat into s.
func (p *Process) Stat(s *Stat) error { return p.parse("stat", s) }

// Status reads /proc/PID/status into s, reusing its lists.
func (p *Process) Status(s *Status) error { return p.parse("status", s) }

// Limits reads /proc/PID/limits into l.
func (p *Process) Limits(l *Limits) error { return p.parse("limits", l) }

type parser interface{ Parse([]byte) error }

func (p *Process) parse(file string, into parser) error {
	buf := p.fs.buffer()
	defer p.fs.release(buf)
	text, err := p.Read(file, (*buf)[:0], maxText)
	if err != nil {
		return err
	}
	*buf = text
	if len(text) == 0 { // it exited between open and read
		return p.fail("read", file, ErrGone)
	}
	if err := into.Parse(text); err != nil {
		return p.fail("parse", file, err)
	}
	return nil
}

// maxText bounds the texts that are parsed whole. The longest real one is a
// status with 65,536 supplementary groups.
const maxText = 1 << 20

// Read appends the whole of a file below /proc/PID to dst: at most limit
// bytes, more is ErrTooBig.
func (p *Process) Read(file string, dst []byte, limit int) ([]byte, error) {
	fd, err := p.open(file, unix.O_RDONLY)
	if err != nil {
		return dst, err
	}
	defer unix.Close(fd)
	out, err := appendAll(dst, fd, limit)
	if err != nil {
		return dst, p.fail("read", file, err)
	}
	return out, nil
}

// Cmdline appends /proc/PID/cmdline to dst: the arguments as the process left
// them, each ended by NUL unless it rewrote them; empty for a kernel thread.
// At most limit bytes, more is ErrTooBig.
func (p *Process) Cmdline(dst []byte, limit int) ([]byte, error) {
	return p.Read("cmdline", dst, limit)
}

// Exe reads the link /proc/PID/exe; " (deleted)" is the kernel's.
func (p *Process) Exe() (string, error) {
	text, err := readlinkat(p.fd, "exe")
	if err != nil {
		return "", p.fail("readlink", "exe", p.missing("exe", err))
	}
	return text, nil
}

// root reads the link /proc/PID/root: "" where it is our own.
func (p *Process) root() (string, error) {
	text, err := readlinkat(p.fd, "root")
	if err != nil {
		return "", p.fail("readlink", "root", p.missing("root", err))
	}
	if text == "/" {
		return "", nil
	}
	return text, nil
}

// Namespace identifies the process's namespace of a kind: "pid", "user",
// "uts" … (Linux 3.8).
func (p *Process) Namespace(kind string) (Namespace, error) {
	ns, err := namespaceAt(p.fd, "ns/"+kind)
	if err != nil {
		return ns, p.fail("stat", "ns/"+kind, p.missing("ns/"+kind, err))
	}
	return ns, nil
}

// PIDFD opens a pidfd of the process (Linux 5.3): only where its procfs shows
// the caller's own pid namespace, else it is ErrNotSupported. The caller
// closes it.
func (p *Process) PIDFD() (int, error) {
	if !p.fs.local { // the number is somebody else's here
		return -1, p.fail("pidfd_open", "", ErrNotSupported)
	}
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return -1, p.fail("pidfd_open", "", classify(err))
	}
	// The number was ours before and is ours after: so it was in between.
	if err := p.Alive(); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Alive is nil while the process exists, zombies included, and ErrGone after
// that. Where hidepid= keeps the process from us it is a permission error.
func (p *Process) Alive() error {
	var st unix.Stat_t
	err := unix.Fstatat(p.fd, "stat", &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == nil:
		return nil
	case isMissing(err):
		err = ErrGone
	}
	return p.fail("stat", "stat", err)
}

func (p *Process) open(file string, flags int) (int, error) {
	fd, err := openat(p.fd, file, flags)
	if err != nil {
		return -1, p.fail("open", file, p.missing(file, err))
	}
	return fd, nil
}

// missing tells why a file below a pinned directory is not there: because the
// process is gone, or because this kernel or this kind of process lacks it.
func (p *Process) missing(file string, err error) error {
	if !isMissing(err) {
		return err
	}
	if file == "stat" || errors.Is(p.Alive(), ErrGone) {
		return ErrGone
	}
	return ErrNotSupported
}

func (p *Process) fail(op, file string, err error) error {
	if e, ok := err.(*Error); ok { // a parser's, which knows no process
		if e.PID == 0 {
			e.PID = p.pid
		}
		return e
	}
	return &Error{Op: op, PID: p.pid, File: file, Err: classify(err)}
}

// fdinfoPID reads the Pid: line of an fdinfo text.
func fdinfoPID(text []byte) (int, bool) {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("Pid:")); ok {
			n, err := strconv.Atoi(string(bytes.TrimSpace(rest)))
			return n, err == nil
		}
	}
	return 0, false
}
