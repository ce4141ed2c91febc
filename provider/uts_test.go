package provider

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHostname(t *testing.T) {
	needRoot(t)
	f := openProc(t)
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pin(t, f, os.Getpid()).Hostname(); err != nil || got != own {
		t.Errorf("%q, %v; want %q", got, err, own)
	}
	c := start(t, flags(syscall.CLONE_NEWUTS))
	p := pin(t, f, c.pid)
	const name = "other.example"
	cmd := exec.Command("nsenter", "-u", "-t", fmt.Sprint(c.pid), "hostname", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		cannot(t, fmt.Sprintf("nsenter: %v %s", err, out))
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := p.Hostname(); err != nil || got != name {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	leaksNothing(t, "Hostname", func() { p.Hostname() })
	eventually(t, "no thread is left there", func() bool { return elsewhere() == nil })
	if now, err := os.Hostname(); err != nil || now != own {
		t.Errorf("our own name is %q now, %v", now, err)
	}
}

// elsewhere finds a thread of ours in another UTS namespace than init's child
// that started us: the parent's.
func elsewhere() error {
	want, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/uts", os.Getppid()))
	if err != nil {
		return err
	}
	all, _ := os.ReadDir("/proc/self/task")
	for _, e := range all {
		if got, err := os.Readlink("/proc/self/task/" + e.Name() + "/ns/uts"); err == nil && got != want {
			return fmt.Errorf("thread %s of %d is in %s, want %s", e.Name(), os.Getpid(), got, want)
		}
	}
	return nil
}

// Not even the main thread, which Go cannot destroy.
func TestHostnameOnMainThread(t *testing.T) {
	needRoot(t)
	c := start(t, flags(syscall.CLONE_NEWUTS))
	runRole(t, "hostname", nil, "GOMAXPROCS=1", fmt.Sprintf("%s=%d", targetsEnv, c.pid))
}

func roleHostname() error {
	var pid int
	fmt.Sscan(os.Getenv(targetsEnv), &pid)
	f, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	p, err := f.Open(pid)
	if err != nil {
		return err
	}
	onMain := 0
	for range 200 {
		done := make(chan bool)
		go func() { done <- unix.Gettid() == unix.Getpid() }()
		if <-done {
			onMain++
		}
		if _, err := p.Hostname(); err != nil {
			return err
		}
		runtime.Gosched()
	}
	if onMain == 0 {
		return errors.New("no goroutine ran on the main thread: the test shows nothing")
	}
	for range 1000 {
		if err = elsewhere(); err == nil {
			return nil
		}
		unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
	}
	return err
}

func TestHostnameOfPlainFile(t *testing.T) {
	f, err := OpenFS("testdata/proc/name")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pids, _ := f.PIDs(nil)
	if name, err := pin(t, f, pids[0]).Hostname(); name != "" || !errors.Is(err, ErrNotSupported) {
		t.Errorf("%q, %v", name, err)
	}
}
