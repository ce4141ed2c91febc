package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// hardenedEnv marks the second run. It is never the proof: that is the state
// of the process, looked at again.
const hardenedEnv = "PROCFSD_HARDENED"

// daemonCaps is all that serving needs: to mount (SYS_ADMIN), to borrow the
// ids of callers (SETUID, SETGID) and to ask and act for root among them.
func daemonCaps() capSet {
	return caps(unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SYS_PTRACE,
		unix.CAP_KILL, unix.CAP_DAC_OVERRIDE, unix.CAP_SYS_ADMIN)
}

// harden gives up, for good, what the daemon does not need: supplementary
// groups, other capabilities, and any way to gain privileges. Credentials
// belong to threads, and only libc knows how to change those of all of them.
// So one locked thread changes its own and executes the program anew: what
// starts then has no other thread. It returns in that second run only.
//
// Descriptors do not survive it, keep (negative: none) apart.
func harden(keep ...int) error {
	runtime.LockOSThread()
	if os.Getenv(hardenedEnv) != "" {
		defer runtime.UnlockOSThread()
		return confirmHardened(keep)
	}
	if err := hardenThread(); err != nil {
		return err
	}
	closeOnExec()
	if err := setCloseOnExec(keep, 0); err != nil {
		return err
	}
	self, err := ownProgram()
	if err != nil {
		return failf(exitSystem, "%w", err)
	}
	err = syscall.Exec(self, os.Args, append(os.Environ(), hardenedEnv+"=1"))
	return failf(exitSystem, "execute %s again without privileges: %w", self, err)
}

// hardenThread changes the calling thread so that execve leaves it hardened.
func hardenThread() error {
	if err := dropGroups(); err != nil {
		return failf(exitSystem, "drop supplementary groups: %w", err)
	}
	now, err := readCaps()
	if err != nil {
		return failf(exitSystem, "read my capabilities: %w", err)
	}
	if now.effective.has(unix.CAP_SETPCAP) { // without it, no_new_privs has to do
		if err := dropBounding(daemonCaps()); err != nil {
			return failf(exitSystem, "drop capabilities from the bounding set: %w", err)
		}
	}
	less := threadCaps{
		effective:   now.effective & daemonCaps(),
		permitted:   now.permitted & daemonCaps(),
		inheritable: ambientCaps() & daemonCaps(),
	}
	if err := less.set(); err != nil {
		return failf(exitSystem, "drop capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return failf(exitSystem, "set no_new_privs: %w", err)
	}
	return nil
}

// dropGroups empties the supplementary groups of the calling thread. Who may
// not (an ordinary user, a user namespace that denies it) has none to lend.
func dropGroups() error {
	_, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0)
	if errno != 0 && errno != unix.EPERM {
		return errno
	}
	return nil
}

// confirmHardened looks at what the process really is. That also ends any loop:
// a state that execve did not bring about is an error, never a reason to repeat.
func confirmHardened(keep []int) error {
	if err := os.Unsetenv(hardenedEnv); err != nil {
		return failf(exitSystem, "unset %s: %w", hardenedEnv, err)
	}
	if err := hardened(); err != nil {
		return failf(exitSystem, "drop privileges: %w (is %s set by hand?)", err, hardenedEnv)
	}
	return setCloseOnExec(keep, unix.FD_CLOEXEC)
}

// hardened says what is missing. It asks the kernel, not /proc, which may be
// our own mount. Where CAP_SETPCAP was lacking the bounding set is not ours to
// lower; no_new_privs keeps what is in it out of reach.
func hardened() error {
	now, err := readCaps()
	if err != nil {
		return err
	}
	nnp, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil {
		return err
	}
	switch keep := daemonCaps(); {
	case nnp != 1:
		return errors.New("no_new_privs is not set")
	case !now.permitted.within(keep) || !now.inheritable.within(keep) || !ambientCaps().within(keep):
		return errors.New("capabilities are left")
	}
	return groupsDropped()
}

// groupsDropped accepts groups only where the kernel does not let us drop them.
func groupsDropped() error {
	groups, err := unix.Getgroups()
	if err != nil || len(groups) == 0 {
		return err
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != unix.EPERM {
		return errors.New("supplementary groups are left")
	}
	return nil
}

func setCloseOnExec(fds []int, flag int) error {
	for _, fd := range fds {
		if fd < 0 {
			continue
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, flag); err != nil {
			return failf(exitUsage, "descriptor %d: %w", fd, err)
		}
	}
	return nil
}
