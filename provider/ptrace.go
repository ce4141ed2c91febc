package provider

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Everything here and in regs_*.go that touches ptrace(2) runs on a
// tracerThread: the kernel binds an attachment to the thread that made it.

// tracerThread is an OS thread that attaches, and whose end ends whatever it
// is attached to: the kernel then releases the target as PTRACE_DETACH does,
// passes a pending signal on, and leaves a stopped process stopped.
type tracerThread struct {
	calls chan func()
	quit  chan struct{} // closed: end
	done  chan struct{} // closed: it has left its last call
	end   func()        // closes quit, once
	tid   int
}

func startTracerThread() *tracerThread {
	th := &tracerThread{calls: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	th.end = sync.OnceFunc(func() { close(th.quit) })
	started := make(chan struct{})
	go th.run(started)
	<-started
	return th
}

// run never unlocks its thread, so Go destroys it when run returns. It cannot
// destroy the main thread: kept busy, that one leaves the job to another.
func (th *tracerThread) run(started chan<- struct{}) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		defer runtime.UnlockOSThread()
		elsewhere := make(chan struct{})
		go th.run(elsewhere)
		<-elsewhere
		close(started)
		return
	}
	th.tid = unix.Gettid()
	close(started)
	defer close(th.done)
	for {
		select {
		case call := <-th.calls:
			call()
		case <-th.quit:
			return
		}
	}
}

// do runs call on the thread. ErrBusy means that the thread ends instead, at
// its deadline; call may be under way still, and what it fills must not be
// looked at.
func (th *tracerThread) do(call func() error) error {
	result := make(chan error, 1)
	select {
	case th.calls <- func() { result <- call() }:
	case <-th.quit:
		return ErrBusy
	}
	select {
	case err := <-result:
		return err
	case <-th.quit:
		return ErrBusy
	}
}

// gone waits for the thread's end, and with it that of its attachment; false
// where that takes too long.
func (th *tracerThread) gone(deadline time.Time) bool {
	th.end()
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-th.done:
	case <-timer.C:
		return false
	}
	return poll(deadline, func() bool { return unix.Tgkill(unix.Getpid(), th.tid, 0) == unix.ESRCH })
}

// poll asks until it is so or the deadline has passed: at first at once, then
// in growing steps.
func poll(deadline time.Time, ok func() bool) bool {
	const longest = 2 * time.Millisecond
	for wait := 10 * time.Microsecond; !ok(); wait = min(2*wait, longest) {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(wait)
	}
	return true
}

// ptrace is the system call. SEIZE may wait for the target (in an execve that
// hangs, or frozen); the others do not.
func ptrace(request, tid int, addr, data uintptr) unix.Errno {
	if faulty {
		if errno := fault("ptrace"); errno != 0 {
			return errno
		}
	}
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), addr, data, 0, 0)
	if faulty && request != unix.PTRACE_SEIZE { // which attaches or fails
		errno = faultAfter("ptrace", errno)
	}
	return errno
}

// ptraceInto is ptrace with memory of ours to read or fill.
func ptraceInto(request, tid int, addr uintptr, data unsafe.Pointer) error {
	if faulty {
		if errno := fault("ptrace"); errno != 0 {
			return errno
		}
	}
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), addr, uintptr(data), 0, 0)
	return failed(faultAfter("ptrace", errno))
}

// failed is nil for the errno 0.
func failed(errno unix.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// ptraceRegset moves a register set (PTRACE_GETREGSET, PTRACE_SETREGSET; Linux
// 2.6.34) and gives its length. Its layout is that of the target's word size.
func ptraceRegset(request, tid, kind int, b []byte) (int, error) {
	iov := unix.Iovec{Base: &b[0]}
	iov.SetLen(len(b))
	err := ptraceInto(request, tid, uintptr(kind), unsafe.Pointer(&iov))
	return int(iov.Len), err
}

// A ptraceStop is why a traced thread does not run, as the wait status tells
// it: a signal, and an event above it.
type ptraceStop int32

const (
	notStopped ptraceStop = 0
	exited     ptraceStop = -1
)

func (s ptraceStop) signal() int { return int(s & 0x7f) }
func (s ptraceStop) event() int  { return int(s >> 8) }

// group reports the stop of the whole process by job control (Linux 3.4).
func (s ptraceStop) group() bool {
	if s.event() != unix.PTRACE_EVENT_STOP {
		return false
	}
	switch unix.Signal(s.signal()) {
	case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		return true
	}
	return false
}

// passOn is the signal that the thread was about to get when it stopped, and
// gets when it goes on.
func (s ptraceStop) passOn() int {
	if s > 0 && s.event() == 0 {
		return s.signal()
	}
	return 0
}

// peekStop looks, without waiting, at what a thread that we have seized does.
// It leaves the wait status there (WNOWAIT): a pending signal survives then
// whichever way the attachment ends, and the exit of a child of ours is for
// whoever waits for that child.
func peekStop(tid int) ptraceStop {
	const options = unix.WNOHANG | unix.WNOWAIT | unix.WSTOPPED | unix.WEXITED | unix.WALL | unix.WNOTHREAD
	var info unix.Siginfo
	for {
		err := waitid(unix.P_PID, tid, &info, options)
		if err == unix.EINTR {
			continue
		}
		if err != nil { // ECHILD: released while it died
			return exited
		}
		break
	}
	child := (*childInfo)(siginfoFields(&info))
	const trapped, stopped = 4, 5 // CLD_TRAPPED, CLD_STOPPED
	switch {
	case child.pid == 0:
		return notStopped
	case info.Code == trapped || info.Code == stopped:
		return ptraceStop(child.status)
	}
	return exited
}

// childInfo are the fields of a siginfo_t about a child.
type childInfo struct {
	pid    int32
	uid    uint32
	status int32
}

// siginfoFields is where the fields follow signo, errno and code: aligned as a
// pointer is.
func siginfoFields(info *unix.Siginfo) unsafe.Pointer {
	const word = unsafe.Sizeof(uintptr(0))
	return unsafe.Add(unsafe.Pointer(info), (3*4+word-1)&^(word-1))
}
