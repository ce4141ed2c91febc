package provider

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fork starts a child that nobody else waits for.
func fork(t *testing.T, args ...string) *Process {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/sh", append([]string{"sh", "-c"}, args...), &syscall.ProcAttr{Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	p := pin(t, openProc(t), pid)
	t.Cleanup(func() {
		if p.Signal(unix.SIGKILL) == nil {
			p.Reap(context.Background())
		}
	})
	return p
}

// inTime is long enough for everything that shall happen.
func inTime(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestSignalProcess(t *testing.T) {
	p := fork(t, "exec sleep 1000")
	if err := p.Signal(0); err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(1000); !errors.Is(err, unix.EINVAL) {
		t.Errorf("no signal: %v", err)
	}
	leaksNothing(t, "Signal", func() { p.Signal(unix.SIGCONT) })
	if err := p.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	status, err := p.Reap(inTime(t))
	if err != nil || !status.Signaled() || status.Signal() != unix.SIGTERM {
		t.Errorf("%v, %v", status, err)
	}
	if err := p.Signal(0); !errors.Is(err, ErrGone) {
		t.Errorf("gone: %v", err)
	}
}

// Whoever has the number after p gets no signal, and is not waited for.
func TestSignalNumberReused(t *testing.T) {
	needRoot(t)
	first := start(t)
	p := pin(t, openProc(t), first.pid)
	first.end()
	second := startWithPID(t, first.pid)
	if err := p.Signal(unix.SIGKILL); !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
	if err := p.Wait(inTime(t)); err != nil {
		t.Errorf("%v", err)
	}
	if status, err := p.Reap(inTime(t)); !errors.Is(err, ErrGone) {
		t.Errorf("%v, %v", status, err)
	}
	if got := second.peek(); got != "0" {
		t.Errorf("the new one says %q", got)
	}
}

func TestSignalCaptured(t *testing.T) {
	f, err := OpenFS("testdata/proc/plain")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pids, _ := f.PIDs(nil)
	p := pin(t, f, pids[0])
	_, err1 := p.PIDInfo()
	for _, err := range []error{p.Signal(unix.SIGKILL), p.Wait(inTime(t)), err1} {
		if !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrGone) {
			t.Errorf("%v", err)
		}
	}
}

func TestReap(t *testing.T) {
	for script, check := range map[string]func(unix.WaitStatus) bool{
		"exit 0":        func(s unix.WaitStatus) bool { return s.Exited() && s.ExitStatus() == 0 },
		"exit 255":      func(s unix.WaitStatus) bool { return s.Exited() && s.ExitStatus() == 255 },
		"kill -9 $$":    func(s unix.WaitStatus) bool { return s.Signaled() && s.Signal() == unix.SIGKILL && !s.CoreDump() },
		"sleep 0.1":     func(s unix.WaitStatus) bool { return s.Exited() && s.ExitStatus() == 0 },
		"kill -TERM $$": func(s unix.WaitStatus) bool { return s.Signaled() && s.Signal() == unix.SIGTERM },
	} {
		p := fork(t, script)
		status, err := p.Reap(inTime(t))
		if err != nil || !check(status) {
			t.Errorf("%s: %#x, %v", script, status, err)
		}
		if err := p.Alive(); !errors.Is(err, ErrGone) {
			t.Errorf("%s: not reaped: %v", script, err)
		}
	}
}

// The statuses that waitid(2) tells in its own form.
func TestWaitStatus(t *testing.T) {
	const exited, killed, dumped = 1, 2, 3
	for _, row := range []struct {
		code, status int32
		want         unix.WaitStatus
	}{{exited, 3, 3 << 8}, {exited, 255, 255 << 8}, {killed, 9, 9}, {dumped, 11, 11 | 0x80}} {
		info := &unix.Siginfo{Code: row.code}
		(*childFields)(siginfoFields(info)).status = row.status
		if got := waitStatus(info); got != row.want {
			t.Errorf("%d, %d: %#x", row.code, row.status, got)
		}
	}
}

// Wait sees the end of anybody, and takes nothing away.
func TestWait(t *testing.T) {
	p := fork(t, "sleep 0.2; exit 7")
	if err := p.Wait(inTime(t)); err != nil {
		t.Fatal(err)
	}
	var s Stat
	if err := p.Stat(&s); err != nil || s.State != StateZombie {
		t.Errorf("%v, %v", s.State, err)
	}
	if err := p.Wait(inTime(t)); err != nil { // a zombie has exited
		t.Error(err)
	}
	if status, err := p.Reap(inTime(t)); err != nil || status.ExitStatus() != 7 {
		t.Errorf("%v, %v", status, err)
	}
	if err := p.Wait(inTime(t)); err != nil { // who is gone, too
		t.Error(err)
	}
	if _, err := p.Reap(inTime(t)); !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
}

func TestReapNoChild(t *testing.T) {
	p := pin(t, openProc(t), os.Getppid())
	if status, err := p.Reap(inTime(t)); !errors.Is(err, unix.ECHILD) || status != 0 {
		t.Errorf("%v, %v", status, err)
	}
}

// A wait that its context ends leaves nothing behind: no goroutine, no thread,
// no descriptor.
func TestWaitCancelled(t *testing.T) {
	p := fork(t, "exec sleep 1000")
	wait := func(n int) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				err := p.Wait(ctx)
				var e *Error
				if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || e.PID != p.PID() {
					t.Errorf("%v", err)
				}
			})
		}
		all.Go(func() {
			if _, err := p.Reap(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
		all.Wait()
	}
	wait(1)
	goroutines, threads := runtime.NumGoroutine(), threadsOf(t)
	leaksNothing(t, "Wait", func() { wait(2) })
	wait(200)
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	if now := threadsOf(t); now > threads+50 {
		t.Errorf("%d threads, then %d: each wait blocks one", threads, now)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := p.Alive(); err != nil {
		t.Error(err)
	}
}

// Many wait for one, and all of them hear of it.
func TestWaitTogether(t *testing.T) {
	p := fork(t, "exec sleep 1000")
	ctx := inTime(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := p.Wait(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	runtime.Gosched()
	if err := p.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	all.Wait()
}
