package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// methods are the ways to ask about a process.
func methods(c *Caller, p *Process) map[string]func() error {
	all := map[string]func() error{
		"Stat":      func() error { return p.Stat(new(Stat)) },
		"Status":    func() error { return p.Status(new(Status)) },
		"Limits":    func() error { return p.Limits(new(Limits)) },
		"Read":      func() error { _, err := p.Read("comm", nil, 100); return err },
		"Cmdline":   func() error { _, err := p.AppendCmdline(nil, 1<<20); return err },
		"Exe":       func() error { _, err := p.Exe(); return err },
		"Namespace": func() error { _, err := p.Namespace("pid"); return err },
		"Hostname":  func() error { _, err := p.Hostname(); return err },
		"Alive":     p.Alive,
		"PIDFD": func() error {
			fd, err := p.PIDFD()
			unix.Close(fd)
			return err
		},
	}
	if c == nil {
		return all
	}
	all["Caller.Open"] = func() error {
		fd, err := c.Open(p, "maps", unix.O_RDONLY)
		unix.Close(fd)
		return err
	}
	all["Caller.MayAttach"] = func() error { return c.MayAttach(p) }
	all["Caller.MayRead"] = func() error { return c.MayRead(p) }
	all["Caller.Exe"] = func() error { _, err := c.Exe(p); return err }
	all["Caller.ExeLinked"] = func() error { _, err := c.ExeLinked(p, "/"); return err }
	all["Caller.ELFClass"] = func() error { _, err := c.ELFClass(p); return err }
	all["Caller.WChan"] = func() error { _, err := c.WChan(p); return err }
	all["Caller.OpenMemory"] = func() error { m, err := c.OpenMemory(p, unix.O_RDWR); return errors.Join(err, closing(m)) }
	all["Caller.OpenSmaps"] = func() error { s, err := c.OpenSmaps(p); return errors.Join(err, closing(s)) }
	return all
}

// checkGone wants every method to say so, and to leave nothing open.
func checkGone(t *testing.T, c *Caller, p *Process) {
	t.Helper()
	for name, method := range methods(c, p) {
		leaksNothing(t, name, func() {
			err := method()
			var e *Error
			if !errors.Is(err, ErrGone) || !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &e) || e.PID != p.PID() {
				t.Errorf("%s of a process that is gone: %v", name, err)
			}
		})
	}
	if c != nil && c.FileNamed(p, "/", Device{}, 1) {
		t.Error("a file of a process that is gone")
	}
}

func TestGone(t *testing.T) {
	a, f := newAuthority(t)
	c := start(t)
	p := pin(t, f, c.pid)
	for name, method := range methods(nil, p) {
		if err := method(); err != nil && !(name == "Hostname" && os.Geteuid() != 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
	asker := ours(t, a)
	c.end()
	checkGone(t, asker, p)
}

// Somebody else gets the number: the handle must not show that one.
func TestNumberReused(t *testing.T) {
	needRoot(t)
	a, f := newAuthority(t)
	asker := ours(t, a)
	if err := asker.Load(); err != nil {
		t.Fatal(err)
	}
	first := start(t)
	p := pin(t, f, first.pid)
	first.end()
	second := startWithPID(t, first.pid)
	defer second.end()
	checkGone(t, asker, p)
	var stat Stat
	if err := pin(t, f, first.pid).Stat(&stat); err != nil || stat.PID != first.pid {
		t.Errorf("the new one: %v", err)
	}
}

func startWithPID(t *testing.T, pid int) *child {
	t.Helper()
	for range 200 {
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
			cannot(t, err.Error())
		}
		c := start(t)
		if c.pid == pid {
			return c
		}
		c.end()
	}
	cannot(t, "other processes take the number")
	return nil
}

func TestZombie(t *testing.T) {
	a, f := newAuthority(t)
	asker, c := ours(t, a), start(t)
	p := pin(t, f, c.pid)
	c.zombie()
	var stat Stat
	if err := errors.Join(p.Alive(), p.Stat(&stat)); err != nil || stat.State != StateZombie {
		t.Errorf("%v, %v", stat.State, err)
	}
	if b, err := p.AppendCmdline(nil, 10); err != nil || len(b) != 0 {
		t.Errorf("cmdline %q, %v", b, err)
	}
	if _, err := p.Exe(); !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrGone) {
		t.Errorf("exe: %v", err)
	}
	leaksNothing(t, "smaps of a zombie", func() {
		if s, err := asker.OpenSmaps(p); err == nil {
			err = s.Each(func(*Smap) error { return nil })
			s.Close()
			if !errors.Is(err, ErrGone) {
				t.Errorf("smaps: %v", err)
			}
		}
	})
}

// What is denied is neither gone nor unsupported.
func TestDeniedStaysDenied(t *testing.T) {
	needRoot(t)
	runRole(t, "hidepid", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS})
}

func roleHidePID() error {
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("proc", "/mnt", "proc", 0, "hidepid=1")); err != nil {
		return err
	}
	open, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(alice, alice, alice), syscall.Setresuid(alice, alice, alice)); err != nil {
		return err
	}
	p, err := open.Open(os.Getppid())
	if err != nil {
		return err
	}
	for _, name := range []string{"Exe", "Namespace", "Hostname"} {
		if err := methods(nil, p)[name](); !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrGone) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := NewInstance(); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("instance: %w", err)
	}
	hiding, err := OpenFS("/mnt")
	if err != nil {
		return err
	}
	if p, err = hiding.Open(os.Getppid()); err != nil {
		return err
	}
	for name, method := range methods(nil, p) {
		if err := method(); !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrGone) {
			return fmt.Errorf("hidden, %s: %w", name, err)
		}
	}
	return nil
}

func TestReadBounds(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	whole, err := p.Read("limits", nil, maxText)
	if err != nil || len(whole) < 800 {
		t.Fatalf("%d bytes, %v", len(whole), err)
	}
	for _, room := range []int{0, 1, 511, 512, 513, len(whole), 4096} {
		dst := append(make([]byte, 0, room+4), "dst:"...)
		got, err := p.Read("limits", dst, len(whole))
		if err != nil || string(got) != "dst:"+string(whole) {
			t.Errorf("room %d: %d bytes, %v", room, len(got), err)
		}
		leaksNothing(t, "too big", func() { got, err = p.Read("limits", dst, len(whole)-1) })
		if !errors.Is(err, ErrTooBig) || string(got) != "dst:" {
			t.Errorf("room %d, one less: %q, %v", room, got, err)
		}
	}
	if got, err := p.Read("limits", nil, 0); !errors.Is(err, ErrTooBig) || len(got) != 0 {
		t.Errorf("limit 0: %d bytes, %v", len(got), err)
	}
	leaksNothing(t, "Read", func() {
		if got, err := p.Read("nofile", []byte("x"), 9); !errors.Is(err, ErrNotSupported) || string(got) != "x" {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := p.Read("ns", []byte("x"), 9); !errors.Is(err, unix.EISDIR) || string(got) != "x" {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := p.Namespace("none"); !errors.Is(err, ErrNotSupported) {
			t.Errorf("%v", err)
		}
	})
}

func TestCmdlineExeNamespace(t *testing.T) {
	c := start(t, func(c *exec.Cmd) { c.Args = []string{"a", "", "b\xff", ""} })
	p := pin(t, openProc(t), c.pid)
	if b, err := p.AppendCmdline([]byte("-"), 100); err != nil || string(b) != "-a\x00\x00b\xff\x00\x00" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := p.AppendCmdline([]byte("-"), 6); !errors.Is(err, ErrTooBig) || string(b) != "-" {
		t.Errorf("%q, %v", b, err)
	}
	want, _ := os.Readlink("/proc/self/exe")
	if exe, err := p.Exe(); err != nil || exe.Path != want {
		t.Errorf("%q, %v", exe, err)
	}
	own, err := pin(t, p.fs, os.Getpid()).Namespace("pid")
	if ns, err2 := p.Namespace("pid"); err != nil || err2 != nil || ns != own || ns.Inode == 0 {
		t.Errorf("%v, %v; %v, %v", ns, err, own, err2)
	}
}

func TestKernelThread(t *testing.T) {
	p, err := openProc(t).Open(2)
	if err != nil {
		cannot(t, "no kernel thread here")
	}
	defer p.Close()
	if b, err := p.Read("comm", nil, 64); err != nil || !bytes.Equal(b, []byte("kthreadd\n")) {
		cannot(t, "2 is no kernel thread here")
	}
	if _, err := p.Exe(); os.Geteuid() == 0 && !errors.Is(err, ErrNotSupported) {
		t.Errorf("%v", err)
	}
	if b, err := p.AppendCmdline(nil, 10); err != nil || len(b) != 0 {
		t.Errorf("%q, %v", b, err)
	}
}

func TestPIDFD(t *testing.T) {
	c := start(t)
	fd, err := pin(t, openProc(t), c.pid).PIDFD()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	text, _ := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	if info, err := ParseFDInfo(text); err != nil || info.PIDFD == nil || info.PIDFD.PID != c.pid {
		t.Errorf("%s, %v", text, err)
	}
}

func TestProcessConcurrently(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var stat Stat
			var status Status
			for range 100 {
				if err := errors.Join(p.Stat(&stat), p.Status(&status)); err != nil || stat.PID != p.pid || status.PID != p.pid {
					t.Errorf("%d %d: %v", stat.PID, status.PID, err)
				}
			}
		})
	}
	wg.Wait()
}
