package provider

import "golang.org/x/sys/unix"

// Process is one process, pinned by a descriptor of its /proc directory: once
// it has exited and was waited for every method fails with ErrGone, whoever has
// its number then.
// Methods may be called concurrently; Close only after them. Those that a
// [Task] has too read the file of the process, which mostly is its main
// thread's.
type Process struct{ dir }

// PID is the number that the process was opened by.
func (p *Process) PID() int { return p.pid }

// Stat reads /proc/PID/stat into s.
func (d *dir) Stat(s *Stat) error { return d.parse("stat", s) }

// Status reads /proc/PID/status into s, reusing its lists.
func (d *dir) Status(s *Status) error { return d.parse("status", s) }

// Limits reads /proc/PID/limits (2.6.24) into l, reusing its list.
func (d *dir) Limits(l *Limits) error { return d.parse("limits", l) }

// root reads the link /proc/PID/root: "" where it is our own.
func (p *Process) root() (string, error) {
	text, err := p.Readlink("root")
	if err != nil || text == "/" {
		return "", err
	}
	return text, nil
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
