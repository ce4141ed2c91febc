package provider

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Tracee is a thread that a [Tracer] holds still. Its registers are read and
// set by methods of the architecture: Regs, FPRegs, DebugRegs and their Set
// counterparts.
type Tracee struct {
	thread *tracerThread
	tid    int
	stop   ptraceStop // written by attach, on the tracer's thread
}

// TID is the thread's number.
func (t *Tracee) TID() int { return t.tid }

// seizeError: SEIZE itself was refused, so there is nothing to end.
type seizeError struct{ errno unix.Errno }

func (e seizeError) Error() string { return "seize: " + e.errno.Error() }

// attach seizes the thread and has it stopped; on the tracer's thread. No
// option is set, in particular not EXITKILL: the target must survive us.
//
// A process in group stop changes over to the tracer's stop within SEIZE (Linux
// 3.4), so it either is stopped now or was continued just before.
func (t *Tracee) attach(sample bool) error {
	if errno := ptrace(unix.PTRACE_SEIZE, t.tid, 0, 0); errno != 0 {
		return seizeError{errno}
	}
	t.stop = peekStop(t.tid)
	if t.stop == notStopped && sample {
		ptrace(unix.PTRACE_INTERRUPT, t.tid, 0, 0) // fails where it exits: seen then
		t.awaitStop()
	}
	switch {
	case t.stop == exited:
		return ErrGone
	case t.stop == notStopped, !sample && !t.stop.group():
		return ErrBusy
	}
	return nil
}

// awaitStop looks until the thread stops, for a bounded time.
func (t *Tracee) awaitStop() {
	poll(time.Now().Add(traceStop), func() bool {
		t.stop = peekStop(t.tid)
		return t.stop != notStopped
	})
}

// detach lets the thread go; on the tracer's thread.
func (t *Tracee) detach() error {
	return failed(ptrace(unix.PTRACE_DETACH, t.tid, 0, uintptr(t.stop.passOn())))
}

// belongs proves that the number that was seized is of p: p's own directory
// names our thread as its tracer.
func (t *Tracee) belongs(p *Process) error {
	if err := p.Alive(); err != nil {
		return err
	}
	if p.traced(t.tid) == t.thread.tid {
		return nil
	}
	select {
	case <-t.thread.quit:
		return ErrBusy
	default:
		return ErrGone
	}
}

// transfer is a request that fills or takes b.
func (t *Tracee) transfer(request int, b []byte) error {
	return t.thread.do(func() error {
		return ptraceInto(request, t.tid, 0, unsafe.Pointer(&b[0]))
	})
}

// regset is a PTRACE_GETREGSET or PTRACE_SETREGSET.
func (t *Tracee) regset(request, kind int, b []byte) (int, error) {
	var n int
	err := t.thread.do(func() (err error) {
		n, err = ptraceRegset(request, t.tid, kind, b)
		return err
	})
	if err != nil { // n is not ours where the thread still works
		return 0, err
	}
	return n, nil
}

// exactRegset reads a set whose length must be that of its layout. Another one
// is a thread of another word size: EINVAL.
func (t *Tracee) exactRegset(kind, size int) ([]byte, error) {
	b := make([]byte, size+8)
	n, err := t.regset(unix.PTRACE_GETREGSET, kind, b)
	switch {
	case err != nil:
		return nil, err
	case n != size:
		return nil, unix.EINVAL
	}
	return b[:n], nil
}

// changeRegset writes a set over the old one, which comes back if the kernel
// does not like the new one's values: that is EINVAL.
func (t *Tracee) changeRegset(kind int, b, old []byte) error {
	return t.changed(
		func() error { _, err := t.regset(unix.PTRACE_SETREGSET, kind, b); return err },
		func() error { _, err := t.regset(unix.PTRACE_SETREGSET, kind, old); return err },
	)
}

// changed does set, and undo where that fails: the kernel sets registers one by
// one up to the one that it refuses, with EIO or EINVAL. ESRCH means that the
// thread was killed, and there is nothing to undo.
func (t *Tracee) changed(set, undo func() error) error {
	err := set()
	if err == nil || err == ErrBusy || err == unix.ESRCH {
		return err
	}
	if undoErr := undo(); undoErr == unix.ESRCH {
		return undoErr
	} else if undoErr != nil {
		return fmt.Errorf("%w, and then: %w", err, undoErr)
	}
	if err == unix.EIO {
		return unix.EINVAL
	}
	return err
}
