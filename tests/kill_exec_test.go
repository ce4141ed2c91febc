package tests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"golang.org/x/sys/unix"
)

// Flush is what execve waits for when it closes descriptors, with the process
// locked against being looked at: not even its stat can be read then.
func (*silentFile) Flush(context.Context, fusefs.FileHandle) syscall.Errno { select {} }

// helperExecStuck gets stuck in execve.
func helperExecStuck() {
	_, err := unix.Open(os.Args[1], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	check(err)
	fmt.Println("ready")
	must(syscall.Exec("/bin/sleep", []string{"sleep", "60"}, nil))
}

// TestKillStuckExec: a process that is stuck in execve is missing from what
// lists all processes, and keeps nobody from the others.
func TestKillStuckExec(t *testing.T) {
	d, p := mount(t), startProbe(t, "argument")
	dir := directory(t)
	server := helper(t, "silent", dir)
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	start(t, server)
	stuck := as(helper(t, "execstuck", filepath.Join(dir, "file")), 1234, 1234)
	start(t, stuck)
	t.Cleanup(func() { server.Process.Kill() }) // before the others: it lets them go
	pid := stuck.Process.Pid
	waitFor(t, "the target to be stuck", func() bool { return !answersWithin(fmt.Sprintf("/proc/%d/stat", pid), 300*time.Millisecond) })

	for range 3 {
		if !answersWithin(d.path("status"), 8*time.Second) || !answersWithin(d.dir, 8*time.Second) {
			t.Fatal("what lists all processes hangs")
		}
		if answersWithin(d.path(pid, "status"), 5*time.Second) {
			t.Log("the stuck process answers")
		}
	}
	table, err := os.ReadFile(d.path("status"))
	if err != nil || !strings.Contains(string(table), fmt.Sprintf(" %d ", p.pid)) {
		t.Errorf("the table lacks %d: %v", p.pid, err)
	}
	if _, err := os.ReadFile(d.path(pid, "status")); errnoText(err) != "ETIMEDOUT" {
		t.Errorf("the stuck process: %v, want ETIMEDOUT", err)
	}
	checkAnswers(t, d, p.pid, "status", "rlimit", "map", "cmdline", "etype")
	if n := threadCount(t, d); n > 60 {
		t.Errorf("%d threads in the daemon", n)
	}

	server.Process.Kill()
	waitFor(t, "the target to be free", func() bool { return answersWithin(d.path(pid, "status"), 3*time.Second) })
	waitFor(t, "the target in the table", func() bool {
		table, _ := os.ReadFile(d.path("status"))
		return strings.Contains(string(table), " "+strconv.Itoa(pid)+" ")
	})
}

// answersWithin reads a file, or lists a directory, whole; an error is no answer.
func answersWithin(path string, limit time.Duration) bool {
	done := make(chan bool, 1)
	go func() {
		_, err := os.ReadFile(path)
		if err != nil && strings.Contains(err.Error(), "is a directory") {
			_, err = os.ReadDir(path)
		}
		done <- err == nil
	}()
	select {
	case ok := <-done:
		return ok
	case <-time.After(limit):
		return false
	}
}
