package provider

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Credentials are what the kernel judges an access by: a pair of effective
// ids and the effective capabilities, as in CapEff of /proc/TID/status.
type Credentials struct {
	UID, GID  uint32
	Effective Caps
}

// lender lends the calling thread to callers: it knows what to give back.
type lender struct {
	own                    Credentials
	permitted, inheritable Caps
}

func newLender() (lender, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return lender{}, &Error{Op: "capget", File: "self", Err: err}
	}
	return lender{
		own: Credentials{
			UID:       uint32(unix.Geteuid()),
			GID:       uint32(unix.Getegid()),
			Effective: joinCaps(data[0].Effective, data[1].Effective),
		},
		permitted:   joinCaps(data[0].Permitted, data[1].Permitted),
		inheritable: joinCaps(data[0].Inheritable, data[1].Inheritable),
	}, nil
}

// covers reports whether c may be served without switching: it has our ids,
// and every capability that we have.
func (l *lender) covers(c Credentials) bool {
	return c.UID == l.own.UID && c.GID == l.own.GID && l.own.Effective&^c.Effective == 0
}

// as runs fn on a thread whose effective ids and capabilities are c's (as far
// as they are ours to lend), so that the kernel judges fn's system calls as it
// would judge c. Only the effective ids are borrowed: with the real one the
// caller could signal this thread, and with the file-system id alone our
// capabilities would stay in force.
//
// fn may only open, read and readlink below pinned process directories.
func (l *lender) as(c Credentials, fn func() error) error {
	if l.covers(c) {
		return fn()
	}
	runtime.LockOSThread()
	defer func() {
		l.leave()
		runtime.UnlockOSThread()
	}()
	if l.enter(c) != nil { // ids that we cannot take are no rights
		return errDenied
	}
	return fn()
}

func (l *lender) enter(c Credentials) error {
	if err := setIDs(unix.SYS_SETRESGID, c.GID); err != nil {
		return err
	}
	if err := lendUser(c.UID); err != nil {
		return err
	}
	return l.setEffective(c.Effective & l.permitted)
}

// leave gives back what enter took, or ends the program.
func (l *lender) leave() {
	if err := insist(l.giveBack); err != nil {
		dieBorrowed(err)
	}
}

// giveBack restores what enter changed, in the opposite order: it works from
// whichever step enter came to, or giveBack itself. The effective capabilities
// come back with the uid where that changed, and are set for the case that it
// did not.
func (l *lender) giveBack() error {
	if err := takeBackUser(l.own.UID); err != nil {
		return err
	}
	if err := l.setEffective(l.own.Effective); err != nil {
		return err
	}
	return setIDs(unix.SYS_SETRESGID, l.own.GID)
}

// insist repeats a step back for a tenth of a second: the kernel makes new
// credentials for each change, and may have no memory for them just now.
func insist(step func() error) error {
	const tries, pause = 100, time.Millisecond
	err := step()
	for try := 1; try < tries && (err == unix.ENOMEM || err == unix.EAGAIN); try++ {
		time.Sleep(pause)
		err = step()
	}
	return err
}

// dieBorrowed ends the program: a thread that stays somebody else would serve
// the next request as that somebody. The panic is raised where no handler of
// the caller's can recover it, and the thread does nothing more. While the saved
// ids are ours the kernel refuses only for want of memory (see insist).
func dieBorrowed(err error) {
	go panic(fmt.Sprintf("provider: cannot give back borrowed credentials: %v", err))
	select {}
}

// setIDs sets only the effective id of the calling thread; Go's own wrappers
// would change every thread.
func setIDs(call uintptr, id uint32) error {
	const unchanged = ^uintptr(0)
	if id == ^uint32(0) { // would leave the id ours
		return unix.EINVAL
	}
	return setres(call, unchanged, uintptr(id))
}

func (l *lender) setEffective(effective Caps) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	for i := range data {
		shift := 32 * i
		data[i].Effective = uint32(effective >> shift)
		data[i].Permitted = uint32(l.permitted >> shift)
		data[i].Inheritable = uint32(l.inheritable >> shift)
	}
	return capset(&header, &data[0])
}

func joinCaps(low, high uint32) Caps { return Caps(low) | Caps(high)<<32 }
