package provider

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Process is one process, pinned by a descriptor of its /proc directory: once
// it has exited and was waited for every method fails with ErrGone, whoever has
// its number then.
// Methods may be called concurrently; Close only after them. Those that a
// [Task] has too read the file of the process, which mostly is its main
// thread's.
type Process struct{ dir }

// PID is the number that the process was opened by.
func (p *Process) PID() int { return p.pid }

// Close gives the process back to its root where that keeps it, else it
// releases the descriptor.
func (p *Process) Close() error {
	if p.kept != nil {
		return p.kept.by.give(p.kept)
	}
	return p.dir.Close()
}

// Stat reads /proc/PID/stat into s.
func (d *dir) Stat(s *Stat) error { return d.statInto(s, s) }

// StatHead is Stat of the first 22 fields alone, up to StartTime; the others
// are not looked at.
func (d *dir) StatHead(s *Stat) error { return d.statInto(s, (*statHead)(s)) }

func (d *dir) statInto(s *Stat, into Parser) error {
	err := d.parseKept(keptStat, into)
	if err == nil && d.kept != nil {
		d.kept.remember(s)
	}
	return err
}

// Status reads /proc/PID/status into s, reusing its lists.
func (d *dir) Status(s *Status) error { return d.parseKept(keptStatus, s) }

// StatusHead is Status of the lines up to NSpid; the others may be left out,
// but for those that Alive needs.
func (d *dir) StatusHead(s *Status) error {
	err := d.parseKept(keptStatus, (*statusHead)(s))
	if err == nil && s.TGID == d.pid && atomic.LoadUint32(&d.leads) == 0 {
		atomic.StoreUint32(&d.leads, 1)
	}
	return err
}

// Limits reads /proc/PID/limits (2.6.24) into l, reusing its list.
func (d *dir) Limits(l *Limits) error { return d.parseKept(keptLimits, l) }

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
	fd, err := pidfdOpen(p.pid, 0)
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
