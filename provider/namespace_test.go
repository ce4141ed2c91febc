package provider

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNamespaces(t *testing.T) {
	needRoot(t)
	f := openProc(t)
	own := pin(t, f, os.Getpid())
	p := pin(t, f, start(t, flags(syscall.CLONE_NEWUTS|syscall.CLONE_NEWIPC)).pid)
	ours, err := own.NamespaceMap()
	theirs, err2 := p.NamespaceMap()
	if err != nil || err2 != nil || len(ours) != len(theirs) {
		t.Fatalf("%v, %v; %v, %v", ours, err, theirs, err2)
	}
	for _, name := range []string{"mnt", "net", "pid", "user", "uts", "ipc"} {
		same := name != "uts" && name != "ipc"
		if ours[name].Inode == 0 || ours[name].Dev == 0 || (ours[name] == theirs[name]) != same {
			t.Errorf("%s: %v and %v", name, ours[name], theirs[name])
		}
	}
	leaksNothing(t, "Namespaces", func() {
		n := 0
		for e, err := range p.Namespaces() {
			one, err2 := p.Namespace(e.Name)
			if err != nil || err2 != nil || one != e.Namespace || theirs[e.Name] != one || strings.Contains(e.Kind(), "_") {
				t.Errorf("%+v, %v, %v, %v", e, err, one, err2)
			}
			n++
		}
		if n != len(theirs) {
			t.Errorf("%d entries, %d in the map", n, len(theirs))
		}
		for range p.Namespaces() {
			break
		}
	})
	if kind := (NamespaceEntry{Name: "pid_for_children"}).Kind(); kind != "pid" {
		t.Error(kind)
	}
}

// Between unshare(2) and the first child there is no pid namespace for it.
func TestNamespacesPending(t *testing.T) {
	needRoot(t)
	p := pin(t, openProc(t), start(t, kind("unshared")).pid)
	if err := p.Alive(); err != nil {
		t.Fatal(err)
	}
	if ns, err := p.Namespace("pid_for_children"); !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrGone) || ns != (Namespace{}) {
		t.Errorf("%v, %v", ns, err)
	}
	all, err := p.NamespaceMap()
	if _, there := all["pid_for_children"]; err != nil || there || all["pid"].Inode == 0 || all["mnt"].Inode == 0 {
		t.Errorf("%v, %v", all, err)
	}
	failed := 0
	for e, err := range p.Namespaces() {
		if err != nil {
			failed++
			if e.Name != "pid_for_children" || !errors.Is(err, ErrNotSupported) {
				t.Errorf("%+v, %v", e, err)
			}
		}
	}
	if failed != 1 {
		t.Errorf("%d failed", failed)
	}
}

func unsharePID() error { return mainThread(unix.SYS_UNSHARE, unix.CLONE_NEWPID, 0) }

// Fault 12: a zombie's namespaces are gone, but for those that it keeps.
func TestFault12NamespacesOfAZombie(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	c.zombie()
	if err := p.Alive(); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		gone, there := 0, 0
		for e, err := range p.Namespaces() {
			switch {
			case errors.Is(err, ErrGone) && e.Name != "" && e.Namespace == (Namespace{}):
				gone++
			case err == nil && e.Inode != 0:
				there++
			default:
				t.Errorf("%+v, %v", e, err)
			}
		}
		if gone == 0 || there == 0 {
			t.Errorf("%d gone, %d there", gone, there)
		}
	}
	all, err := p.NamespaceMap()
	if os.Geteuid() == 0 && !errors.Is(err, ErrGone) || all != nil {
		t.Errorf("%v, %v", all, err)
	}
	fd, err := p.OpenNamespace("mnt")
	if os.Geteuid() == 0 && !errors.Is(err, ErrGone) || fd != -1 {
		t.Errorf("%d, %v", fd, err)
	}
	c.end()
	for e, err := range p.Namespaces() {
		if !errors.Is(err, ErrGone) {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

func TestOpenNamespace(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	leaksNothing(t, "OpenNamespace", func() {
		fd, err := task.OpenNamespace("uts")
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		var st unix.Stat_t
		want, err := p.Namespace("uts")
		if err := errors.Join(err, unix.Fstat(fd, &st)); err != nil || want != (Namespace{st.Dev, st.Ino}) {
			t.Errorf("%v, %v", want, err)
		}
		if kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE); err != nil || kind != unix.CLONE_NEWUTS {
			t.Errorf("%#x, %v", kind, err)
		}
		if fd, err := task.OpenNamespace("none"); !errors.Is(err, ErrNotSupported) || fd != -1 {
			t.Errorf("%d, %v", fd, err)
		}
	})
}

func checkNamespaces(p *Process) error {
	for e, err := range p.Namespaces() {
		if err != nil {
			if !rightClass(err) {
				return err
			}
			continue
		}
		err = steadyLink(p, "ns/"+e.Name, func(text string) error {
			now, err := p.Namespace(e.Name)
			if err != nil {
				return err
			}
			return same(e.Name, fmt.Sprintf("%s:[%d]", e.Kind(), now.Inode), text)
		})
		if !rightClass(err) {
			return err
		}
	}
	_, err := p.NamespaceMap()
	return err
}

// checkOpenNamespace opens the namespace that the link names.
func checkOpenNamespace(p *Process) error {
	want, err := p.Namespace("pid")
	if err != nil {
		return err
	}
	fd, err := p.OpenNamespace("pid")
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	return same("ns/pid", want.Inode, st.Ino, want.Dev, st.Dev)
}
