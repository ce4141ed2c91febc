package provider

import (
	"errors"
	"iter"

	"golang.org/x/sys/unix"
)

// Signal sends signal sig to p as the caller: where kill(2) would let the caller
// do it, and with the caller's process and real user in the siginfo (si_code is
// SI_QUEUE). 0 sends nothing and asks only. The signal cannot reach another
// process, even if p exits meanwhile (Linux 5.1).
//
// It is EPERM where the caller may not, ErrGone where p has exited, EINVAL for
// no signal's number, EAGAIN where p's user has no room for a real-time signal.
// Less is granted than kill(2) would: nothing to callers of another user
// namespace, in a possible sandbox or of another label, nothing on ourselves; a
// caller counts as the user of its request alone, where kill(2) looks at its
// real and its effective user; and SIGCONT needs the right of the other
// signals, the same session is not enough.
func (c *Caller) Signal(p *Process, sig int) error {
	err := c.admit(p)
	if err == nil {
		err = c.signal(p, unix.Signal(sig))
	}
	if err == errDenied {
		err = unix.EPERM
	}
	if err != nil {
		return p.fail("kill", "", err)
	}
	return nil
}

func (c *Caller) signal(p *Process, sig unix.Signal) error {
	id := c.status.UID
	if c.UID != id.Effective && c.UID != id.Real { // a file-system id of its own
		return unix.EPERM
	}
	dir, err := p.open(".", unix.O_RDONLY|unix.O_DIRECTORY) // O_PATH is no pidfd
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return c.auth.lender.asSender(c.cred, c.mayKill(p), func() error {
		if sig == unix.SIGCONT { // the kernel grants it within the session: ours
			if err := pidfdSendSignal(dir, 0, c.siginfo(0)); err != nil {
				return err
			}
		}
		return pidfdSendSignal(dir, sig, c.siginfo(sig))
	})
}

// siginfo is as sigqueue(3) of the caller would make it. The kernel translates
// the user into the target's namespace.
func (c *Caller) siginfo(sig unix.Signal) *unix.Siginfo {
	const siQueue = -1
	info := &unix.Siginfo{Signo: int32(sig), Code: siQueue}
	*(*sender)(siginfoFields(info)) = sender{pid: int32(c.status.TGID), uid: c.status.UID.Real}
	return info
}

// sender are the fields of a siginfo_t about who sent it.
type sender struct {
	pid   int32
	uid   uint32
	value uintptr
}

// mayKill is kill(2)'s rule in our words, for where the kernel cannot be asked
// without lending it our real user.
func (c *Caller) mayKill(p *Process) func() error {
	return func() error {
		if c.cred.Effective.Has(unix.CAP_KILL) {
			return nil
		}
		var s Status
		if err := p.Status(&s); err != nil {
			return err
		}
		if c.UID != s.UID.Real && c.UID != s.UID.Saved {
			return unix.EPERM
		}
		return nil
	}
}

// groupPasses bounds the search for members that join while it goes on.
const groupPasses = 8

// Group walks the processes of a process group, each pinned until the next and
// closed then. Ourselves and process 1 are never among them, and a group that is
// not of this pid namespace (0) is empty. It looks again until it finds no new
// one; in a group that grows as fast as it is walked some may be missed.
func (f *FS) Group(pgrp int) iter.Seq2[*Process, error] {
	return func(yield func(*Process, error) bool) {
		seen := make(map[int]bool)
		for range groupPasses {
			pids, err := f.PIDs(nil)
			if err != nil {
				yield(nil, err)
				return
			}
			before := len(seen)
			for _, pid := range pids {
				if !seen[pid] && !f.member(pid, pgrp, seen, yield) {
					return
				}
			}
			if len(seen) == before {
				return
			}
		}
	}
}

// member yields the process of that number if it is of the group.
func (f *FS) member(pid, pgrp int, seen map[int]bool, yield func(*Process, error) bool) bool {
	if pid == 1 || pid == f.self || pgrp <= 0 {
		return true
	}
	p, err := f.Open(pid)
	if err == nil {
		defer p.Close()
		var s Stat
		if err = p.Stat(&s); err == nil && s.PGRP != pgrp {
			return true
		}
	}
	if errors.Is(err, ErrGone) {
		return true
	}
	seen[pid] = true
	if err != nil {
		return yield(nil, err)
	}
	return yield(p, nil)
}
