package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Everything that a process may have open, opened by ourselves.
func TestFDs(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	for what, open := range map[string]struct {
		fds    []int
		mode   FDMode
		target func(text string) FDTarget
	}{
		"file":      {fdOf(unix.Open(emptyFile(t), unix.O_WRONLY|unix.O_CLOEXEC, 0)), FDWrite | FDExecute, func(s string) FDTarget { return FDTarget{Kind: FDPath, Name: s} }},
		"directory": {fdOf(unix.Open(t.TempDir(), unix.O_PATH|unix.O_CLOEXEC, 0)), 0, func(s string) FDTarget { return FDTarget{Kind: FDPath, Name: s} }},
		"event":     {fdOf(unix.Eventfd(0, unix.EFD_CLOEXEC)), fdModeBits, func(string) FDTarget { return FDTarget{Kind: FDAnonInode, Name: "[eventfd]"} }},
		"inotify":   {fdOf(unix.InotifyInit1(unix.IN_CLOEXEC)), FDRead | FDExecute, func(string) FDTarget { return FDTarget{Kind: FDAnonInode, Name: "inotify"} }},
		"memory":    {fdOf(unix.MemfdCreate("a (deleted)", unix.MFD_CLOEXEC)), fdModeBits, func(string) FDTarget { return FDTarget{Kind: FDMemFD, Name: "a (deleted)"} }},
		"socket":    {fdOf(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)), fdModeBits, inodeTarget(FDSocket, "")},
		"net":       {fdOf(unix.Open("/proc/self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)), FDRead | FDExecute, inodeTarget(FDNet, "")},
		"mount ns":  {fdOf(unix.Open("/proc/self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)), FDRead | FDExecute, inodeTarget(FDOther, "mnt")},
	} {
		fd := open.fds[0]
		t.Cleanup(func() { unix.Close(fd) })
		text, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		want := FD{fd, open.mode, open.target(text)}
		if got, err := p.FD(fd); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
		}
		if all := fdsOf(t, p); all[fd] != want {
			t.Errorf("%s: %+v among all, want %+v", what, all[fd], want)
		}
		for got, err := range p.FDTargets() {
			if got.N == fd && (err != nil || got.Target != want.Target || got.Mode != 0) {
				t.Errorf("%s: %+v, %v among the targets", what, got, err)
			}
		}
	}
}

func fdOf(fd int, err error) []int {
	if err != nil {
		panic(err)
	}
	return []int{fd}
}

func inodeTarget(kind FDKind, name string) func(string) FDTarget {
	return func(text string) FDTarget {
		_, number, _ := strings.Cut(strings.TrimSuffix(text, "]"), "[")
		inode, _ := strconv.ParseUint(number, 10, 64)
		return FDTarget{Kind: kind, Name: name, Inode: inode}
	}
}

func emptyFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fdsOf lists the descriptors of p by number.
func fdsOf(t testing.TB, p *Process) map[int]FD {
	t.Helper()
	all := map[int]FD{}
	last := -1
	for fd, err := range p.FDs() {
		if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrGone) { // another test's, closed
			continue
		}
		if err != nil || fd.N <= last {
			t.Fatalf("%d after %d, %v", fd.N, last, err)
		}
		last = fd.N
		all[fd.N] = fd
	}
	return all
}

// Long paths, and those that cannot be shown.
func TestFDLongPath(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	dir := t.TempDir()
	defer os.RemoveAll(dir)
	at := fdOf(unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0))[0]
	defer func() { unix.Close(at) }()
	path := dir
	for len(path) < 5000 {
		name := strings.Repeat("n", 200)
		if err := unix.Mkdirat(at, name, 0o700); err != nil {
			t.Fatal(err)
		}
		next := fdOf(unix.Openat(at, name, unix.O_PATH|unix.O_CLOEXEC, 0))[0]
		unix.Close(at)
		at, path = next, path+"/"+name
		got, err := p.FD(at)
		if len(path) > 4095 {
			if !errors.Is(err, unix.ENAMETOOLONG) || got != (FD{}) {
				t.Errorf("%d bytes: %v, %+v", len(path), err, got)
			}
			if link, err := p.Link(fmt.Sprint("fd/", at)); !errors.Is(err, unix.ENAMETOOLONG) || link != (Link{}) {
				t.Errorf("%d bytes: %v, %+v", len(path), err, link)
			}
		} else if err != nil || got.Target.Name != path {
			t.Errorf("%d bytes: %v", len(path), err)
		}
	}
	failed := 0
	for fd, err := range p.FDs() {
		if errors.Is(err, unix.ENAMETOOLONG) {
			failed++
			if fd.N != at {
				t.Errorf("%d, not %d: %v", fd.N, at, err)
			}
		}
	}
	if failed != 1 {
		t.Errorf("%d errors of their own", failed)
	}
}

func TestFDNotOpen(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	leaksNothing(t, "FD", func() {
		for _, n := range []int{1 << 20, -1} {
			_, err := p.FD(n)
			_, err2 := p.FDInfo(n)
			for _, err := range []error{err, err2} {
				var e *Error
				if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrGone) || !errors.As(err, &e) || e.PID != c.pid {
					t.Errorf("%d: %v", n, err)
				}
			}
		}
	})
}

// A walk may be left, and leaves nothing open.
func TestFDsLeft(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	leaksNothing(t, "FDs", func() {
		for fd, err := range p.FDs() {
			if err == nil && fd.N >= 1 {
				break
			}
		}
		for range p.FDTargets() {
		}
	})
}

func TestFDsOfTask(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	var ours, theirs []FD
	for fd, err := range task.FDs() {
		if err != nil {
			t.Fatal(err)
		}
		theirs = append(theirs, fd)
	}
	for fd, err := range p.FDs() {
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, fd)
	}
	n, err := task.FDCount()
	if err != nil || n != len(theirs) || !slices.Equal(ours, theirs) || n < 3 {
		t.Errorf("%d, %v, %v, %v", n, err, ours, theirs)
	}
	if _, err := task.FD(1 << 20); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("/task/%d/fd/", c.tid)) {
		t.Errorf("%v", err)
	}
}

// What is gone ends the walk, with one error.
func TestFDsGone(t *testing.T) {
	f := openProc(t)
	c := start(t)
	p := pin(t, f, c.pid)
	steps := 0
	var last error
	for _, err := range p.FDTargets() {
		if steps++; steps == 1 {
			c.end()
		}
		last = err
	}
	if steps != 2 || !errors.Is(last, ErrGone) {
		t.Errorf("%d steps, %v", steps, last)
	}
	steps = 0
	leaksNothing(t, "FDs", func() {
		for _, err := range p.FDs() {
			steps++
			if !errors.Is(err, ErrGone) {
				t.Errorf("%v", err)
			}
		}
	})
	_, err := p.FD(0)
	_, err2 := p.FDInfo(0)
	_, err3 := p.FDCount()
	for _, err := range []error{err, err2, err3} {
		if !errors.Is(err, ErrGone) {
			t.Errorf("%v", err)
		}
	}
	if steps != 21 {
		t.Errorf("%d errors in 21 walks", steps)
	}
}
