package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// checkScalar wants the value, written as the kernel writes it, to be the text.
func checkScalar[T any](p *Process, file string, get func() (T, error), text func(T) string) error {
	return steady(p, file, func(raw []byte) error {
		v, err := get()
		switch {
		case errors.Is(err, ErrNotSupported) && len(raw) > 0:
			return fmt.Errorf("%w: %s is %q: %w", errDiffers, file, raw, err)
		case err != nil:
			return err
		}
		return same(file, text(v), string(raw))
	})
}

func line[T any](v T) string { return fmt.Sprintln(v) }

func audit(get func() (uint32, bool, error)) func() (auditID, error) {
	return func() (auditID, error) {
		id, set, err := get()
		return auditID{id, set}, err
	}
}

func checkWChan(p *Process) error {
	return checkScalar(p, "wchan", p.WChan, func(v string) string {
		if v == "" {
			return "0"
		}
		return v
	})
}
func checkAutogroup(p *Process) error {
	return checkScalar(p, "autogroup", p.Autogroup, autogroupText)
}
func checkLoginUID(p *Process) error {
	return checkScalar(p, "loginuid", audit(p.LoginUID), auditText)
}
func checkSessionID(p *Process) error {
	return checkScalar(p, "sessionid", audit(p.SessionID), auditText)
}
func checkPersonality(p *Process) error {
	return checkScalar(p, "personality", p.Personality, func(v Personality) string { return fmt.Sprintf("%08x\n", uint32(v)) })
}
func checkOOMScore(p *Process) error    { return checkScalar(p, "oom_score", p.OOMScore, line) }
func checkOOMScoreAdj(p *Process) error { return checkScalar(p, "oom_score_adj", p.OOMScoreAdj, line) }
func checkOOMAdj(p *Process) error      { return checkScalar(p, "oom_adj", p.OOMAdj, line) }
func checkCoredumpFilter(p *Process) error {
	return checkScalar(p, "coredump_filter", p.CoredumpFilter, func(v CoredumpFilter) string { return fmt.Sprintf("%08x\n", uint32(v)) })
}
func checkTimerslackNS(p *Process) error {
	return checkScalar(p, "timerslack_ns", p.TimerslackNS, line)
}
func checkSetgroups(p *Process) error { return checkScalar(p, "setgroups", p.Setgroups, setgroupsText) }
func checkComm(p *Process) error      { return checkScalar(p, "comm", p.Comm, line) }
func checkCpuset(p *Process) error    { return checkScalar(p, "cpuset", p.Cpuset, line) }

// asTask is a thread as a Process, so that the checks of the files that
// threads have too can be run on it.
func asTask(t *Task) *Process { return &Process{dir{fs: t.fs, fd: t.fd, pid: t.pid, tid: t.tid}} }

// A thread has the same methods, on its own files.
func TestScalarsOfThreads(t *testing.T) {
	c := start(t, ownSession)
	p := pin(t, openProc(t), c.pid)
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	own := map[string]func(*Process) error{
		"statm": checkStatm, "io": checkIO, "schedstat": checkSchedstat, "syscall": checkSyscall, "wchan": checkWChan,
		"loginuid": checkLoginUID, "sessionid": checkSessionID, "personality": checkPersonality, "oom_score": checkOOMScore,
		"oom_score_adj": checkOOMScoreAdj, "oom_adj": checkOOMAdj, "setgroups": checkSetgroups, "comm": checkComm,
		"cpuset": checkCpuset, "owner": checkOwner, "running": checkRunning,
	}
	for name, check := range own {
		if err := check(asTask(task)); err != nil {
			t.Errorf("%s of a thread: %v", name, err)
		}
	}
	for name, check := range checks {
		if err := check(p); err != nil {
			t.Errorf("%s of its process: %v", name, err)
		}
	}
}

// What a kernel thread lacks is not supported; what a zombie has lost is gone.
func TestScalarsLacking(t *testing.T) {
	f := openProc(t)
	c := start(t)
	zombie := pin(t, f, c.pid)
	c.zombie()
	if v, err := zombie.CoredumpFilter(); !errors.Is(err, ErrGone) || v != 0 {
		t.Errorf("zombie: %v, %v", v, err)
	}
	if err := zombie.SetCoredumpFilter(1); !errors.Is(err, ErrGone) {
		t.Errorf("zombie: %v", err)
	}
	kthread, err := f.Open(2)
	var stat Stat
	if err != nil || kthread.Stat(&stat) != nil || !stat.KernelThread() {
		cannot(t, "no kernel thread here")
	}
	defer kthread.Close()
	if v, err := kthread.CoredumpFilter(); !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrGone) || v != 0 {
		t.Errorf("kernel thread: %v, %v", v, err)
	}
	if v, err := kthread.Autogroup(); !errors.Is(err, ErrNotSupported) || v != (Autogroup{}) {
		t.Errorf("kernel thread: %v, %v", v, err)
	}
	needRoot(t)
	if err := kthread.SetCoredumpFilter(1); !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrGone) {
		t.Errorf("kernel thread: %v", err)
	}
	// It is in no group, so the kernel refuses whatever the value.
	if err := kthread.SetAutogroupNice(0); !errors.Is(err, ErrNotSupported) {
		t.Errorf("kernel thread: %v", err)
	}
}

// Whoever has gone is gone for every method, and nothing stays open.
func TestCountersGone(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	task, err := p.MainTask()
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	c.end()
	gone := map[string]func() error{
		"Children":  func() error { _, err := p.Children(nil); return err },
		"Task":      func() error { _, err := task.Children(nil); return err },
		"Owner":     func() error { _, _, err := p.Owner(); return err },
		"LoginUID":  func() error { _, _, err := p.LoginUID(); return err },
		"IO":        func() error { return p.IO(new(IO)) },
		"Statm":     func() error { return asTask(task).Statm(new(Statm)) },
		"Syscall":   func() error { return p.Syscall(new(Syscall)) },
		"WChan":     func() error { _, err := p.WChan(); return err },
		"Comm":      func() error { _, err := task.Comm(); return err },
		"OOMScore":  func() error { _, err := p.OOMScore(); return err },
		"Setgroups": func() error { _, err := p.Setgroups(); return err },
		"Autogroup": func() error { _, err := p.Autogroup(); return err },
		"Filter":    func() error { _, err := p.CoredumpFilter(); return err },
	}
	for name, read := range gone {
		leaksNothing(t, name, func() {
			var e *Error
			if err := read(); !errors.Is(err, ErrGone) || !errors.As(err, &e) || e.PID != c.pid {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestPersonalityOfThread(t *testing.T) {
	f := openProc(t)
	done := make(chan error, 1)
	go func() { // its thread ends with it
		runtime.LockOSThread()
		done <- personalityOfThread(f)
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func personalityOfThread(f *FS) error {
	const want = PersonalityNoRandomize | PersonalityShortInode
	if _, _, errno := unix.Syscall(unix.SYS_PERSONALITY, uintptr(want), 0, 0); errno != 0 {
		return errno
	}
	own, err := f.ThreadSelf()
	if err != nil {
		return err
	}
	defer own.Close()
	if got, err := own.Personality(); err != nil || got != want {
		return fmt.Errorf("%v, %v", got, err)
	}
	return nil
}

// Files of a captured tree are read as those of a procfs are.
func TestScalarsCaptured(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{"stat": "", "loginuid": "1000", "sessionid": "3"} {
		if err := errors.Join(os.MkdirAll(root+"/8", 0o700), os.WriteFile(filepath.Join(root, "8", file), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(root, "7"), os.DirFS("testdata/counters/plain")); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFS(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	login, set, err := pin(t, f, 8).LoginUID()
	session, set2, err2 := pin(t, f, 8).SessionID()
	if err != nil || err2 != nil || !set || !set2 || login != 1000 || session != 3 {
		t.Errorf("%d %t %v, %d %t %v", login, set, err, session, set2, err2)
	}
	p := pin(t, f, 7)
	if adj, err := p.OOMScoreAdj(); err != nil || adj != 300 {
		t.Errorf("%d, %v", adj, err)
	}
	if c, err := p.Comm(); err != nil || c.String() != "sh" {
		t.Errorf("%q, %v", c, err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
