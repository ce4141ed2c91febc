package provider

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// parkedUID is the real user of a thread that sends a signal for a caller. It
// must be nobody's: kill(2) looks at the sender's real user too, where ours
// would let callers signal our own processes; and the caller's would let the
// caller signal this thread.
const parkedUID = 4294967293

// asSender is as for sending a signal: the real user is parked meanwhile. Where
// that user does not exist (in a user namespace that does not map it) ours
// remains, and allowed must agree to what the kernel would say.
func (l *lender) asSender(c Credentials, allowed, fn func() error) error {
	if l.covers(c) && uint32(unix.Getuid()) == c.UID {
		return fn()
	}
	runtime.LockOSThread()
	real := uint32(unix.Getuid())
	defer func() {
		l.leave()
		l.unpark(real)
		runtime.UnlockOSThread()
	}()
	if err := l.enterParked(c, allowed); err != nil {
		return err
	}
	return fn()
}

// enterParked is enter, with both users in one call: after it, nothing that
// the kernel looks at is ours.
func (l *lender) enterParked(c Credentials, allowed func() error) error {
	const none = ^uint32(0) // would leave the id as it is
	if c.UID == parkedUID || c.UID == none || c.GID == none {
		return unix.EPERM
	}
	if err := setIDs(unix.SYS_SETRESGID, c.GID); err != nil {
		return err
	}
	err := setUsers(parkedUID, c.UID)
	if err == unix.EINVAL {
		err = l.enterUnparked(c, allowed)
	}
	if err != nil {
		return err
	}
	return l.setEffective(c.Effective & l.permitted)
}

func (l *lender) enterUnparked(c Credentials, allowed func() error) error {
	if err := allowed(); err != nil {
		return err
	}
	return setIDs(unix.SYS_SETRESUID, c.UID)
}

// unpark gives the real user back, once leave has given back the right to.
func (l *lender) unpark(real uint32) {
	if err := insist(func() error { return setUsers(real, l.own.UID) }); err != nil {
		dieBorrowed(err)
	}
}

// setUsers sets the real and effective user of the calling thread alone.
func setUsers(real, effective uint32) error {
	return setres(unix.SYS_SETRESUID, uintptr(real), uintptr(effective))
}
