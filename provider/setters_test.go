package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// native is a file of a process by its path, without the newline.
func native(pid int, file string) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(string(b), "\n")
}

func TestSetOOMScoreAdj(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	for _, adj := range []int{1000, 1, 500} {
		if err := p.SetOOMScoreAdj(adj); err != nil || native(c.pid, "oom_score_adj") != fmt.Sprint(adj) {
			t.Errorf("%d: %s, %v", adj, native(c.pid, "oom_score_adj"), err)
		}
		if got, err := p.OOMScoreAdj(); err != nil || got != adj {
			t.Errorf("%d: %d, %v", adj, got, err)
		}
	}
	if old, err := p.OOMAdj(); err != nil || old != 8 { // 500 of 1000 on a scale to 17
		t.Errorf("%d, %v", old, err)
	}
	if err := p.SetOOMScoreAdj(1001); !errors.Is(err, unix.EINVAL) || native(c.pid, "oom_score_adj") != "500" {
		t.Errorf("%s, %v", native(c.pid, "oom_score_adj"), err)
	}
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	if err := task.SetOOMScoreAdj(600); err != nil || native(c.pid, "oom_score_adj") != "600" { // it is the process's
		t.Errorf("%s, %v", native(c.pid, "oom_score_adj"), err)
	}
}

func TestSetCoredumpFilter(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	for _, filter := range []CoredumpFilter{0, 0x1ff, CoredumpELFHeaders | CoredumpDAXShared} {
		if err := p.SetCoredumpFilter(filter); err != nil || native(c.pid, "coredump_filter") != fmt.Sprintf("%08x", uint32(filter)) {
			t.Errorf("%v: %s, %v", filter, native(c.pid, "coredump_filter"), err)
		}
	}
	if err := p.SetCoredumpFilter(CoredumpAnonPrivate | 1<<31); err != nil {
		t.Error(err)
	}
	if got, err := p.CoredumpFilter(); err != nil || !got.Has(CoredumpAnonPrivate) || got.Has(CoredumpELFHeaders) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSetTimerslackNS(t *testing.T) {
	needRoot(t)
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	began := native(c.pid, "timerslack_ns")
	for _, ns := range []uint64{1, 123456789, 1<<64 - 1} {
		if err := p.SetTimerslackNS(ns); err != nil || native(c.pid, "timerslack_ns") != fmt.Sprint(ns) {
			t.Errorf("%d: %s, %v", ns, native(c.pid, "timerslack_ns"), err)
		}
		if got, err := p.TimerslackNS(); err != nil || got != ns {
			t.Errorf("%d: %d, %v", ns, got, err)
		}
	}
	if err := p.SetTimerslackNS(0); err != nil || native(c.pid, "timerslack_ns") != began {
		t.Errorf("%s, %v", native(c.pid, "timerslack_ns"), err)
	}
}

func TestSetAutogroupNice(t *testing.T) {
	c := start(t, ownSession)
	p := pin(t, openProc(t), c.pid)
	before, err := p.Autogroup()
	if errors.Is(err, ErrNotSupported) {
		cannot(t, err.Error())
	}
	// We ourselves may be in no group: then nobody has called setsid since the boot.
	own, err2 := pin(t, p.fs, os.Getpid()).Autogroup()
	if err != nil || err2 != nil && !errors.Is(err2, ErrNotSupported) || before.ID == own.ID {
		t.Fatalf("%v, %v; %v, %v", before, err, own, err2)
	}
	if err := p.SetAutogroupNice(7); err != nil || native(c.pid, "autogroup") != fmt.Sprintf("/autogroup-%d nice 7", before.ID) {
		t.Errorf("%s, %v", native(c.pid, "autogroup"), err)
	}
	for _, nice := range []int{-21, 20} {
		if err := p.SetAutogroupNice(nice); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%d: %v", nice, err)
		}
	}
	if after, err := p.Autogroup(); err != nil || after != (Autogroup{before.ID, 7}) {
		t.Errorf("%v, %v", after, err)
	}
}

func TestDenySetgroups(t *testing.T) {
	needRoot(t)
	c := start(t, flags(unix.CLONE_NEWUSER))
	p := pin(t, openProc(t), c.pid)
	if allowed, err := p.Setgroups(); err != nil || !allowed {
		t.Fatal(allowed, err)
	}
	if err := p.DenySetgroups(); err != nil || native(c.pid, "setgroups") != "deny" {
		t.Errorf("%s, %v", native(c.pid, "setgroups"), err)
	}
	if allowed, err := p.Setgroups(); err != nil || allowed {
		t.Error(allowed, err)
	}
	if native(os.Getpid(), "setgroups") != "allow" {
		t.Error("and ours too")
	}
}

func TestSetComm(t *testing.T) {
	f := openProc(t)
	done := make(chan error, 1)
	go func() { // its thread ends with it
		runtime.LockOSThread()
		done <- setCommOfThread(f)
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
	c := start(t)
	before := native(c.pid, "comm")
	if err := pin(t, f, c.pid).SetComm("x"); !errors.Is(err, fs.ErrPermission) || native(c.pid, "comm") != before {
		t.Errorf("another process: %s, %v", native(c.pid, "comm"), err)
	}
}

func setCommOfThread(f *FS) error {
	own, err := f.ThreadSelf()
	if err != nil {
		return err
	}
	defer own.Close()
	file := fmt.Sprintf("task/%d/comm", own.TID())
	for _, name := range []string{"a) R 1\n(b\xff", "123456789012345", ""} {
		if err := own.SetComm(name); err != nil || native(os.Getpid(), file) != name {
			return fmt.Errorf("%q: %q, %w", name, native(os.Getpid(), file), err)
		}
		if got, err := own.Comm(); err != nil || got.String() != name {
			return fmt.Errorf("%q: %q, %w", name, got, err)
		}
	}
	for _, name := range []string{"1234567890123456", "a\x00b"} {
		if err := own.SetComm(name); !errors.Is(err, unix.EINVAL) || native(os.Getpid(), file) != "" {
			return fmt.Errorf("%q: %q, %w", name, native(os.Getpid(), file), err)
		}
	}
	return nil
}

// setters are harmless ways to write to a process.
func setters(p *Process) map[string]func() error {
	return map[string]func() error{
		"SetOOMScoreAdj":    func() error { return p.SetOOMScoreAdj(321) },
		"SetCoredumpFilter": func() error { return p.SetCoredumpFilter(0x21) },
		"SetTimerslackNS":   func() error { return p.SetTimerslackNS(4321) },
		"SetAutogroupNice":  func() error { return p.SetAutogroupNice(3) },
		"SetComm":           func() error { return p.SetComm("newcomer") },
		"ClearRefs":         func() error { return p.ClearRefs(ClearReferenced) },
		"DenySetgroups":     p.DenySetgroups,
	}
}

// written are the files that setters change.
func written(pid int) string {
	var s strings.Builder
	for _, file := range []string{"oom_score_adj", "coredump_filter", "timerslack_ns", "autogroup", "comm", "setgroups"} {
		fmt.Fprintln(&s, file, native(pid, file))
	}
	return s.String()
}

// What has gone is not written to, and nothing stays open.
func TestSettersGone(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	c.end()
	for name, set := range setters(p) {
		leaksNothing(t, name, func() {
			var e *Error
			if err := set(); !errors.Is(err, ErrGone) || !errors.As(err, &e) || e.PID != p.PID() {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// Fault 20: who gets the number later is not written to.
func TestFault20NewcomerUntouched(t *testing.T) {
	needRoot(t)
	first := start(t)
	p := pin(t, openProc(t), first.pid)
	first.end()
	second := startWithPID(t, first.pid)
	defer second.end()
	newcomer := pin(t, p.fs, first.pid)
	before, used := written(first.pid), second.referenced(newcomer)
	for name, set := range setters(p) {
		if err := set(); !errors.Is(err, ErrGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := written(first.pid); after != before || strings.Contains(after, "321") {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if still := second.referenced(newcomer); used == 0 || still != used {
		t.Errorf("%d bytes referenced, then %d", used, still)
	}
	// The same writes do reach it by a handle of its own.
	if err := errors.Join(newcomer.SetOOMScoreAdj(321), newcomer.ClearRefs(ClearReferenced)); err != nil {
		t.Error(err)
	}
	if native(first.pid, "oom_score_adj") != "321" || second.referenced(newcomer) != 0 {
		t.Errorf("%s, %d", native(first.pid, "oom_score_adj"), second.referenced(newcomer))
	}
}

// What a stranger may not do is a permission error and changes nothing.
func TestSettersNobody(t *testing.T) {
	needRoot(t)
	before := written(os.Getpid())
	runRole(t, "counters", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}})
	if after := written(os.Getpid()); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func roleCounters() error {
	f, err := OpenFS("/proc")
	if err != nil {
		return err
	}
	parent, err := f.Open(os.Getppid())
	if err != nil {
		return err
	}
	refused := setters(parent)
	refused["IO"] = func() error { return parent.IO(new(IO)) }
	refused["Syscall"] = func() error { return parent.Syscall(new(Syscall)) }
	refused["Personality"] = func() error { _, err := parent.Personality(); return err }
	refused["TimerslackNS"] = func() error { _, err := parent.TimerslackNS(); return err }
	self, err := f.Self()
	if err != nil {
		return err
	}
	refused["less than one's own score"] = func() error { return self.SetOOMScoreAdj(-1000) }
	for name, call := range refused {
		if err := call(); !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrGone) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := self.SetOOMScoreAdj(400); err != nil || native(os.Getpid(), "oom_score_adj") != "400" {
		return fmt.Errorf("one's own score: %w", err)
	}
	return nil
}
