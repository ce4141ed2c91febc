package provider

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mapped is a user namespace in which the user is root.
func mapped(id int) option {
	return func(c *exec.Cmd) {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
	}
}

func TestPresent(t *testing.T) { eachAuthority(t, testPresent) }

func testPresent(t *testing.T, a *Authority, _ *FS) {
	needRoot(t)
	c, inner := start(t), start(t, flags(syscall.CLONE_NEWPID))
	if inner.insidePID != 1 {
		t.Fatalf("it is %d inside", inner.insidePID)
	}
	for tid, want := range map[int]bool{
		os.Getpid(): true, c.pid: true, c.tid: true, inner.pid: false, 0: false, -1: false, 1 << 30: false,
	} {
		a.Caller(tid, 0, 0).Present() // then all is kept that may be
		leaksNothing(t, "Present", func() {
			if got := a.Caller(tid, 0, 0).Present(); got != want {
				t.Errorf("%d: %v", tid, got)
			}
		})
	}
	c.end()
	if a.Caller(c.pid, 0, 0).Present() {
		t.Error("a caller that is gone is present")
	}
}

func TestTGID(t *testing.T) { eachAuthority(t, testTGID) }

func testTGID(t *testing.T, a *Authority, f *FS) {
	c := start(t)
	for _, tid := range []int{c.pid, c.tid} {
		caller := a.Caller(tid, c.uid, c.gid)
		if got, err := caller.TGID(); err != nil || got != c.pid {
			t.Errorf("%d: %d, %v", tid, got, err)
		}
		p := pin(t, f, c.pid)
		if caller.IsMainThread(p) != (tid == c.pid) {
			t.Errorf("%d is main: %v", tid, caller.IsMainThread(p))
		}
	}
	for _, tid := range []int{0, -1, 1 << 30} {
		leaksNothing(t, "TGID", func() {
			if got, err := a.Caller(tid, 0, 0).TGID(); got != 0 || !errors.Is(err, ErrGone) {
				t.Errorf("%d: %d, %v", tid, got, err)
			}
		})
	}
}

func TestInGroup(t *testing.T) { eachAuthority(t, testInGroup) }

func testInGroup(t *testing.T, a *Authority, _ *FS) {
	needRoot(t)
	c := start(t, user(alice, 71010, 71011)).asks(a)
	for gid, want := range map[uint32]bool{alice: true, 71010: true, 71011: true, 71012: false, 0: false, bob: false} {
		if got := c.InGroup(gid); got != want {
			t.Errorf("%d: %v", gid, got)
		}
	}
	nobody := a.Caller(1<<30, 0, 71010)
	if nobody.InGroup(71011) || nobody.InGroup(0) || !nobody.InGroup(71010) {
		t.Error("a caller that is not there")
	}
}

func TestCapable(t *testing.T) { eachAuthority(t, testCapable) }

func testCapable(t *testing.T, a *Authority, _ *FS) {
	needRoot(t)
	root, plain := start(t), start(t, user(alice))
	for name, row := range map[string]struct {
		c    *Caller
		want bool
	}{
		"root":               {root.asks(a), true},
		"bare root":          {start(t, kind("bare")).asks(a), false},
		"alice":              {plain.asks(a), false},
		"capable alice":      {start(t, user(alice), ambient(unix.CAP_SYS_PTRACE)).asks(a), true},
		"root of its own":    {start(t, mapped(0)).asks(a), false},
		"root with lent uid": {a.Caller(root.pid, alice, 0), false},
		"root with lent gid": {a.Caller(root.pid, 0, alice), false},
		"alice says root":    {a.Caller(plain.pid, 0, 0), false},
		"nobody":             {a.Caller(1<<30, 0, 0), false},
	} {
		if got := row.c.Capable(unix.CAP_SYS_PTRACE); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
		for _, none := range []uint{unix.CAP_LAST_CAP + 1, 64, 1 << 20} {
			if row.c.Capable(none) {
				t.Errorf("%s has capability %d", name, none)
			}
		}
	}
}

// outcome of everything that a caller can ask of p.
func outcomes(t *testing.T, c *Caller, p *Process) map[string]bool {
	t.Helper()
	got := map[string]bool{}
	for name, method := range methods(c, p) {
		if err := method(); err == nil {
			got[name] = true
		} else if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wchan, err := c.WChan(p)
	if got["Caller.WChan"] = wchan != ""; err != nil {
		t.Errorf("WChan: %v", err)
	}
	return got
}

var gated = []string{"Caller.Open", "Caller.MayAttach", "Caller.MayRead", "Caller.Exe", "Caller.ExeLinked",
	"Caller.ELFClass", "Caller.OpenMemory", "Caller.OpenSmaps"}

func wantAll(t *testing.T, who string, c *Caller, p *Process, want bool) {
	t.Helper()
	got := outcomes(t, c, p)
	for _, name := range gated {
		if got[name] != want {
			t.Errorf("%s: %s granted: %v", who, name, got[name])
		}
	}
	if got["Caller.WChan"] && !want {
		t.Errorf("%s: wait channel granted", who)
	}
}

func TestWhoMay(t *testing.T) { eachAuthority(t, testWhoMay) }

func testWhoMay(t *testing.T, a *Authority, f *FS) {
	needRoot(t)
	target := start(t, user(alice))
	p := pin(t, f, target.pid)
	rootP := pin(t, f, start(t).pid)
	boxed := start(t, user(alice), kind("nnp"))
	bare := start(t, kind("bare"))
	wantAll(t, "alice of alice", start(t, user(alice)).asks(a), p, true)
	wantAll(t, "alice of root", start(t, user(alice)).asks(a), rootP, false)
	wantAll(t, "bob of alice", start(t, user(bob)).asks(a), p, false)
	wantAll(t, "root of root", start(t).asks(a), rootP, true)
	wantAll(t, "bare root of root", bare.asks(a), rootP, false)
	wantAll(t, "bare root of itself", bare.asks(a), pin(t, f, bare.pid), true)
	inside := start(t, user(0), mapped(alice)) // alice, to everybody else
	wantAll(t, "alice in a user namespace", a.Caller(inside.pid, alice, alice), p, false)
	wantAll(t, "root whose thread is alice's", a.Caller(target.pid, 0, 0), rootP, false)
	wantAll(t, "nobody", a.Caller(target.pid, ^uint32(0), ^uint32(0)), rootP, false)
	if landlockActive() {
		wantAll(t, "boxed alice of alice", boxed.asks(a), p, false)
	}
	wantAll(t, "boxed alice of herself", boxed.asks(a), pin(t, f, boxed.pid), true)
}

// A process may read itself even where nobody of its user may; but only with
// its own ids, and by its own number.
func TestOwn(t *testing.T) { eachAuthority(t, testOwn) }

func testOwn(t *testing.T, a *Authority, f *FS) {
	needRoot(t)
	c, twin := start(t, user(alice), kind("undump")), start(t, user(alice))
	p := pin(t, f, c.pid)
	own := []string{"Caller.MayRead", "Caller.Exe", "Caller.ExeLinked", "Caller.OpenSmaps"}
	for name, row := range map[string]struct {
		c    *Caller
		want bool
	}{
		"itself":        {c.asks(a), true},
		"its thread":    {a.Caller(c.tid, alice, alice), true},
		"lent ids":      {a.Caller(c.pid, bob, bob), false},
		"lent group":    {a.Caller(c.pid, alice, bob), false},
		"its twin":      {twin.asks(a), false},
		"twin says bob": {a.Caller(twin.pid, bob, bob), false},
	} {
		got := outcomes(t, row.c, p)
		for _, method := range own {
			if got[method] != row.want {
				t.Errorf("%s: %s: %v", name, method, got[method])
			}
		}
		if row.c.owns(p) != row.want {
			t.Errorf("%s owns it: %v", name, row.c.owns(p))
		}
	}
}

// The reason for the box: natively such a caller is refused, and no
// credentials that we could borrow are.
func TestLandlock(t *testing.T) { eachAuthority(t, testLandlock) }

func testLandlock(t *testing.T, a *Authority, f *FS) {
	needRoot(t)
	if !landlockActive() {
		cannot(t, "no Landlock in this kernel")
	}
	p := pin(t, f, start(t, user(alice)).pid)
	c := start(t, user(alice), kind("landlock"))
	wantAll(t, "alice in a domain", c.asks(a), p, false)
	wantAll(t, "alice in a domain, of herself", c.asks(a), pin(t, f, c.pid), true)
}

func TestWaitChannel(t *testing.T) { eachAuthority(t, testWaitChannel) }

func testWaitChannel(t *testing.T, a *Authority, f *FS) {
	needRoot(t)
	c := start(t)
	p := pin(t, f, c.pid)
	asker := ours(t, a)
	eventually(t, "the child sleeps", func() bool {
		want, err := os.ReadFile("/proc/" + strconv.Itoa(c.pid) + "/wchan")
		got, err2 := asker.WChan(p)
		return err == nil && err2 == nil && got != "0" && (got == string(want) || got == "" && string(want) == "0")
	})
	for _, who := range []*Caller{start(t, user(alice)).asks(a), a.Caller(1<<30, 0, 0)} {
		if got, err := who.WChan(p); got != "" || err != nil && !errors.Is(err, ErrGone) {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestCallerFailuresLeakNothing(t *testing.T) {
	needRoot(t)
	a, f := newAuthority(t)
	p := pin(t, f, start(t).pid)
	for name, method := range methods(start(t, user(alice)).asks(a), p) {
		leaksNothing(t, name, func() {
			if method() == nil && name == "Caller.Open" {
				t.Error("alice opens root's maps")
			}
		})
	}
}
