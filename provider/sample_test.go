package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What sampling does to system calls is as documented.
func TestSample(t *testing.T) {
	tracer := newTracer(t)
	for _, test := range []struct{ call, after string }{
		{"nanosleep", ""}, {"read", ""}, {"futex", ""},
		{"epoll_wait", "epoll_wait -1 " + strconv.Itoa(int(unix.EINTR)) + "\n"},
	} {
		v := startVictim(t, "sleep", test.call)
		v.wants(v.pid, StateSleeping)
		p := pinned(t, v.pid)
		for range 20 {
			if err := tracer.Stopped(context.Background(), p, TraceOptions{Sample: true}, nothing); err != nil {
				t.Errorf("%s: %v", test.call, err)
			}
			if _, by := stateOf(t, p); by != 0 {
				t.Errorf("%s: traced by %d after", test.call, by)
			}
		}
		said := make(chan string, 1)
		go func() { line, _ := v.out.ReadString('\n'); said <- line }()
		if <-said != "\n" { // the rest of the first line
			t.Error("no line")
		}
		go func() { line, _ := v.out.ReadString('\n'); said <- line }()
		select {
		case line := <-said:
			if line != test.after {
				t.Errorf("%s ended: %q", test.call, line)
			}
		case <-time.After(100 * time.Millisecond):
			if test.after != "" {
				t.Errorf("%s was not interrupted", test.call)
			}
		}
	}
}

// A signal that is about to be delivered when a target is sampled is neither
// lost nor doubled, nor does it lose its siginfo.
func TestSampleSignals(t *testing.T) {
	tracer := newTracer(t)
	v := startVictim(t, "handler")
	p := pinned(t, v.pid)
	var done atomic.Bool
	var deliveries atomic.Int64
	var sampled sync.WaitGroup
	sampled.Go(func() {
		for !done.Load() {
			err := tracer.Stopped(context.Background(), p, TraceOptions{Sample: true}, func(x *Tracee) error {
				if x.stop.passOn() != 0 {
					deliveries.Add(1)
				}
				return nil
			})
			if err != nil && !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		}
	})
	defer sampled.Wait()
	defer done.Store(true)
	defer time.AfterFunc(20*time.Second, func() { v.cmd.Process.Kill() }).Stop() // where one is lost
	for round := 1; round <= 5000 && (round < 500 || deliveries.Load() < 10); round++ {
		v.kill(unix.SIGUSR1)
		var n, pid int
		if _, err := fmt.Fscan(v.out, &n, &pid); err != nil || n != round || pid != os.Getpid() {
			t.Fatalf("round %d: signal %d from %d: %v", round, n, pid, err)
		}
	}
	t.Logf("%d stops were deliveries", deliveries.Load())
}

// Many ask for many targets, some of which change state all the time.
func TestStoppedStorm(t *testing.T) {
	tracer := newTracer(t)
	var victims []*victim
	for range 8 {
		v := startVictim(t, "receiver")
		v.stop()
		victims = append(victims, v)
	}
	restless := victims[7]
	var done atomic.Bool
	var toggle, askers sync.WaitGroup
	toggle.Go(func() {
		for !done.Load() {
			_ = unix.Kill(restless.pid, unix.SIGCONT)
			_ = unix.Kill(restless.pid, unix.SIGSTOP)
		}
	})
	threads := threadsOf(t)
	for i := range 16 {
		p := pinned(t, victims[i%8].pid)
		askers.Go(func() { storm(t, tracer, p, victims[i%8] == restless) })
	}
	askers.Wait()
	done.Store(true)
	toggle.Wait()
	for _, v := range victims[:7] {
		if state, by := stateOf(t, pinned(t, v.pid)); state != StateStopped || by != 0 {
			t.Errorf("%v, traced by %d", state, by)
		}
	}
	if now := threadsOf(t); now > threads+16 {
		t.Errorf("%d threads, then %d", threads, now)
	}
}

func storm(t *testing.T, tracer *Tracer, p *Process, restless bool) {
	for range 200 {
		err := tracer.Stopped(context.Background(), p, TraceOptions{}, func(x *Tracee) error {
			b := make([]byte, 1024)
			_, err := x.regset(unix.PTRACE_GETREGSET, 1, b)
			return err
		})
		if err != nil && !(restless && errors.Is(err, ErrBusy)) {
			t.Error(err)
		}
	}
}

func threadsOf(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// A dropped thread is really gone, also if it would be the main one.
func TestTracerThread(t *testing.T) {
	for range 100 {
		th := startTracerThread()
		if th.tid == os.Getpid() {
			t.Fatal("on the main thread")
		}
		if !th.gone(time.Now().Add(5 * time.Second)) {
			t.Fatal("it does not end")
		}
		if err := th.do(func() error { return nil }); err != ErrBusy {
			t.Fatal(err)
		}
	}
}
