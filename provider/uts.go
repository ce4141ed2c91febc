package provider

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Hostname is the host name in the process's UTS namespace. It needs
// CAP_SYS_ADMIN over that namespace's user namespace and over our own.
func (p *Process) Hostname() (string, error) {
	fd, err := p.open("ns/uts", unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	name, err := hostnameIn(fd)
	if err != nil {
		return "", p.fail("setns", "ns/uts", err)
	}
	return name, nil
}

// hostnameIn enters the namespace on a thread of its own. That thread never
// comes back from there: its goroutine ends locked, so Go destroys it. The main
// thread it cannot destroy, and would park it there, where /proc/PID/ns shows
// it: that one stays out, and kept busy leaves the job to another.
func hostnameIn(ns int) (string, error) {
	type answer struct {
		name string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			name, err := hostnameIn(ns)
			answers <- answer{name, err}
			return
		}
		var uts unix.Utsname
		err := setns(ns, unix.CLONE_NEWUTS)
		if err == nil {
			err = unix.Uname(&uts)
		}
		answers <- answer{unix.ByteSliceToString(uts.Nodename[:]), err}
	}()
	a := <-answers
	return a.name, a.err
}
