package provider

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

const carol, dave = 71003, 71004 // users that need no passwd entry

// ids are the three users of a process.
type ids struct{ real, effective, saved int }

func (i ids) String() string { return fmt.Sprint(i.real, "/", i.effective, "/", i.saved) }

func startAs(t *testing.T, i ids, mode ...string) *victim {
	t.Helper()
	args := []string{"as", strconv.Itoa(i.real), strconv.Itoa(i.effective), strconv.Itoa(i.saved)}
	return startVictim(t, append(args, mode...)...)
}

func authority(t *testing.T) *Authority {
	t.Helper()
	if os.Geteuid() != 0 {
		cannot(t, "not root, and other users' processes are needed")
	}
	proc, err := OpenFS("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proc.Close() })
	a, err := NewAuthority(proc)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The receiver sees who sent it.
func TestSignalSender(t *testing.T) {
	a := authority(t)
	for _, id := range []ids{{carol, carol, carol}, {0, 0, 0}} {
		caller, target := startAs(t, id, "agent"), startAs(t, id, "receiver")
		c := a.Caller(caller.pid, uint32(id.effective), uint32(id.effective))
		if err := c.Signal(pinned(t, target.pid), int(unix.SIGUSR1)); err != nil {
			t.Fatal(err)
		}
		var sig, code, pid, uid int
		if _, err := fmt.Fscan(target.out, &sig, &code, &pid, &uid); err != nil {
			t.Fatal(err)
		}
		if unix.Signal(sig) != unix.SIGUSR1 || code != -1 || pid != caller.pid || uid != id.real {
			t.Errorf("%v: signal %d, code %d, pid %d, uid %d", id, sig, code, pid, uid)
		}
	}
}

// For every pair it is what the caller's own kill(2) says; less only where the
// real and the effective user of the caller differ, or for SIGCONT.
func TestSignalAsKill(t *testing.T) {
	a := authority(t)
	callers := []ids{{0, 0, 0}, {carol, carol, carol}, {dave, dave, dave}, {carol, dave, carol}, {carol, carol, 0}, {dave, 0, 0}}
	targets := []ids{{0, 0, 0}, {carol, carol, carol}, {dave, dave, dave}, {carol, 0, 0}, {0, carol, 0}, {dave, carol, carol}, {carol, dave, dave}, {0, dave, carol}}
	var ps []*Process
	for _, id := range targets {
		ps = append(ps, pinned(t, startAs(t, id, "receiver").pid))
	}
	for _, id := range callers {
		agent := startAs(t, id, "agent")
		c := a.Caller(agent.pid, uint32(id.effective), uint32(id.effective))
		for i, p := range ps {
			for _, sig := range []unix.Signal{0, unix.SIGWINCH, unix.SIGCONT, unix.Signal(34)} {
				native := agent.try(p.pid, sig)
				err := c.Signal(p, int(sig))
				if err != nil && !errors.Is(err, unix.EPERM) {
					t.Errorf("%v to %v, %v: %v", id, targets[i], sig, err)
				}
				less := id.real != id.effective || sig == unix.SIGCONT
				if granted := err == nil; granted != (native == 0) && (granted || !less) {
					t.Errorf("%v to %v, %v: %v, but native %v", id, targets[i], sig, err, native)
				}
			}
		}
	}
	unchanged(t)
}

// unchanged checks that all our threads have their own users.
func unchanged(t *testing.T) {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile("/proc/self/task/" + task.Name() + "/status")
		if err != nil {
			continue
		}
		s, err := ParseStatus(text)
		if err != nil || s.UID != (IDs{}) || s.GID != (IDs{}) || s.CapEff != s.CapPrm {
			t.Errorf("thread %s: %v %v %x of %x, %v", task.Name(), s.UID, s.GID, s.CapEff, s.CapPrm, err)
		}
	}
}

// try has the agent do it itself.
func (v *victim) try(pid int, sig unix.Signal) unix.Errno {
	v.t.Helper()
	fmt.Fprintln(v.in, pid, int(sig))
	var errno int
	if _, err := fmt.Fscan(v.out, &errno); err != nil {
		v.t.Fatal(err)
	}
	return unix.Errno(errno)
}

func TestSignalRefusals(t *testing.T) {
	a := authority(t)
	agent := startAs(t, ids{carol, carol, carol}, "agent")
	root := startAs(t, ids{0, 0, 0}, "agent")
	own, other := startAs(t, ids{carol, carol, carol}, "receiver"), startAs(t, ids{dave, dave, dave}, "receiver")
	c, r := a.Caller(agent.pid, carol, carol), a.Caller(root.pid, 0, 0)
	gone := startVictim(t, "agent")
	p := pinned(t, gone.pid)
	gone.in.Close()
	gone.exit()
	for _, test := range []struct {
		name string
		err  error
		want error
	}{
		{"other user", c.Signal(pinned(t, other.pid), 0), unix.EPERM},
		{"ourselves", r.Signal(pinned(t, os.Getpid()), 0), unix.EPERM},
		{"gone", c.Signal(p, 0), ErrGone},
		{"no signal", c.Signal(pinned(t, own.pid), 65), unix.EINVAL},
		{"negative", c.Signal(pinned(t, own.pid), -1), unix.EINVAL},
		{"lent file-system id", a.Caller(agent.pid, dave, dave).Signal(pinned(t, other.pid), 0), unix.EPERM},
		{"no user", a.Caller(agent.pid, ^uint32(0), ^uint32(0)).Signal(pinned(t, own.pid), 0), unix.EPERM},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v, not %v", test.name, test.err, test.want)
		}
	}
}

// The kernel grants SIGCONT within the sender's session, which is ours.
func TestSignalContinueInOurSession(t *testing.T) {
	a := authority(t)
	agent := startAs(t, ids{carol, carol, carol}, "agent")
	target := pinned(t, startAs(t, ids{dave, dave, dave}, "receiver").pid)
	if err := a.Caller(agent.pid, carol, carol).Signal(target, int(unix.SIGCONT)); !errors.Is(err, unix.EPERM) {
		t.Error(err)
	}
}

// Where the parking user does not exist our own rule has its say.
func TestSignalUnparked(t *testing.T) {
	a := authority(t)
	asked := 0
	refuse := func() error { asked++; return unix.EPERM }
	l := a.lender
	err := l.asSender(Credentials{UID: parkedUID, GID: carol}, refuse, func() error { t.Error("ran"); return nil })
	if err != unix.EPERM || asked != 0 {
		t.Errorf("parked user as a caller: %v", err)
	}
	c := &Caller{auth: a, status: Status{UID: IDs{Real: carol}}, cred: Credentials{UID: carol, GID: carol}}
	for id, want := range map[ids]error{
		{carol, 0, 0}: nil, {0, 0, carol}: nil, {0, carol, 0}: unix.EPERM, {dave, dave, dave}: unix.EPERM,
	} {
		c.UID = carol
		if err := c.mayKill(pinned(t, startAs(t, id, "receiver").pid))(); err != want {
			t.Errorf("%v: %v, not %v", id, err, want)
		}
	}
	unchanged(t)
}

func TestGroup(t *testing.T) {
	v := startVictim(t, "crowd", "5")
	proc, err := OpenFS("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	var pids []int
	for p, err := range proc.Group(v.pid) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Alive() != nil {
			t.Error("not pinned")
		}
		pids = append(pids, p.PID())
	}
	if len(pids) != 6 {
		t.Errorf("%v", pids)
	}
	for p, err := range proc.Group(unix.Getpgrp()) {
		if err == nil && (p.PID() == os.Getpid() || p.PID() == 1) {
			t.Errorf("%d is in its group", p.PID())
		}
	}
	for _, none := range []int{0, -1, 1 << 30} {
		for p := range proc.Group(none) {
			t.Errorf("group %d: %d", none, p.PID())
		}
	}
	for p, err := range proc.Group(v.pid) { // and end it
		if err != nil {
			t.Fatal(err)
		}
		if p.PID() != v.pid {
			if err := unix.Kill(p.PID(), unix.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	}
}

// The second gate: judged as the caller, while the target is held.
func TestStoppedGate(t *testing.T) {
	a, tracer := authority(t), newTracer(t)
	target := startAs(t, ids{carol, carol, carol}, "receiver")
	target.stop()
	p := pinned(t, target.pid)
	may, mayNot := startAs(t, ids{carol, carol, carol}, "agent"), startAs(t, ids{dave, dave, dave}, "agent")
	hold(t, tracer, p, func(*Tracee) error {
		if err := a.Caller(may.pid, carol, carol).MayAttach(p); err != nil {
			t.Error(err)
		}
		if err := a.Caller(mayNot.pid, dave, dave).MayAttach(p); !errors.Is(err, os.ErrPermission) {
			t.Error(err)
		}
		return nil
	})
	unchanged(t)
}
