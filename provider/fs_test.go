package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The machine's own procfs, by path and as an instance of nobody's.
func TestFSOfThisMachine(t *testing.T) {
	checkOwn := func(f *FS) {
		self, err := f.SelfPID()
		if err != nil || self != os.Getpid() {
			t.Errorf("self %d, %v", self, err)
		}
		if !f.IsProc() || !f.Local() {
			t.Errorf("proc %v, local %v", f.IsProc(), f.Local())
		}
	}
	checkOwn(openProc(t))
	needRoot(t)
	f, err := NewInstance()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	checkOwn(f)
}

func TestOpenFSOfCapturedTrees(t *testing.T) {
	for _, name := range caseNames(t) {
		f, err := OpenFS("testdata/proc/" + name)
		if err != nil {
			t.Fatal(err)
		}
		checkCaptured(t, name, f)
		f.Close()
	}
}

func checkCaptured(t *testing.T, name string, f *FS) {
	t.Helper()
	if _, err := f.SelfPID(); f.IsProc() || f.Local() || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: taken for a procfs: %v", name, err)
	}
	if _, err := NewAuthority(f); !errors.Is(err, ErrNotSupported) {
		t.Errorf("%s: authority: %v", name, err)
	}
	pids, err := f.PIDs(nil)
	if err != nil || len(pids) != 1 {
		t.Fatalf("%s: %v, %v", name, pids, err)
	}
	p := pin(t, f, pids[0])
	var stat Stat
	var status Status
	if err := errors.Join(p.Alive(), p.Stat(&stat), p.Status(&status)); err != nil || stat.PID != p.PID() || status.TGID != p.PID() {
		t.Errorf("%s: %v, stat of %d, status of %d", name, err, stat.PID, status.TGID)
	}
	if _, err := p.PIDFD(); !errors.Is(err, ErrNotSupported) {
		t.Errorf("%s: a pidfd of whom? %v", name, err)
	}
}

func TestOpenFSFails(t *testing.T) {
	leaksNothing(t, "OpenFS", func() {
		if _, err := OpenFS("testdata/nowhere"); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrGone) {
			t.Errorf("nowhere: %v", err)
		}
		if _, err := OpenFS("fs.go"); !errors.Is(err, unix.ENOTDIR) {
			t.Errorf("a file: %v", err)
		}
	})
}

func TestOpenOfNobody(t *testing.T) {
	f := openProc(t)
	leaksNothing(t, "Open", func() {
		for _, pid := range []int{0, -1, 1 << 30, 9999999999} {
			if p, err := f.Open(pid); !errors.Is(err, ErrGone) || p != nil {
				t.Errorf("%d: %v", pid, err)
			}
		}
	})
}

func TestPIDsAreTheDirectory(t *testing.T) {
	f := openProc(t)
	before := readPIDs(t)
	got, err := f.PIDs([]int{-7})
	if err != nil || got[0] != -7 {
		t.Fatalf("%v, %v", got, err)
	}
	got = got[1:]
	after := readPIDs(t)
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("not ascending: %v", got)
	}
	for _, pid := range got {
		if !slices.Contains(before, pid) && !slices.Contains(after, pid) {
			t.Errorf("%d is not there", pid)
		}
	}
	for _, pid := range before {
		if slices.Contains(after, pid) && !slices.Contains(got, pid) {
			t.Errorf("%d is missing", pid)
		}
	}
}

func readPIDs(t *testing.T) (pids []int) {
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// More entries than one getdents takes.
func TestPIDsOfManyEntries(t *testing.T) {
	dir := t.TempDir()
	for i := range 2000 {
		if err := os.Symlink("/", filepath.Join(dir, strconv.Itoa(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []int
	leaksNothing(t, "PIDs", func() { got, err = f.PIDs(nil) })
	slices.Sort(got)
	if err != nil || len(got) != 2000 || got[0] != 1 || got[1999] != 2000 {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

// With something mounted over /proc, what is open stays what it was.
func TestProcCovered(t *testing.T) {
	needRoot(t)
	runRole(t, "covered", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS})
}

func roleCovered() error {
	opened, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	before, err := NewInstance()
	if err != nil {
		return err
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("none", "/proc", "tmpfs", 0, "")); err != nil {
		return err
	}
	after, err := NewInstance()
	if err != nil {
		return err
	}
	for i, f := range []*FS{opened, before, after} {
		pids, err := f.PIDs(nil)
		p, openErr := f.Open(os.Getpid())
		if err != nil || openErr != nil || !slices.Contains(pids, os.Getpid()) || !f.Local() {
			return fmt.Errorf("root %d: %v, %v, %v", i, pids, err, openErr)
		}
		if exe, err := p.Exe(); err != nil || exe.Path == "" {
			return fmt.Errorf("root %d: %q, %v", i, exe, err)
		}
	}
	if covered, err := OpenFS("/proc"); err != nil || covered.IsProc() || covered.Local() {
		return fmt.Errorf("the cover is taken for a procfs: %v", err)
	}
	return nil
}

// In a pid namespace of its own, with the outer /proc.
func TestInnerPIDNamespace(t *testing.T) {
	needRoot(t)
	runRole(t, "innerpid", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID})
}

func roleInnerPID() error {
	outer, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	inner, err := NewInstance()
	if err != nil {
		return err
	}
	self, err := outer.SelfPID()
	if err != nil || self == 1 || os.Getpid() != 1 || outer.Local() || !inner.Local() {
		return fmt.Errorf("outer self %d, %v, inner %d, local %v %v", self, err, os.Getpid(), outer.Local(), inner.Local())
	}
	if _, err := NewAuthority(outer); !errors.Is(err, ErrNotSupported) {
		return fmt.Errorf("an authority where numbers mean others: %w", err)
	}
	a, err := NewAuthority(inner)
	if err != nil {
		return err
	}
	if n, err := a.PIDIn(outer, 1); err != nil || n != self {
		return fmt.Errorf("1 is %d outside, %v; want %d", n, err, self)
	}
	if n, err := a.PIDIn(inner, 77); err != nil || n != 77 {
		return fmt.Errorf("77 is %d inside, %v", n, err)
	}
	if _, err := a.PIDIn(outer, 77); !errors.Is(err, ErrGone) {
		return fmt.Errorf("nobody outside: %w", err)
	}
	p, err := outer.Open(1)
	if err != nil {
		return err
	}
	if _, err := p.PIDFD(); !errors.Is(err, ErrNotSupported) {
		return fmt.Errorf("a pidfd of another namespace's number: %w", err)
	}
	if a.Caller(1, 0, 0).owns(p) {
		return errors.New("owns the outer init")
	}
	return nil
}

func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		cannot(t, "go list: "+err.Error())
	}
	for _, name := range strings.Fields(string(out)) {
		if strings.Contains(name, ".") && !strings.HasPrefix(name, "golang.org/x/sys/") &&
			!strings.HasPrefix(name, "vendor/") && name != "github.com/procfsd/procfsd/provider" {
			t.Errorf("depends on %s", name)
		}
	}
}
