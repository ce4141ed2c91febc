package provider

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A thread of the kernel asks for somebody whom we do not know.
func TestCallerOfKernel(t *testing.T) { eachAuthority(t, testCallerOfKernel) }

func testCallerOfKernel(t *testing.T, a *Authority, f *FS) {
	needRoot(t)
	var s Stat
	if err := pin(t, f, 2).Stat(&s); err != nil || !s.KernelThread() {
		cannot(t, "no kernel thread here")
	}
	c := a.Caller(2, 0, 0)
	wantAll(t, "the kernel", c, pin(t, f, start(t, user(alice)).pid), false)
	if c.Capable(unix.CAP_SYS_PTRACE) || c.InGroup(1) || !c.InGroup(0) {
		t.Error("it has rights")
	}
}

// As workers and threads of the kernel are, of various kernels, and as programs are.
func TestMayBeWorker(t *testing.T) {
	for _, c := range []struct {
		blocked, ignored uint64
		want             bool
	}{
		{0xfffffffffffbfeff, 0, true},  // io_uring's since 5.12
		{0, 0xffffffffffffffff, true},  // most of the kernel's
		{0, 0xfffffffffffffffd, true},  // io_uring's before: SIGINT is allowed
		{0, 0xfffffffffffffeff, true},  // nfsd's: SIGKILL is
		{0xfffffffe7ffbfeff, 0, false}, // glibc's, while it makes a thread
		{0, 0xfffffffffffbfeff, false}, // as much as a program can ignore
		{0, 0, false},
	} {
		if got := (&Status{SigBlk: c.blocked, SigIgn: c.ignored}).mayBeWorker(); got != c.want {
			t.Errorf("blocked %x, ignored %x: %v", c.blocked, c.ignored, got)
		}
	}
}

// Who blocks all signals is no worker of io_uring for that.
func TestCallerWithoutSignals(t *testing.T) { eachAuthority(t, testCallerWithoutSignals) }

func testCallerWithoutSignals(t *testing.T, a *Authority, _ *FS) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all, before := unix.Sigset_t{}, unix.Sigset_t{}
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		t.Fatal(err)
	}
	c := a.Caller(unix.Gettid(), uint32(os.Geteuid()), uint32(os.Getegid()))
	err := c.Load()
	blocked := c.status.SigBlk
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); err != nil {
		t.Fatal(err)
	}
	if err != nil || c.worker || blocked == 0 || blocked|1<<(unix.SIGKILL-1)|1<<(unix.SIGSTOP-1) != ^uint64(0) {
		t.Errorf("a worker: %v, %v, blocked %x", c.worker, err, blocked)
	}
}
