//go:build amd64

package tests

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// access opens a register node, and reads or writes it.
func access(path string, flags int, set []byte) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if flags == unix.O_RDONLY {
		_, err = unix.Pread(fd, make([]byte, 512), 0)
	} else {
		_, err = unix.Pwrite(fd, set, 0)
	}
	return err
}

// wantRefused: no access to any register node of the process, in either
// direction; and each refusal comes within limit.
func wantRefused(t *testing.T, d *daemon, pid int, want error, limit time.Duration) {
	t.Helper()
	for node, size := range registerNodes {
		for _, flags := range []int{unix.O_RDONLY, unix.O_WRONLY} {
			start := time.Now()
			err := access(d.path(pid, node), flags, make([]byte, size))
			if took := time.Since(start); err != want || took > limit {
				t.Errorf("%s, flags %d: %v after %v, want %v within %v", node, flags, err, took, want, limit)
			}
		}
	}
}

func switches(t *testing.T, pid int) string {
	t.Helper()
	f := statusFields(t, pid)
	return f["voluntary_ctxt_switches"] + " " + f["nonvoluntary_ctxt_switches"]
}

// TestDebugRunning: what runs is EBUSY, and nothing is done to it.
func TestDebugRunning(t *testing.T) {
	d, sample := mount(t), mount(t, "sample")
	p := startTarget(t, "block", "epoll_wait") // which a stop would interrupt
	p.wants('S')
	before := switches(t, p.pid)
	for range 20 {
		wantRefused(t, d, p.pid, unix.EBUSY, 5*time.Second)
	}
	if after := switches(t, p.pid); after != before {
		t.Errorf("it was woken: %s switches, then %s", before, after)
	}
	for node, size := range registerNodes {
		if err := access(sample.path(p.pid, node), unix.O_WRONLY, make([]byte, size)); err != unix.EBUSY {
			t.Errorf("%s: a write with -o sample: %v, want EBUSY", node, err)
		}
	}
	if after := switches(t, p.pid); after != before || len(p.out) > 0 {
		t.Errorf("it was woken: %s switches, then %s, %d lines", before, after, len(p.out))
	}
	if err := access(sample.path(p.pid, "regs"), unix.O_RDONLY, nil); err != nil {
		t.Error(err)
	}
	if line := p.line(); line != fmt.Sprintf("-1 %d 0", unix.EINTR) { // the check above can fail
		t.Errorf("a stop gives %q", line)
	}
}

// blocking are system calls that wait, and whether sampling ends them: as the
// README says.
var blocking = map[string]bool{
	"nanosleep": false, "clock_nanosleep": false, "read": false, "poll": false,
	"ppoll": false, "select": false, "pselect": false, "futex": false, "wait4": false, "waitid": false, "accept": false,
	"recv": false, "pause": false, "sigsuspend": false, "msgrcv": false, "flock": false,
	"epoll_wait": true, "semop": true, "semtimedop": true, "sigtimedwait": true, "io_getevents": true,
	"accept-timeout": true, "recv-timeout": true,
}

// TestDebugSample reads the registers of what waits in a system call. It goes
// on waiting, but for the calls that are documented to return EINTR.
func TestDebugSample(t *testing.T) {
	d := mount(t, "sample")
	for name, ends := range blocking {
		cmd := targetProgram(t, "block", name)
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWIPC
		p := startDebuggee(t, cmd)
		p.wants('S')
		in := inSystemCall(t, p.pid)
		start := time.Now()
		for node, size := range registerNodes {
			if got := piece(t, openNode(t, d.path(p.pid, node), unix.O_RDONLY), 4096, 0); len(got) != size {
				t.Errorf("%s: %s has %d bytes", name, node, len(got))
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: after %v", name, took)
		}
		p.wants('S')
		if by := statusFields(t, p.pid)["TracerPid"]; by != "0" {
			t.Errorf("%s: traced by %s", name, by)
		}
		want := fmt.Sprintf("-1 %d 0", unix.EINTR)
		if !ends {
			if after := inSystemCall(t, p.pid); after != in && after != fmt.Sprint(unix.SYS_RESTART_SYSCALL) || len(p.out) > 0 {
				t.Errorf("%s: in system call %s, then %s; %d lines", name, in, after, len(p.out))
			}
			want = fmt.Sprintf("-1 %d 1", unix.EINTR) // by the handler of the signal now
			p.kill(unix.SIGUSR1)
		}
		if line := p.line(); line != want {
			t.Errorf("%s ends with %q, want %q", name, line, want)
		}
	}
}

// inSystemCall is the number of the call under way.
func inSystemCall(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))[0]
}

// TestDebugStates: who cannot be stopped is refused, in bounded time, and left
// as he was.
func TestDebugStates(t *testing.T) {
	d, sample := mount(t), mount(t, "sample")
	vfork := startTarget(t, "vfork")
	vfork.wants('D')
	for _, m := range []*daemon{d, sample} {
		wantRefused(t, m, vfork.pid, unix.EBUSY, 5*time.Second)
		wantRefused(t, m, 2, unix.ENOENT, 5*time.Second) // a kernel thread
		wantRefused(t, m, m.cmd.Process.Pid, unix.ENOENT, 5*time.Second)
	}
	vfork.in.Close()
	if code := vfork.exit(); code != 6 {
		t.Errorf("vfork: exit %d", code)
	}
	zombie := startTarget(t, "wait")
	zombie.stop()
	fds := map[string]int{}
	for node := range registerNodes {
		fds[node] = openNode(t, d.path(zombie.pid, node), unix.O_RDWR)
		piece(t, fds[node], 16, 0)
	}
	zombie.kill(unix.SIGKILL)
	zombie.wants('Z')
	wantRefused(t, d, zombie.pid, unix.ENOENT, 5*time.Second)
	for node, fd := range fds {
		if n, err := unix.Pread(fd, make([]byte, 16), 0); err != unix.ESRCH {
			t.Errorf("open %s of a zombie: %d, %v, want ESRCH", node, n, err)
		}
		if n, err := unix.Pwrite(fd, make([]byte, 16), 0); err != unix.ESRCH {
			t.Errorf("write to the open %s of a zombie: %d, %v, want ESRCH", node, n, err)
		}
	}
}

// TestDebugTraced: what another traces is EBUSY, running or held, and stays
// with its tracer.
func TestDebugTraced(t *testing.T) {
	d, sample := mount(t), mount(t, "sample")
	p := startTarget(t, "wait")
	p.stop()
	whileTraced(t, p.pid, func() {
		if state, _ := processState(p.pid); state != 't' {
			t.Fatalf("state %c", state)
		}
		for _, m := range []*daemon{d, sample} {
			wantRefused(t, m, p.pid, unix.EBUSY, 5*time.Second)
		}
		if by := statusFields(t, p.pid)["TracerPid"]; by == "0" {
			t.Error("its tracer has lost it")
		}
	})
	for node := range registerNodes {
		if err := access(d.path(p.pid, node), unix.O_RDONLY, nil); err != nil {
			t.Errorf("%s afterwards: %v", node, err)
		}
	}
	p.kill(unix.SIGCONT)
	p.wants('S')
	whileTracedRunning(t, p.pid, func() {
		for _, m := range []*daemon{d, sample} {
			wantRefused(t, m, p.pid, unix.EBUSY, 5*time.Second)
		}
	})
	if err := access(sample.path(p.pid, "regs"), unix.O_RDONLY, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestDebugItself: a process that asks about itself gets EBUSY at once, for
// it can never stop while it waits; two that ask about each other get an
// answer.
func TestDebugItself(t *testing.T) {
	d := mount(t, "sample")
	const times = 20
	p := startTarget(t, "read", fmt.Sprint(times))
	fmt.Fprintln(p.in, d.path("curproc", "regs"))
	quick := 0
	for range times {
		n, errno, micros := p.read()
		if n != -1 || errno != int(unix.EBUSY) {
			t.Fatalf("its own registers: %d, errno %d, want EBUSY", n, errno)
		}
		if micros < 150_000 { // no wait for a stop, of 200 ms
			quick++
		}
	}
	if quick == 0 {
		t.Errorf("none of %d answers came at once", times)
	}
	a, b := startTarget(t, "read", "4"), startTarget(t, "read", "4")
	fmt.Fprintln(a.in, d.path(b.pid, "regs"))
	fmt.Fprintln(b.in, d.path(a.pid, "regs"))
	for range 4 {
		for _, p := range []*debuggee{a, b} {
			n, errno, micros := p.read()
			answer := n == 176 || errno == int(unix.EBUSY) || errno == int(unix.EINTR) // by the other's attempt to stop it
			if !answer || micros > 5_000_000 {
				t.Errorf("each other's registers: %d, errno %d after %d us", n, errno, micros)
			}
		}
	}
	for _, p := range []*debuggee{a, b} {
		p.wants('S')
		if err := access(d.path(p.pid, "regs"), unix.O_RDONLY, nil); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// read is what the reader says of one read.
func (p *debuggee) read() (n, errno, micros int) {
	p.t.Helper()
	if _, err := fmt.Sscan(p.line(), &n, &errno, &micros); err != nil {
		p.t.Fatal(err)
	}
	return n, errno, micros
}
