package provider

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is kept of a process says that it is gone, whoever has its number then,
// and to open the number gives that one.
func TestKeepNumberReused(t *testing.T) {
	needRoot(t)
	a, f := newAuthorityKeeping(t, 8)
	asker := ours(t, a)
	first := start(t)
	use(t, f, first.pid)
	use(t, f, first.pid)
	old := pin(t, f, first.pid)
	first.end()
	second := startWithPID(t, first.pid)
	fresh := pin(t, f, first.pid)
	if fresh == old {
		t.Fatal("the old one was given")
	}
	if err := readAllKept(fresh); err != nil {
		t.Errorf("the new one: %v", err)
	}
	checkGone(t, asker, old)
	for _, err := range []error{old.Stat(new(Stat)), old.Status(new(Status)), old.Limits(new(Limits))} {
		if !errors.Is(err, ErrGone) {
			t.Errorf("the old one: %v", err)
		}
	}
	if exited, known := old.Exited(); !exited || !known {
		t.Errorf("the old one: exited %v, %v", exited, known)
	}
	second.end()
}

// A caller whose number was another's is asked anew who it is.
func TestKeepCallerReused(t *testing.T) {
	needRoot(t)
	a, f := newAuthorityKeeping(t, 8)
	first := start(t, user(alice, 71010))
	for range 3 {
		if c := first.asks(a); !c.Present() || !c.InGroup(71010) {
			t.Error("the first one")
		}
	}
	kept := f.keeper.byPID[first.pid]
	first.end()
	second := startWithPID(t, first.pid)
	c := second.asks(a)
	if c.InGroup(71010) || !c.Capable(unix.CAP_KILL) || !c.Present() {
		t.Error("taken for who had the number")
	}
	if kept == nil || f.keeper.byPID[first.pid] == kept {
		t.Error("nothing was kept: the test shows nothing")
	}
	second.end()
}

// A zombie has exited, and is nobody's who asks again; a process whose main
// thread alone has exited is not.
func TestKeepZombie(t *testing.T) {
	f, c := keeping(t, 8), start(t)
	use(t, f, c.pid)
	use(t, f, c.pid)
	p := pin(t, f, c.pid)
	if start, known := p.StartTime(); !known || start == 0 {
		t.Errorf("start %d, %v", start, known)
	}
	if exited, known := p.Exited(); exited || !known {
		t.Errorf("exited %v, %v", exited, known)
	}
	c.zombie()
	if exited, known := p.Exited(); !exited || !known {
		t.Errorf("a zombie: exited %v, %v", exited, known)
	}
	again := pin(t, f, c.pid)
	var s Stat
	if err := again.Stat(&s); err != nil || s.State != StateZombie || again == p {
		t.Errorf("%v, %v", s.State, err)
	}
	if _, known := again.StartTime(); known {
		t.Error("a zombie is said to run")
	}
}

// A thread's number is kept too, but is no process.
func TestKeepThread(t *testing.T) {
	a, f := newAuthorityKeeping(t, 8)
	c := start(t)
	for range 3 {
		p := pin(t, f, c.tid)
		if err := p.Stat(new(Stat)); err != nil {
			t.Error(err)
		}
		if _, known := p.StartTime(); known || p.kept.leader.Load() {
			t.Error("taken for a process")
		}
		if caller := a.Caller(c.tid, c.uid, c.gid); !caller.Present() {
			t.Error("absent")
		}
	}
}

// Our own threads are refused, kept or not.
func TestKeepSelf(t *testing.T) {
	needRoot(t)
	a, f := newAuthorityKeeping(t, 64)
	asker := ours(t, a)
	all, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		pid, _ := strconv.Atoi(e.Name())
		for range 3 {
			p, err := f.Open(pid)
			if err != nil {
				continue // it has ended
			}
			if err := asker.MayRead(p); !errors.Is(err, unix.EACCES) && !errors.Is(err, ErrGone) {
				t.Errorf("our thread %d: %v", pid, err)
			}
			p.Close()
		}
	}
}

// Whoever opened a file first: the kernel judges who reads it.
func TestKeepRights(t *testing.T) {
	needRoot(t)
	for _, order := range []string{"root alice", "alice root", "alice root alice root"} {
		a, f := newAuthorityKeeping(t, 8)
		target := start(t)
		callers := map[string]*child{"root": start(t), "alice": start(t, user(alice))}
		p := pin(t, f, target.pid)
		waitAsleep(t, p)
		for _, name := range strings.Fields(order) {
			got, err := callers[name].asks(a).WChan(p)
			if err != nil || (got != "") != (name == "root") {
				t.Errorf("%s: %s has %q, %v", order, name, got, err)
			}
		}
		if p.kept == nil || p.kept.files[keptWChan].Load() == 0 {
			t.Error("not kept: the test shows nothing")
		}
	}
}

// So too for what is in a stat for some alone.
func TestKeepStatRights(t *testing.T) {
	needRoot(t)
	l := testLender(t)
	p := pin(t, keeping(t, 8), start(t).pid)
	for _, c := range []Credentials{{alice, alice, 0}, l.own, {alice, alice, 0}, l.own} {
		var s Stat
		err := l.as(c, func() error { return p.Stat(&s) })
		if err != nil || (s.StartStack > 1) != (c == l.own) {
			t.Errorf("%+v: %#x, %v", c, s.StartStack, err)
		}
	}
}

// Every method says of a kept process what it says of another.
func TestKeepEveryMethod(t *testing.T) {
	f, c := keeping(t, 8), start(t)
	use(t, f, c.pid)
	for range 2 {
		p := pin(t, f, c.pid)
		if p.kept == nil {
			t.Fatal("not kept: the test shows nothing")
		}
		if err := checkOne(p); err != nil {
			t.Error(err)
		}
	}
}

func waitAsleep(t *testing.T, p *Process) {
	t.Helper()
	eventually(t, "it sleeps", func() bool {
		text, err := p.WChan()
		return err == nil && text != ""
	})
}
