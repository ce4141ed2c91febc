package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTargets: they are what the table says.
func TestTargets(t *testing.T) {
	s := testStage(t, 0)
	for _, tt := range []struct {
		target   *target
		mappings int
	}{{s.small, smallMappings}, {s.large, largeMappings}} {
		f, err := tt.target.fileFacts("maps", mapsFacts)
		if n, ok := f["mappings"].(int); err != nil || !ok || n < tt.mappings-3 || n > tt.mappings+3 {
			t.Errorf("%v, %v: want %d mappings", f, err, tt.mappings)
		}
		f, err = tt.target.fileFacts("environ", environFacts)
		if err != nil || f["variables"] != targetStrings {
			t.Errorf("%v, %v: want %d variables", f, err, targetStrings)
		}
		fds, err := os.ReadDir(tt.target.path("fd"))
		if err != nil || len(fds) != targetDescriptors {
			t.Errorf("%d, %v: want %d descriptors", len(fds), err, targetDescriptors)
		}
	}
}

// TestQuiet: a target does nothing while it is looked at.
func TestQuiet(t *testing.T) {
	s := testStage(t, 0)
	text := func() string {
		b, err := os.ReadFile(s.small.path("schedstat"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	time.Sleep(50 * time.Millisecond) // the runtime goes to sleep by and by
	before := text()
	time.Sleep(50 * time.Millisecond)
	if after := text(); after != before {
		t.Errorf("it ran: %q, then %q", before, after)
	}
}

// TestClose: nothing is left of a stage.
func TestClose(t *testing.T) {
	s, err := newStage(5)
	if err != nil {
		t.Fatal(err)
	}
	pids := []int{s.small.pid, s.large.pid}
	for _, c := range s.crowd {
		pids = append(pids, c.Process.Pid)
	}
	s.close()
	for _, pid := range pids {
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			t.Errorf("%d: %v", pid, err)
		}
	}
	if _, err := os.Stat(s.files); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", s.files, err)
	}
}

// TestDeath: the children of one that is killed die with it.
func TestDeath(t *testing.T) {
	if os.Getenv("PEERS_DEATH") != "" {
		dieWithStage(t)
	}
	adopt(t)
	c := exec.Command(os.Args[0], "-test.run", "^TestDeath$")
	c.Env = append(os.Environ(), "PEERS_DEATH=1", "TMPDIR="+t.TempDir())
	out, err := c.Output()
	if c.ProcessState == nil || c.ProcessState.Success() {
		t.Fatalf("%v: %s", err, out)
	}
	pids := strings.Fields(string(out))
	if len(pids) != 4 {
		t.Fatalf("%q, %v", out, err)
	}
	for _, text := range pids {
		pid, _ := strconv.Atoi(text)
		if !dead(pid) {
			t.Errorf("%d lives", pid)
		}
	}
}

func dieWithStage(t *testing.T) {
	s, err := newStage(2)
	if err != nil {
		t.Fatal(err)
	}
	line := strconv.Itoa(s.small.pid) + " " + strconv.Itoa(s.large.pid)
	for _, c := range s.crowd {
		line += " " + strconv.Itoa(c.Process.Pid)
	}
	os.Stdout.WriteString(line + "\n")
	unix.Kill(os.Getpid(), unix.SIGKILL)
	select {}
}

// adopt makes orphans among our descendants our own children, to be reaped here.
func adopt(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
}

// dead waits a while for an adopted child to exit, and reaps it.
func dead(pid int) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); got == pid || err == unix.ECHILD {
			return err == nil
		}
	}
	return false
}
