package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stuckTarget is a process that has memory which nobody can read.
type stuckTarget struct {
	pid    int
	page   int       // the address of that memory: a file's
	server *exec.Cmd // of the file, which does not answer
}

func startStuck(t *testing.T, args ...string) *stuckTarget {
	dir := directory(t)
	server := helper(t, "silent", dir)
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	start(t, server)
	process := helper(t, "stuck", append([]string{filepath.Join(dir, "file")}, args...)...)
	page := atoi(t, start(t, process))
	t.Cleanup(func() { server.Process.Kill() }) // before the others: it lets them go
	return &stuckTarget{process.Process.Pid, page, server}
}

// One process that cannot be read keeps nobody from the others, nor anybody
// for long, nor for ever.
func TestKillStuckMemory(t *testing.T) {
	d, p := mount(t), startProbe(t, "argument")
	s := startStuck(t)
	checkStuck(t, d, p, s, "mem", s.page)
	wantAfter(t, d, s, "mem", s.page, "EFAULT")
}

func TestKillStuckArguments(t *testing.T) {
	d, p := mount(t), startProbe(t, "argument")
	s := startStuck(t, "locked")
	waitFor(t, "the target to change its address space", func() bool {
		return blockedThreads(s.pid) >= 2
	})
	checkStuck(t, d, p, s, "cmdline", 0)
	wantAfter(t, d, s, "cmdline", 0, "ok")
}

// A daemon that is told to end, and cannot while a target holds a thread of it,
// lets go of everybody and of the mountpoint.
func TestKillStuckEnds(t *testing.T) {
	d := mount(t)
	targets := startStuckTargets(t, d, 0, 1, "mem")
	readers := startVolley(t, 0, slices.Concat(targets.files, targets.files, targets.files)...)
	readers.fire()
	waitFor(t, "the readers to wait", func() bool { return inKernel(d.cmd.Process.Pid) > 0 })
	unmountAtEnd(t, d.dir)
	d.cmd.Process.Signal(unix.SIGTERM)
	for _, shot := range readers.ended(t) {
		if shot.errno != "ENOTCONN" && shot.errno != "ECONNABORTED" && shot.errno != "ETIMEDOUT" && shot.errno != "EBUSY" {
			t.Errorf("a reader got %s", shot.errno)
		}
	}
	usableAgain(t, d.dir, time.Now())
	if targets.server.Process.Kill(); d.cmd.Wait() != nil {
		t.Errorf("the daemon, once it could end: %v\n%s", d.cmd.ProcessState, d.log)
	}
}

// blockedThreads counts the threads of a process that cannot be interrupted.
func blockedThreads(pid int) int {
	n := 0
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		if text, _ := os.ReadFile(path); bytes.Contains(text, []byte(") D ")) {
			n++
		}
	}
	return n
}

// wantAfter frees the target: its memory can be read again, as natively.
func wantAfter(t *testing.T, d *daemon, s *stuckTarget, node string, offset int, want string) {
	t.Helper()
	s.server.Process.Kill()
	var got string
	waitFor(t, "the target to be free", func() bool {
		got = startReporter(t, d.path(s.pid, node), offset).outcome(t)
		return !outOfTime(got)
	})
	if got != want {
		t.Errorf("%s of the freed target gives %s, want %s", node, got, want)
	}
	checkAnswers(t, d, s.pid, "status", "rlimit", "map", "cmdline", "etype")
}

func outOfTime(errno string) bool { return errno == "ETIMEDOUT" || errno == "EBUSY" }

func checkStuck(t *testing.T, d *daemon, p *probe, s *stuckTarget, node string, offset int) {
	path := d.path(s.pid, node)
	first := startReporter(t, path, offset)
	first.blocked(t)
	checkAnswers(t, d, p.pid, "status", "rlimit", "map", "cmdline", "etype")
	checkAnswers(t, d, s.pid, "status", "rlimit")
	if errno := first.outcome(t); errno != "ETIMEDOUT" {
		t.Errorf("the reader of a stuck %s got %s, want ETIMEDOUT", node, errno)
	}
	var more []*reporter
	for range 20 {
		more = append(more, startReporter(t, path, offset))
	}
	checkKillable(t, startReporter(t, path, offset))
	checkAnswers(t, d, p.pid, "map", "cmdline", "etype")
	for _, r := range more {
		if errno := r.outcome(t); !outOfTime(errno) {
			t.Errorf("one of many readers of a stuck %s got %s", node, errno)
		}
	}
}

// checkKillable: a reader that waits can be killed.
func checkKillable(t *testing.T, r *reporter) {
	t.Helper()
	r.blocked(t)
	r.cmd.Process.Kill()
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	select {
	case err := <-ended:
		if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("a killed reader: %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("a killed reader does not die")
	}
}

// checkAnswers: each node has a text, and soon.
func checkAnswers(t *testing.T, d *daemon, pid int, nodes ...string) {
	t.Helper()
	for _, node := range nodes {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		out, err := exec.CommandContext(ctx, "/bin/cat", d.path(pid, node)).Output()
		if err != nil || len(out) == 0 {
			t.Errorf("%s: %q, %v", fmt.Sprint(pid, "/", node), out, err)
		}
		cancel()
	}
}
