package provider

import "golang.org/x/sys/unix"

// Owner is the user and the group to whom the directory /proc/PID belongs: the
// effective ids of the process, cheaper than from Status, which has all of
// them. The files below belong to root where the process is not dumpable (see
// PR_SET_DUMPABLE in prctl(2)); the directory does not.
func (d *dir) Owner() (uid, gid uint32, err error) {
	var st unix.Stat_t
	err = fstat(d.fd, &st)
	for err == unix.EINTR {
		err = fstat(d.fd, &st)
	}
	if err != nil {
		return 0, 0, d.fail("stat", "", d.missing("", err))
	}
	// Of one that is gone the kernel shows what it last knew.
	if err := d.Alive(); err != nil {
		return 0, 0, err
	}
	return st.Uid, st.Gid, nil
}

// Running reports whether the process or thread still runs: it is false for
// what has exited, waited for or not, and for what cannot be asked. Use Alive
// or Stat to learn why. A process whose main thread has exited runs while
// another thread does.
func (d *dir) Running() bool {
	var s Stat
	if d.Stat(&s) != nil {
		return false
	}
	return !s.State.Dead() || d.tid == 0 && s.Alive()
}
