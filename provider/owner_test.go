package provider

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// checkOwner asks for the directory's owner by its path.
func checkOwner(p *Process) error {
	return steady(p, "status", func([]byte) error {
		uid, gid, err := p.Owner()
		if err != nil {
			return err
		}
		path := fmt.Sprintf("/proc/%d", p.PID())
		if p.tid != 0 {
			path += fmt.Sprintf("/task/%d", p.tid)
		}
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			return p.fail("stat", "", ErrGone)
		}
		return same("owner", uid, fmt.Sprint(st.Uid), gid, fmt.Sprint(st.Gid))
	})
}

// checkRunning looks for the letter after the name.
func checkRunning(p *Process) error {
	return steady(p, "stat", func(raw []byte) error {
		state := raw[strings.LastIndexByte(string(raw), ')')+2]
		threads := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))[17]
		dead := state == 'Z' && (threads == "0" || threads == "1" || p.tid != 0) || state == 'X'
		if exited, known := p.Exited(); known && p.tid == 0 && exited != dead {
			return fmt.Errorf("%w: exited %v, state %c", errDiffers, exited, state)
		}
		return same("running", p.Running(), fmt.Sprint(!dead))
	})
}

func TestOwner(t *testing.T) {
	needRoot(t)
	f := openProc(t)
	c := start(t, user(alice))
	p := pin(t, f, c.pid)
	if uid, gid, err := p.Owner(); err != nil || uid != alice || gid != alice {
		t.Errorf("%d, %d, %v", uid, gid, err)
	}
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	if uid, gid, err := task.Owner(); err != nil || uid != alice || gid != alice {
		t.Errorf("a thread: %d, %d, %v", uid, gid, err)
	}
	hidden := pin(t, f, start(t, user(bob), kind("undump")).pid)
	if uid, gid, err := hidden.Owner(); err != nil || uid != bob || gid != bob {
		t.Errorf("not dumpable: %d, %d, %v", uid, gid, err)
	}
	c.end()
	for name, d := range map[string]*dir{"process": &p.dir, "thread": &task.dir} {
		if uid, _, err := d.Owner(); !errors.Is(err, ErrGone) || uid != 0 {
			t.Errorf("a %s that is gone: %d, %v", name, uid, err)
		}
	}
}

func TestRunning(t *testing.T) {
	f := openProc(t)
	c := start(t)
	p := pin(t, f, c.pid)
	task, err := p.MainTask()
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	if !p.Running() || !task.Running() || !pin(t, f, os.Getpid()).Running() {
		t.Error("does not run")
	}
	c.zombie()
	if p.Running() || task.Running() || p.Alive() != nil {
		t.Error("a zombie runs")
	}
	c.end()
	if p.Running() || task.Running() {
		t.Error("what is gone runs")
	}
}

// A process whose main thread has exited runs; that thread does not.
func TestRunningWithoutLeader(t *testing.T) {
	f, err := OpenFS("testdata/proc/zombieleader")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pids, err := f.PIDs(nil)
	if err != nil || len(pids) != 1 {
		t.Fatal(pids, err)
	}
	p := pin(t, f, pids[0])
	if !p.Running() {
		t.Error("the process does not run")
	}
	leader := Task{dir{fs: f, fd: p.fd, pid: p.pid, tid: p.pid}}
	if leader.Running() {
		t.Error("the thread runs")
	}
}
