package provider

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Load reads who the caller is, once. Other methods do so when they need it; do
// it first where the answer may be looked at later than the caller waits. On
// any doubt it fails, and the caller is refused.
func (c *Caller) Load() error {
	if err := c.who(); err != nil {
		return err
	}
	return c.loadRoot()
}

// who is Load of all but the root directory, which few answers depend on.
func (c *Caller) who() error {
	if !c.loaded {
		c.loaded = true
		c.loadErr = c.read()
	}
	return c.loadErr
}

func (c *Caller) loadRoot() error {
	if !c.rooted {
		c.rooted = true
		c.root, c.rootErr = c.readRoot()
	}
	return c.rootErr
}

func (c *Caller) readRoot() (string, error) {
	task, err := c.auth.proc.Open(c.tid)
	if err != nil {
		return "", err
	}
	defer task.Close()
	return task.root()
}

// read needs not ask first whether who is kept under the number is still
// there: its status would say so.
func (c *Caller) read() error {
	task, err := c.auth.proc.openUnasked(c.tid)
	if err != nil {
		return err
	}
	err = c.readOf(task)
	task.Close()
	if task.kept == nil || !errors.Is(err, ErrGone) {
		return err
	}
	if task, err = c.auth.proc.Open(c.tid); err != nil {
		return err
	}
	defer task.Close()
	return c.readOf(task)
}

func (c *Caller) readOf(task *Process) error {
	err := task.parseKept(keptStatus, (*statusRights)(&c.status))
	if err != nil {
		return err
	}
	if c.user, err = task.userNamespace(c.auth.userNS.Dev); err != nil {
		return err
	}
	c.foreign = c.user != c.auth.userNS
	if c.worker, err = c.isWorker(task); err != nil {
		return err
	}
	c.boxed = c.worker || c.auth.landlock && c.status.NoNewPrivs
	c.cred = Credentials{UID: c.UID, GID: c.GID}
	if c.itself() && !c.foreign {
		c.cred.Effective = c.status.CapEff
	}
	return c.readLabel()
}

// isWorker reports whether the thread is io_uring's or the kernel's own: it acts
// with the rights of whoever gave it the work, and shows others, which may be
// those of long ago.
func (c *Caller) isWorker(task *Process) (bool, error) {
	if !c.status.mayBeWorker() {
		return false, nil
	}
	var s Stat
	err := task.Stat(&s)
	return s.Flags&(PFIOWorker|PFUserWorker|PFKthread) != 0, err
}

// mayBeWorker is false for nearly all others, and spares them a look at stat. Of a
// worker of io_uring all signals are blocked but two (since Linux 5.12, before it
// was a thread of the kernel), and a thread of the kernel ignores SIGSTOP.
func (s *Status) mayBeWorker() bool {
	const kill, stop = 1 << (unix.SIGKILL - 1), 1 << (unix.SIGSTOP - 1)
	return s.SigBlk == ^uint64(kill|stop) || s.SigIgn&stop != 0
}

// itself reports whether the request's ids are the thread's own: a request may
// come with lent ones (io_uring, overlayfs), and with them nothing else counts.
func (c *Caller) itself() bool {
	return !c.worker && c.status.UID.FS == c.UID && c.status.GID.FS == c.GID
}

func (c *Caller) readLabel() (err error) {
	if c.auth.labels {
		c.label, err = c.auth.proc.label(c.tid)
	}
	return err
}
