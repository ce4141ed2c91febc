package provider

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Authority decides who may see what: it identifies callers by their thread
// and lets the kernel judge them under their own credentials.
//
// Its rule is never more than native: what the kernel would refuse the caller
// in its own /proc is refused. It needs CAP_SYS_PTRACE to look at callers, and
// CAP_SETUID and CAP_SETGID to serve others than its own user.
type Authority struct {
	proc     *FS // this pid namespace's procfs, where callers are found
	lender   lender
	self     int // our own process in proc
	pidNS    Namespace
	userNS   Namespace
	landlock bool
	labels   bool // a security module labels processes
}

// NewAuthority makes an authority over callers of the calling process's pid
// namespace; proc must be a procfs of that namespace. Drop privileges and
// supplementary groups first: it gives back what it finds now, and it lends
// the ids and the capabilities only, so our groups would open files to callers.
func NewAuthority(proc *FS) (*Authority, error) {
	if !proc.local || !proc.IsProc() {
		return nil, &Error{Op: "open", File: proc.name, Err: ErrNotSupported}
	}
	lender, err := newLender()
	if err != nil {
		return nil, err
	}
	a := &Authority{proc: proc, lender: lender, self: unix.Getpid(), landlock: landlockActive()}
	if a.pidNS, err = proc.namespace(a.self, "pid"); err != nil {
		return nil, &Error{Op: "stat", PID: a.self, File: "ns/pid", Err: err}
	}
	if a.userNS, err = proc.namespace(a.self, "user"); err != nil {
		return nil, &Error{Op: "stat", PID: a.self, File: "ns/user", Err: err}
	}
	_, err = proc.label(a.self)
	a.labels = err == nil
	return a, nil
}

// landlockActive asks for the Landlock version. A kernel without it says so;
// any other refusal leaves the question open, and then the answer is yes.
func landlockActive() bool {
	const version = 1
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, version)
	return errno != unix.ENOSYS && errno != unix.EOPNOTSUPP
}

// label reads the security module's label of a task (attr/current). It fails
// where no module labels processes.
func (f *FS) label(tid int) (string, error) {
	fd, err := openat(f.fd, strconv.Itoa(tid)+"/attr/current", unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	text, err := appendAll(nil, fd, 64<<10)
	return string(text), err
}

// PIDIn is the number by which f, a procfs of another pid namespace, knows the
// process that this pid namespace knows as pid. A pidfd has a number in every
// procfs that can see it.
func (a *Authority) PIDIn(f *FS, pid int) (int, error) {
	if f.local {
		return pid, nil
	}
	fd, err := pidfdOpen(pid, 0)
	if err != nil {
		return 0, &Error{Op: "pidfd_open", PID: pid, Err: classify(err)}
	}
	defer unix.Close(fd)
	self := dir{fs: f, fd: f.fd, pid: f.self}
	text, err := self.Read("self/fdinfo/"+strconv.Itoa(fd), nil, maxText)
	if err != nil {
		return 0, err
	}
	info, err := ParseFDInfo(text)
	if err != nil || info.PIDFD == nil || info.PIDFD.PID <= 0 {
		return 0, &Error{Op: "parse", File: "self/fdinfo", Err: ErrGone}
	}
	return info.PIDFD.PID, nil
}
