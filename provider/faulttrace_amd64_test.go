//go:build faults

package provider

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/procfsd/procfsd/tests/faulttest"
	"golang.org/x/sys/unix"
)

// tracing are the uses of a tracer. Each that sets registers sets them back.
func tracing(tracer *Tracer, p *Process, o TraceOptions) map[string]func() error {
	stopped := func(fn func(*Tracee) error) func() error {
		return func() error { return tracer.Stopped(context.Background(), p, o, fn) }
	}
	return map[string]func() error{
		"nothing":   stopped(nothing),
		"refused":   stopped(func(*Tracee) error { return unix.EPERM }),
		"Regs":      stopped(changeRegs),
		"FPRegs":    stopped(func(t *Tracee) error { return changeSet(t.FPRegs, t.SetFPRegs) }),
		"DebugRegs": stopped(func(t *Tracee) error { return changeSet(t.DebugRegs, t.SetDebugRegs) }),
	}
}

func changeRegs(t *Tracee) error {
	old, err := t.Regs()
	if err != nil {
		return err
	}
	changed := old
	changed.RBX++
	if err := t.SetRegs(changed); err != nil {
		return err
	}
	return t.SetRegs(old)
}

func changeSet[T any](get func() (T, error), set func(T) error) error {
	old, err := get()
	if err != nil {
		return err
	}
	return set(old)
}

// Whichever call of a tracer fails, before or after it took effect: the process is
// let go, in the state in which it was, and nobody traces it.
func TestFaultTracer(t *testing.T) {
	for name, sample := range map[string]bool{"stopped": false, "running": true} {
		v := startVictim(t, "sleep", "read")
		state := StateSleeping
		if !sample {
			v.stop()
			state = StateStopped
		}
		v.wants(v.pid, state)
		p, tracer := pinned(t, v.pid), newTracer(t)
		for use, try := range tracing(tracer, p, TraceOptions{Sample: sample}) {
			t.Run(name+"/"+use, func(t *testing.T) { sweepTracer(t, p, state, try) })
		}
	}
}

func sweepTracer(t *testing.T, p *Process, state ProcState, try func() error) {
	unfailed := try()
	judge := func(f faulttest.Failure, err error) {
		if err != nil && !ofAClass(err, f.Errno) && !errors.Is(err, unix.EINVAL) {
			t.Errorf("%v: %v", f, err)
		}
		if err == nil && unfailed != nil {
			t.Errorf("%v: nil instead of %v", f, unfailed)
		}
		wantLetGo(t, p, state, f.String())
	}
	for _, put := range []func(faulttest.Before){putBefore, putAfter} {
		s := sweep(t)
		s.Put = put
		for _, errno := range []unix.Errno{unix.ESRCH, unix.EIO, unix.EPERM} {
			s.Each(errno, false, try, judge)
			s.Each(errno, true, try, judge)
		}
	}
}

func wantLetGo(t *testing.T, p *Process, want ProcState, after string) {
	t.Helper()
	state, by := stateOf(t, p)
	for end := time.Now().Add(5 * time.Second); (state != want || by != 0) && time.Now().Before(end); state, by = stateOf(t, p) {
		time.Sleep(time.Millisecond)
	}
	if state != want || by != 0 {
		t.Fatalf("after %s: %v, traced by %d", after, state, by)
	}
}

// putAfter has calls take effect and then fail.
func putAfter(before faulttest.Before) {
	if before == nil {
		InjectFaults(nil)
		return
	}
	InjectFaults(&Faults{After: func(call string, errno unix.Errno) unix.Errno {
		if failure := before(call); failure != 0 {
			return failure
		}
		return errno
	}})
}

// A set that was set, or a part of it, by a call that then fails is as it was
// before.
func TestFaultHalfSet(t *testing.T) {
	v := startVictim(t, "sleep", "read")
	v.stop()
	p, tracer := pinned(t, v.pid), newTracer(t)
	regs := func() (r LinuxRegsAMD64) {
		hold(t, tracer, p, func(tracee *Tracee) (err error) { r, err = tracee.Regs(); return err })
		return r
	}
	want := regs()
	hold(t, tracer, p, func(tracee *Tracee) error {
		changed := want
		changed.RBX++
		failed := false
		InjectFaults(&Faults{After: func(call string, errno unix.Errno) unix.Errno {
			if !failed && rbx(v.pid) == changed.RBX {
				failed = true
				return unix.EIO
			}
			return errno
		}})
		defer InjectFaults(nil)
		if err := tracee.SetRegs(changed); !failed || !errors.Is(err, unix.EINVAL) {
			t.Errorf("failed: %v; %v", failed, err)
		}
		return nil
	})
	if got := regs(); got != want {
		t.Errorf("%+v instead of %+v", got, want)
	}
}

// rbx asks the kernel itself, on the tracer's thread, where the fault is put.
func rbx(tid int) uint64 {
	var r unix.PtraceRegs
	if unix.PtraceGetRegs(tid, &r) != nil {
		return 0
	}
	return r.Rbx
}
