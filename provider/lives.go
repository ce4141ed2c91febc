package provider

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Lives reports whether a number of [FS.PIDs] is a process that still runs: of a
// zombie it is false, unless other threads go on, as in [Stat.Alive], and of who
// has gone meanwhile. It is the cheapest way to ask, and a process that is stuck
// in the kernel cannot keep us waiting.
func (f *FS) Lives(pid int) (bool, error) {
	if f.hasFiles(pid) {
		return true, nil
	}
	lives, err := f.livesByPIDFD(pid)
	if errors.Is(err, ErrNotSupported) {
		lives, err = f.livesByStatus(pid)
	}
	if errors.Is(err, ErrGone) {
		return false, nil
	}
	return lives, err
}

// hasFiles: a process gives its open files up before it is a zombie, and the size
// of its fd directory is how many they are (6.2). No files prove nothing.
func (f *FS) hasFiles(pid int) bool {
	if !f.proc {
		return false
	}
	var room [nameRoom]byte
	var st unix.Stat_t
	return fstatat(f.fd, string(appendFile(room[:0], pid, "fd")), &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Size > 0
}

// livesByPIDFD: a pidfd can be read when the last thread has exited.
func (f *FS) livesByPIDFD(pid int) (bool, error) {
	if !f.local {
		return false, ErrNotSupported
	}
	fd, err := pidfdOpen(pid, 0)
	switch err {
	case nil:
	case unix.ESRCH:
		return false, nil
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM:
		return false, &Error{Op: "pidfd_open", PID: pid, Err: err}
	default: // an old kernel, or a filter
		return false, ErrNotSupported
	}
	exited := hasExited(fd)
	unix.Close(fd)
	return !exited, nil
}

func (f *FS) livesByStatus(pid int) (bool, error) {
	var s Status
	if err := f.parse(pid, "status", &s); err != nil {
		return false, err
	}
	return s.Alive(), nil
}
