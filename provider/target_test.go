package provider

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// debugTarget is the program of testdata/debug/target.c, built once and held by
// a descriptor that every process started from it inherits: nothing is left on
// disk. Every user may execute it.
var debugTarget = sync.OnceValues(func() (*os.File, error) {
	dir, err := os.MkdirTemp("", "procfsd-target")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "target")
	out, err := exec.Command("gcc", "-O1", "-Wall", "-static", "-pthread", "-o", file, "testdata/debug/target.c").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	if err := os.Chmod(file, 0o755); err != nil {
		return nil, err
	}
	debugTargetFile, err = os.Open(file)
	return debugTargetFile, err
})

var debugTargetFile *os.File // nil where no test has wanted it

// victim is a running debug target.
type victim struct {
	t    testing.TB
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	pid  int
	a, b int64 // what it says of itself
}

func startVictim(t testing.TB, args ...string) *victim {
	t.Helper()
	file, err := debugTarget()
	if err != nil {
		cannot(t, "no C compiler: "+err.Error())
	}
	return startVictimOf(t, "/proc/self/fd/3", file, args...)
}

// startVictimOf starts a program; the file, if any, is its descriptor 3.
func startVictimOf(t testing.TB, program string, file *os.File, args ...string) *victim {
	t.Helper()
	v := &victim{t: t, cmd: exec.Command(program, args...)}
	if file != nil {
		v.cmd.ExtraFiles = []*os.File{file}
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.cmd.Process.Kill(); v.cmd.Wait() })
	v.out, v.pid = bufio.NewReader(out), v.cmd.Process.Pid
	var pid int
	if _, err := fmt.Fscan(v.out, &pid, &v.a, &v.b); err != nil || pid != v.pid {
		t.Fatalf("target %v: pid %d, %v", args, pid, err)
	}
	return v
}

// stop stops it by job control and waits until it is.
func (v *victim) stop() {
	v.t.Helper()
	v.kill(unix.SIGSTOP)
	v.wants(v.pid, StateStopped)
}

func (v *victim) kill(sig unix.Signal) {
	v.t.Helper()
	if err := unix.Kill(v.pid, sig); err != nil {
		v.t.Fatal(err)
	}
}

// wants waits until process pid is in a state.
func (v *victim) wants(pid int, state ProcState) {
	v.t.Helper()
	var s Stat
	p := pinned(v.t, pid)
	if !poll(time.Now().Add(5*time.Second), func() bool { return p.Stat(&s) == nil && s.State == state }) {
		v.t.Fatalf("%d is %v, not %v", pid, s.State, state)
	}
}

// exit waits for its end and gives its exit code, -signal if one killed it.
func (v *victim) exit() int {
	v.t.Helper()
	timer := time.AfterFunc(10*time.Second, func() { v.cmd.Process.Kill() })
	defer timer.Stop()
	v.cmd.Wait()
	status := v.cmd.ProcessState.Sys().(interface {
		Signaled() bool
		ExitStatus() int
	})
	if status.Signaled() {
		return -1
	}
	return status.ExitStatus()
}

// pinned opens a process of the machine for the test's duration.
func pinned(t testing.TB, pid int) *Process {
	t.Helper()
	proc, err := OpenFS("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proc.Close() })
	p, err := proc.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func newTracer(t testing.TB) *Tracer {
	tracer := NewTracer()
	t.Cleanup(tracer.Close)
	return tracer
}

// stateOf is the state and the tracer of a process.
func stateOf(t testing.TB, p *Process) (ProcState, int) {
	t.Helper()
	var s Status
	if err := p.Status(&s); err != nil {
		t.Fatal(err)
	}
	return s.State, s.TracerPID
}

// hold is Stopped without options.
func hold(t testing.TB, tracer *Tracer, p *Process, fn func(*Tracee) error) {
	t.Helper()
	if err := tracer.Stopped(context.Background(), p, TraceOptions{}, fn); err != nil {
		t.Fatal(err)
	}
}

func nothing(*Tracee) error { return nil }
