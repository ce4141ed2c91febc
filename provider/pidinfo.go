package provider

import "golang.org/x/sys/unix"

// PIDInfo is what the kernel tells of the process of a pidfd, in one call (ioctl
// PIDFD_GET_INFO, 6.13). Mask says which of it is there.
type PIDInfo struct {
	Mask           PIDInfoMask
	PID            int             // in our pid namespace
	TGID           int             // the process, where PID is a thread
	PPID           int             // 0 where the parent is outside
	UID            IDs             // in our user namespace, 65534 for what is not mapped there
	GID            IDs             //
	CgroupID       uint64          // inode of the directory in the unified hierarchy
	ExitStatus     unix.WaitStatus // of who was waited for (6.15)
	Coredump       PIDCoredump     // (6.16)
	CoredumpSignal unix.Signal     // what made it dump core (6.19)
	CoredumpCode   int32           // and that signal's si_code (after 6.19)
	Supported      PIDInfoMask     // what this kernel knows (6.19)
}

// PIDInfoMask says which parts of a PIDInfo are there.
type PIDInfoMask uint64

const (
	PIDInfoPID            PIDInfoMask = unix.PIDFD_INFO_PID
	PIDInfoCreds          PIDInfoMask = unix.PIDFD_INFO_CREDS    // UID and GID
	PIDInfoCgroupID       PIDInfoMask = unix.PIDFD_INFO_CGROUPID //
	PIDInfoExit           PIDInfoMask = unix.PIDFD_INFO_EXIT     // ExitStatus (6.15)
	PIDInfoCoredump       PIDInfoMask = unix.PIDFD_INFO_COREDUMP // (6.16)
	PIDInfoSupported      PIDInfoMask = 1 << 5                   // (6.19)
	PIDInfoCoredumpSignal PIDInfoMask = 1 << 6                   // (6.19)
	PIDInfoCoredumpCode   PIDInfoMask = 1 << 7                   // after 6.19

	pidInfoAll = PIDInfoCoredumpCode<<1 - 1
)

// Has reports whether all parts in m are there.
func (i *PIDInfo) Has(m PIDInfoMask) bool { return i.Mask&m == m }

// PIDCoredump tells of a process's core dump (6.16).
type PIDCoredump uint32

const (
	PIDCoredumped   PIDCoredump = unix.PIDFD_COREDUMPED    // it crashed and
	PIDCoredumpSkip PIDCoredump = unix.PIDFD_COREDUMP_SKIP // no core was dumped; or none would be
	PIDCoredumpUser PIDCoredump = unix.PIDFD_COREDUMP_USER // it is, or would be, the user's
	PIDCoredumpRoot PIDCoredump = unix.PIDFD_COREDUMP_ROOT // it is, or would be, for root only
)

// PIDInfo asks the kernel about the process (6.13, where the conditions of
// [Process.PIDFD] are met; ErrNotSupported before). How a process ended is told
// to who held a pidfd of it before: see [PIDFDInfo].
func (p *Process) PIDInfo() (PIDInfo, error) {
	fd, err := p.PIDFD()
	if err != nil {
		return PIDInfo{}, err
	}
	defer unix.Close(fd)
	info, err := pidfdInfo(fd)
	if err != nil {
		return PIDInfo{}, p.fail("ioctl", "", err)
	}
	return info, nil
}

// PIDFDInfo is PIDInfo of a pidfd, from [Process.PIDFD] or elsewhere. Once the
// process was waited for, only what PIDInfoExit and PIDInfoCoredump stand for
// is left, and before Linux 6.15 it is ErrGone. What is no pidfd is
// ErrNotSupported.
func PIDFDInfo(fd int) (PIDInfo, error) {
	info, err := pidfdInfo(fd)
	if err != nil {
		return PIDInfo{}, &Error{Op: "ioctl", File: "pidfd", Err: classify(err)}
	}
	return info, nil
}

func pidfdInfo(fd int) (PIDInfo, error) {
	k := unix.PidfdInfo{Mask: uint64(pidInfoAll)}
	switch err := unix.IoctlPidfdInfo(fd, &k); err {
	case nil:
		return makePIDInfo(&k), nil
	case unix.ENOTTY, unix.EINVAL: // Linux 6.11 and 6.12 say EINVAL
		return PIDInfo{}, ErrNotSupported
	default:
		return PIDInfo{}, err
	}
}

func makePIDInfo(k *unix.PidfdInfo) PIDInfo {
	i := PIDInfo{Mask: PIDInfoMask(k.Mask)}
	if i.Has(PIDInfoPID) {
		i.PID, i.TGID, i.PPID = int(k.Pid), int(k.Tgid), int(k.Ppid)
	}
	if i.Has(PIDInfoCreds) {
		i.UID = IDs{Real: k.Ruid, Effective: k.Euid, Saved: k.Suid, FS: k.Fsuid}
		i.GID = IDs{Real: k.Rgid, Effective: k.Egid, Saved: k.Sgid, FS: k.Fsgid}
	}
	i.CgroupID = k.Cgroupid
	i.ExitStatus = unix.WaitStatus(k.Exit_code)
	i.Coredump = PIDCoredump(k.Coredump_mask)
	i.CoredumpSignal = unix.Signal(k.Coredump_signal)
	i.CoredumpCode = int32(k.Coredump_code)
	i.Supported = PIDInfoMask(k.Supported_mask)
	return i
}
