package provider

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// checkOpenMemory reads the arguments where stat says that they are.
func checkOpenMemory(p *Process) error {
	m, err := p.OpenMemory(unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer m.Close()
	return steady(p, "stat", func([]byte) error {
		var s Stat
		want, err := p.AppendCmdline(nil, 1<<20)
		if err := errors.Join(err, p.Stat(&s)); err != nil {
			return err
		}
		if s.ArgEnd <= s.ArgStart || len(want) == 0 {
			return nil // not to be known, or none
		}
		got := make([]byte, s.ArgEnd-s.ArgStart)
		n, err := m.ReadAt(got, int64(s.ArgStart))
		if errors.Is(err, unix.EFAULT) {
			return nil // it has unmapped them
		}
		if err != nil {
			return err
		}
		if n = min(n, len(want)); got[len(got)-1] == 0 && !bytes.Equal(got[:n], want[:n]) {
			return errDiffers
		}
		return nil
	})
}

// Our own rights, by process and by thread.
func TestOpenMemory(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	byProcess, err1 := p.OpenMemory(unix.O_RDWR | unix.O_TRUNC) // of which only the mode counts
	byTask, err2 := task.OpenMemory(unix.O_RDWR)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	both := []*Memory{byProcess, byTask}
	b := []byte{0}
	for i, m := range both {
		defer m.Close()
		n, err := m.WriteAt([]byte{byte(77 + i)}, c.pages)
		n2, err2 := both[1-i].ReadAt(b, c.pages)
		if n != 1 || n2 != 1 || int(b[0]) != 77+i || errors.Join(err, err2) != nil {
			t.Errorf("%d: %d %d, %v, %v", i, n, n2, b, errors.Join(err, err2))
		}
	}
	c.exec()
	for i, m := range both {
		var e *Error
		if _, err := m.ReadAt(b, c.pages); !errors.Is(err, ErrGone) || !errors.As(err, &e) || e.PID != c.pid {
			t.Errorf("%d after exec: %v", i, err)
		}
	}
}

// Where the main thread has exited, another shows the memory.
func TestOpenMemoryLeaderGone(t *testing.T) {
	v := startVictim(t, "leadergone")
	p := pinned(t, v.pid)
	v.wants(v.pid, StateZombie)
	m, err := p.OpenMemory(unix.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.ReadAt(make([]byte, 8), 8); !errors.Is(err, unix.EFAULT) {
		t.Errorf("%v", err)
	}
	if _, err := p.Maps(); !errors.Is(err, ErrGone) {
		t.Errorf("maps: %v", err)
	}
	task, err := p.Task(int(v.a))
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	all, err := task.Maps()
	if err != nil || len(all) < 5 {
		t.Fatalf("%v, %v", all, err)
	}
	if n, err := m.ReadAt(make([]byte, 4), int64(all[0].Start)); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// What is denied is neither gone nor unsupported.
func TestSpaceDenied(t *testing.T) {
	needRoot(t)
	runRole(t, "spacedenied", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: alice, Gid: alice}})
}

func roleSpaceDenied() error {
	p, err := Open(os.Getppid())
	if err != nil {
		return err
	}
	for name, method := range allSpaceMethods(p) {
		err := method()
		open := name == "KSMStat" || name == "KSMMergingPages"
		if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, ErrNotSupported) && !open || errors.Is(err, ErrGone) {
			return errors.Join(errors.New(name), err)
		}
	}
	return nil
}
