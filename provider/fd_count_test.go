package provider

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFDCount(t *testing.T) {
	p := pin(t, openProc(t), start(t).pid)
	before, err := p.FDCount()
	if err != nil || before != len(fdsOf(t, p)) || before < 3 {
		t.Errorf("%d, %v", before, err)
	}
	if n, err := before62(p).FDCount(); err != nil || n != before {
		t.Errorf("counted: %d, %v; want %d", n, err, before)
	}
}

// before62 is p as where the kernel does not give the number by itself.
func before62(p *Process) *Process {
	f := newFS(p.fs.fd, "proc")
	f.proc = false
	return &Process{dir{fs: f, fd: p.fd, pid: p.pid}}
}

// Fault 10: who has no descriptors has 0, not 2.
func TestFault10NoDescriptors(t *testing.T) {
	f := openProc(t)
	c := start(t)
	zombie := pin(t, f, c.pid)
	c.zombie()
	targets := map[string]*Process{"zombie": zombie}
	if kthread, err := f.Open(2); err == nil {
		defer kthread.Close()
		targets["kernel thread"] = kthread
	}
	for name, p := range targets {
		if n, err := p.FDCount(); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if os.Geteuid() != 0 {
			continue
		}
		if n, err := before62(p).FDCount(); err != nil || n != 0 {
			t.Errorf("%s, counted: %d, %v", name, n, err)
		}
		for fd, err := range p.FDs() {
			t.Errorf("%s: %v, %v", name, fd, err)
		}
	}
}

// The size of a plain directory is no number of descriptors.
func TestFDCountCaptured(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/7/fd", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"0": "/dev/null", "1": "pipe:[5]", "10": "/tmp/x (deleted)"} {
		if err := os.Symlink(target, root+"/7/fd/"+name); err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenFS(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := pin(t, f, 7)
	if n, err := p.FDCount(); err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	if fd, err := p.FD(1); err != nil || fd.Target != (FDTarget{Kind: FDPipe, Inode: 5}) {
		t.Errorf("%v, %v", fd, err)
	}
	if link, err := p.Link("fd/10"); err != nil || link != (Link{"/tmp/x", true}) {
		t.Errorf("%v, %v", link, err)
	}
}

// checkFDCount counts the names, again where the process does not stand still.
func checkFDCount(p *Process) error {
	opening := 0
	for range 10 {
		before, err := p.FDCount()
		if err != nil {
			return err
		}
		names, err := fdNames(p)
		if err != nil {
			return err
		}
		after, err := p.FDCount()
		if err != nil || names == before || before != after {
			return err
		}
		opening = before - names
	}
	if opening > 0 && opening <= threadCount(p) {
		return nil // as for a FIFO, in open(2)
	}
	return fmt.Errorf("%w: number of descriptors", errDiffers)
}

func fdNames(p *Process) (int, error) {
	dir, err := openat(p.fd, "fd", unix.O_RDONLY)
	if err != nil {
		return 0, p.missing("fd", err)
	}
	f := os.NewFile(uintptr(dir), "fd")
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if errors.Is(err, unix.ENOENT) {
		err = p.missing("fd", unix.ENOENT)
	}
	if p.PID() == os.Getpid() {
		return len(names) - 1, err // f
	}
	return len(names), err
}

func threadCount(p *Process) (n int) {
	for range p.Tasks() {
		n++
	}
	return n
}
