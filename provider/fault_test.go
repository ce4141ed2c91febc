//go:build faults

package provider

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/tests/faulttest"
	"golang.org/x/sys/unix"
)

// putBefore puts failures of calls in force.
func putBefore(before faulttest.Before) {
	if before == nil {
		InjectFaults(nil)
	} else {
		InjectFaults(&Faults{Before: before})
	}
}

// sweep is over calls that fail on this goroutine's own thread, too.
func sweep(t *testing.T) faulttest.Sweep {
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	return faulttest.Sweep{T: t, Put: putBefore}
}

// faultErrnos are those with which calls fail for want of something, for
// interruption, for exit and for refusal.
var faultErrnos = []unix.Errno{unix.EIO, unix.ENOMEM, unix.EMFILE, unix.EINTR, unix.ESRCH, unix.EACCES, unix.ENOSYS}

// ofAClass: each error is of this package and says of whom, and its class is
// documented or the plain errno.
func ofAClass(err error, errno unix.Errno) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, class := range []error{errno, ErrGone, ErrNotSupported, ErrBusy, fs.ErrPermission} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// Whichever system call of whichever method fails: an error of a documented
// class, or the answer that there would have been.
func TestFaultOperations(t *testing.T) {
	needRoot(t)
	c := start(t, user(alice))
	c.stop()
	for kept, limit := range map[string]int{"anew": 0, "kept": 64} {
		p := pin(t, keeping(t, limit), c.pid)
		openAllKept(p)
		for name, op := range operations(t, p, c) {
			t.Run(kept+"/"+name, func(t *testing.T) { sweepOperation(t, name, op) })
		}
	}
}

// openAllKept opens what a kept process keeps open, which is no leak.
func openAllKept(p *Process) {
	if p.kept == nil {
		return
	}
	for n := range keptFiles {
		p.kept.file(n)
	}
	p.kept.exited()
}

// stop stops the child by job control and waits until it is.
func (c *child) stop() {
	c.t.Helper()
	if err := unix.Kill(c.pid, unix.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	p := pinned(c.t, c.pid)
	for state, _ := stateOf(c.t, p); state != StateStopped; state, _ = stateOf(c.t, p) {
		runtime.Gosched()
	}
}

// degrades are methods that tell with a nil error that something could not be
// found out, as they document.
var degrades = map[string]bool{"Running": true, "Wait": true}

func sweepOperation(t *testing.T, name string, op operation) {
	want := unfailed(op)
	sweepErrnos(t, func() (err error) { want.got, err = op(); return err }, func(f faulttest.Failure, err error) {
		switch {
		case err != nil && !ofAClass(err, f.Errno) && !errors.Is(err, want.err):
			t.Errorf("%v: %v", f, err)
		case err == nil && want.err != nil && !degrades[name]:
			t.Errorf("%v: nil instead of %v, and %v", f, want.err, want.got)
		case err == nil && !want.like() && !degrades[name]:
			t.Errorf("%v: %v instead of %v", f, want.got, want.value)
		}
	})
}

// sweepErrnos fails each call of try with every errno, alone and with all that
// follow. Of the calls that lend and give back credentials one fails for want of
// memory: what else they can fail with is the end of a process, and for a role.
func sweepErrnos(t *testing.T, try func() error, judge func(faulttest.Failure, error)) {
	s := sweep(t)
	s.Each(unix.ENOMEM, false, try, judge)
	s.Spare = faulttest.Borrows
	for _, errno := range faultErrnos {
		s.Each(errno, false, try, judge)
		if errno != unix.EINTR { // who is interrupted for ever tries for ever
			s.Each(errno, true, try, judge)
		}
	}
}

// outcome is what an operation gives when nothing fails, and what it gave last.
type outcome struct {
	value, got string
	err        error
	same       bool // each time
}

func unfailed(op operation) (o outcome) {
	o.value, o.err = op()
	o.same = true
	for range 3 {
		value, err := op()
		o.same = o.same && value == o.value && (err == nil) == (o.err == nil)
	}
	return o
}

// like: the same; or as much, where it is not the same each time, or depends on
// other processes (what is shared with them) or on time.
func (o outcome) like() bool {
	if o.same && !strings.Contains(o.value, "PSS:") && !strings.Contains(o.value, "Elapsed:") {
		return o.got == o.value
	}
	return strings.Count(o.got, "{") == strings.Count(o.value, "{")
}

// Reads that stop short of what there is, where they may, change no answer: of
// files of many records, and of programs on whatever file system.
func TestFaultShortReads(t *testing.T) {
	needRoot(t)
	c := start(t, user(alice))
	c.stop()
	a, f := newAuthority(t)
	p := pin(t, f, c.pid)
	all := callerOperations(func() *Caller { return c.asks(a) }, p)
	for name, op := range operations(t, p, c) {
		all["Process."+name] = op
	}
	for name, op := range all {
		for _, room := range []int{1, 100, 4095} {
			want := unfailed(op)
			InjectFaults(&Faults{Room: func(string, int) int { return room }})
			got, err := op()
			InjectFaults(nil)
			want.got = got
			if (err == nil) != (want.err == nil) || !want.like() {
				t.Errorf("%s, %d at a time: %.300v, %v instead of %.300v, %v", name, room, got, err, want.value, want.err)
			}
		}
	}
}

// Every call that may be failed here is asked of by some method, so that none
// goes untried.
func TestFaultReach(t *testing.T) {
	needRoot(t)
	c := start(t, user(alice))
	var reached []string
	InjectFaults(&Faults{Before: func(call string) unix.Errno {
		if !slices.Contains(reached, call) {
			reached = append(reached, call)
		}
		return 0
	}})
	defer InjectFaults(nil)
	a, f := newAuthority(t)
	p := pin(t, f, c.pid)
	for _, op := range operations(t, p, c) {
		op()
	}
	a.Caller(c.pid, c.uid, c.gid).MayAttach(p)
	for _, call := range []string{
		"openat", "read", "pread64", "readlinkat", "newfstatat", "fstat", "getdents64", "write", "fcntl",
		"pidfd_open", "pidfd_send_signal", "setns", "setresuid", "setresgid", "capset",
	} {
		if !slices.Contains(reached, call) {
			t.Errorf("no method called %s, but %v", call, reached)
		}
	}
}
