package provider

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A stopped process never runs, is stopped again before the answer, and its
// parent hears nothing.
func TestStoppedDoesNotRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(file, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	v := startVictim(t, "count", file)
	counter := func() uint64 {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return binary.LittleEndian.Uint64(b)
	}
	for counter() == 0 {
		time.Sleep(time.Millisecond)
	}
	v.stop()
	p, tracer, before := pinned(t, v.pid), newTracer(t), counter()
	for range 1000 {
		hold(t, tracer, p, func(x *Tracee) error {
			if state, by := stateOf(t, p); state != StateTracing || by == 0 {
				t.Errorf("while held: %v, traced by %d", state, by)
			}
			return nil
		})
		if state, by := stateOf(t, p); state != StateStopped || by != 0 {
			t.Fatalf("after: %v, traced by %d", state, by)
		}
	}
	if after := counter(); after != before {
		t.Errorf("it ran: %d, then %d", before, after)
	}
	v.kill(unix.SIGCONT)
	v.wants(v.pid, StateRunning)
}

func TestStoppedParentHearsNothing(t *testing.T) {
	v := startVictim(t, "parent")
	p, tracer := pinned(t, int(v.a)), newTracer(t)
	for range 200 {
		hold(t, tracer, p, nothing)
	}
	fmt.Fprintln(v.in)
	var pending, heard int
	if _, err := fmt.Fscan(v.out, &pending, &heard); err != nil || pending != 0 || heard != 0 {
		t.Errorf("SIGCHLD %d, wait %d, %v", pending, heard, err)
	}
	if code := v.exit(); code != 5 { // the child's, once continued
		t.Errorf("exit %d", code)
	}
}

// Nothing is done to what runs: no attachment is ever seen.
func TestStoppedRunning(t *testing.T) {
	v := startVictim(t, "sleep", "epoll_wait")
	p, tracer := pinned(t, v.pid), newTracer(t)
	v.wants(v.pid, StateSleeping)
	before := switches(t, p)
	for range 100 {
		busy(t, tracer, p, TraceOptions{})
	}
	if tracer.thread != nil {
		t.Error("a thread was started")
	}
	if after := switches(t, p); after != before {
		t.Errorf("it was woken: %d switches, then %d", before, after)
	}
}

func switches(t *testing.T, p *Process) uint64 {
	t.Helper()
	var s Status
	if err := p.Status(&s); err != nil {
		t.Fatal(err)
	}
	if s.TracerPID != 0 {
		t.Errorf("traced by %d", s.TracerPID)
	}
	return s.VoluntaryCtxtSwitches + s.NonvoluntaryCtxtSwitches
}

func busy(t *testing.T, tracer *Tracer, p *Process, o TraceOptions) {
	t.Helper()
	err := tracer.Stopped(context.Background(), p, o, func(*Tracee) error {
		t.Error("it was held")
		return nil
	})
	if !errors.Is(err, ErrBusy) || !errors.Is(err, unix.EBUSY) {
		t.Errorf("%v; want ErrBusy", err)
	}
}

func TestStoppedRefusals(t *testing.T) {
	tracer, sample := newTracer(t), TraceOptions{Sample: true}
	traced := startVictim(t, "traced")
	vfork := startVictim(t, "vfork")
	vfork.wants(vfork.pid, StateWaiting)
	for name, pid := range map[string]int{"traced": int(traced.a), "ourselves": os.Getpid(), "vfork": vfork.pid, "kernel": 2} {
		p := pinned(t, pid)
		start := time.Now()
		busy(t, tracer, p, TraceOptions{})
		busy(t, tracer, p, sample)
		if took := time.Since(start); took > 2*traceStop+2*traceGo {
			t.Errorf("%s: after %v", name, took)
		}
		if _, by := stateOf(t, p); by != 0 && name != "traced" {
			t.Errorf("%s: still traced by %d", name, by)
		}
	}
	vfork.in.Close() // its child ends, and it can
	if code := vfork.exit(); code != 0 {
		t.Errorf("vfork: exit %d", code)
	}
}

func TestStoppedGone(t *testing.T) {
	tracer := newTracer(t)
	v := startVictim(t, "receiver")
	p := pinned(t, v.pid)
	v.kill(unix.SIGKILL)
	v.wants(v.pid, StateZombie)
	for range 2 { // as a zombie, and not at all
		for _, o := range []TraceOptions{{}, {Sample: true}} {
			if err := tracer.Stopped(context.Background(), p, o, nothing); !errors.Is(err, ErrGone) {
				t.Errorf("%v; want ErrGone", err)
			}
		}
		v.exit()
	}
}

// A target that is killed while it is held stays for its parent to reap.
func TestStoppedKilled(t *testing.T) {
	tracer := newTracer(t)
	for range 20 {
		v := startVictim(t, "receiver")
		v.stop()
		p := pinned(t, v.pid)
		hold(t, tracer, p, func(*Tracee) error {
			v.kill(unix.SIGKILL)
			return nil
		})
		if code := v.exit(); code != -1 {
			t.Fatalf("exit %d", code)
		}
	}
}

func TestStoppedLeaderGone(t *testing.T) {
	tracer := newTracer(t)
	v := startVictim(t, "leadergone")
	p := pinned(t, v.pid)
	v.wants(v.pid, StateZombie)
	busy(t, tracer, p, TraceOptions{})
	v.kill(unix.SIGSTOP)
	err := ErrBusy
	poll(time.Now().Add(5*time.Second), func() bool {
		err = tracer.Stopped(context.Background(), p, TraceOptions{}, func(x *Tracee) error {
			if x.TID() != int(v.a) {
				t.Errorf("thread %d, not %d", x.TID(), v.a)
			}
			return nil
		})
		return err == nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The asker's own thread cannot stop: no waiting for it.
func TestStoppedAsker(t *testing.T) {
	v := startVictim(t, "receiver")
	start := time.Now()
	busy(t, newTracer(t), pinned(t, v.pid), TraceOptions{Sample: true, Asker: &Caller{tid: v.pid}})
	if took := time.Since(start); took > traceStop/2 {
		t.Errorf("after %v", took)
	}
}

// Nor can whoever waits for another process's answer: two that ask for each
// other wait for neither.
func TestStoppedAskers(t *testing.T) {
	a, b := startVictim(t, "receiver"), startVictim(t, "receiver")
	a.stop()
	pa, pb, tracer := pinned(t, a.pid), pinned(t, b.pid), newTracer(t)
	asks := TraceOptions{Sample: true, Asker: &Caller{tid: b.pid}}
	impatient, cancel := context.WithCancel(context.Background())
	cancel()
	err := tracer.Stopped(context.Background(), pa, asks, func(*Tracee) error {
		if err := tracer.Stopped(impatient, pb, TraceOptions{Sample: true}, nothing); !errors.Is(err, ErrBusy) {
			t.Errorf("%v; want ErrBusy, before it waits for its turn", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := tracer.Stopped(context.Background(), pb, TraceOptions{Sample: true}, nothing); err != nil {
		t.Errorf("once it has its answer: %v", err)
	}
}

// fn has a bounded time, and the target is let go when it is over.
func TestStoppedTooLong(t *testing.T) {
	v := startVictim(t, "receiver")
	v.stop()
	p, tracer := pinned(t, v.pid), newTracer(t)
	hold(t, tracer, p, func(x *Tracee) error {
		v.wants(v.pid, StateStopped) // by itself
		if _, err := x.regset(unix.PTRACE_GETREGSET, 1, make([]byte, 512)); err != ErrBusy {
			t.Errorf("%v after the deadline", err)
		}
		return nil
	})
	hold(t, tracer, p, nothing) // with another thread
}

func TestStoppedPanic(t *testing.T) {
	v := startVictim(t, "receiver")
	v.stop()
	p, tracer := pinned(t, v.pid), newTracer(t)
	func() {
		defer func() { _ = recover() }()
		_ = tracer.Stopped(context.Background(), p, TraceOptions{}, func(*Tracee) error { panic("test") })
	}()
	if state, by := stateOf(t, p); state != StateStopped || by != 0 {
		t.Errorf("%v, traced by %d", state, by)
	}
	hold(t, tracer, p, nothing)
}

// The turn is bounded by the context, and a closed tracer says so.
func TestStoppedTurn(t *testing.T) {
	v := startVictim(t, "receiver")
	v.stop()
	p, tracer := pinned(t, v.pid), newTracer(t)
	hold(t, tracer, p, func(*Tracee) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		q := pinned(t, startedStopped(t))
		if err := tracer.Stopped(ctx, q, TraceOptions{}, nothing); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		return nil
	})
	tracer.Close()
	if err := tracer.Stopped(context.Background(), p, TraceOptions{}, nothing); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func startedStopped(t *testing.T) int {
	v := startVictim(t, "receiver")
	v.stop()
	return v.pid
}

// Continuing a process while it is held leaves it running.
func TestStoppedContinued(t *testing.T) {
	v := startVictim(t, "receiver")
	p, tracer := pinned(t, v.pid), newTracer(t)
	for range 20 {
		v.stop()
		hold(t, tracer, p, func(*Tracee) error { v.kill(unix.SIGCONT); return nil })
		if state, by := stateOf(t, p); state == StateStopped || by != 0 {
			t.Fatalf("%v, traced by %d", state, by)
		}
	}
}
