package provider

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The walk gives each process that the listing has, and itself among them.
func TestAll(t *testing.T) {
	f := openProc(t)
	before, err := f.PIDs(nil)
	if err != nil {
		t.Fatal(err)
	}
	var walked []int
	for p, err := range f.All() {
		if errors.Is(err, ErrGone) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var s Stat
		if err := p.Stat(&s); err == nil && s.PID != p.PID() {
			t.Errorf("process %d says that it is %d", p.PID(), s.PID)
		}
		walked = append(walked, p.PID())
	}
	if !slices.IsSorted(walked) || !slices.Contains(walked, os.Getpid()) || len(walked) < len(before)/2 {
		t.Errorf("%d processes walked, %d listed", len(walked), len(before))
	}
}

// What a walk gave is closed after its step: it fails, and reaches no other.
func TestAllAfterwards(t *testing.T) {
	f := openProc(t)
	var kept, cloned *Process
	for p, err := range f.All() {
		if err != nil {
			continue
		}
		kept = p
		if cloned, err = p.Clone(); err != nil {
			t.Fatal(err)
		}
		break
	}
	defer cloned.Close()
	var s Stat
	if err := kept.Stat(&s); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after the walk: %v", err)
	}
	if err := cloned.Stat(&s); err != nil || s.PID != cloned.PID() {
		t.Errorf("the clone: %d, %v", s.PID, err)
	}
}

// A walk holds two descriptors at most, and none after it.
func TestAllDescriptors(t *testing.T) {
	f := openProc(t)
	before := count(t, "fd")
	for range f.All() {
		if now := count(t, "fd"); now > before+2 {
			t.Fatalf("%d descriptors, %d before", now, before)
		}
	}
	if now := count(t, "fd"); now > before {
		t.Errorf("%d descriptors after, %d before", now, before)
	}
}

func TestSelf(t *testing.T) {
	p, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	q, err := Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if p.PID() != os.Getpid() || q.PID() != os.Getpid() {
		t.Errorf("%d and %d, want %d", p.PID(), q.PID(), os.Getpid())
	}
}

func TestThreadSelf(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	task, err := openProc(t).ThreadSelf()
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	if task.PID() != os.Getpid() || task.TID() != unix.Gettid() {
		t.Errorf("%d/%d, want %d/%d", task.PID(), task.TID(), os.Getpid(), unix.Gettid())
	}
	var s Stat
	if err := task.Stat(&s); err != nil || s.PID != unix.Gettid() {
		t.Errorf("%d, %v", s.PID, err)
	}
}

// The threads of a process are those of its task directory.
func TestTasks(t *testing.T) {
	p, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var tids []int
	for task, err := range p.Tasks() {
		if errors.Is(err, ErrGone) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var s Status
		if err := task.Status(&s); err != nil || s.TGID != os.Getpid() || s.PID != task.TID() {
			t.Errorf("task %d: %d of %d, %v", task.TID(), s.PID, s.TGID, err)
		}
		tids = append(tids, task.TID())
	}
	if len(tids) < 2 || !slices.Contains(tids, os.Getpid()) {
		t.Errorf("threads %v", tids)
	}
	main, err := p.MainTask()
	if err != nil || main.TID() != os.Getpid() {
		t.Fatal(main, err)
	}
	main.Close()
	if _, err := p.Task(1 << 30); !errors.Is(err, ErrGone) {
		t.Errorf("no such thread: %v", err)
	}
}

// A thread's error names the thread's file.
func TestTaskGone(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := pin(t, openProc(t), cmd.Process.Pid)
	task, err := p.MainTask()
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	cmd.Process.Kill()
	cmd.Wait()
	var s Stat
	err = task.Stat(&s)
	var e *Error
	if !errors.Is(err, ErrGone) || !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e.PID != p.PID() || e.File == "stat" {
		t.Errorf("%q", err)
	}
	for _, err := range p.Tasks() {
		if !errors.Is(err, ErrGone) {
			t.Errorf("tasks: %v", err)
		}
	}
}

// The cheap walks give the same processes as the listing, and what has gone
// meanwhile as such.
func TestAllStat(t *testing.T) {
	f := openProc(t)
	var stat Stat
	var status Status
	seen := map[int]bool{}
	for pid, err := range f.AllStat(&stat) {
		if err == nil && stat.PID != pid {
			t.Errorf("%d says that it is %d", pid, stat.PID)
		}
		if err != nil && !errors.Is(err, ErrGone) {
			t.Error(err)
		}
		seen[pid] = true
	}
	for pid, err := range f.AllStatus(&status) {
		if err == nil && status.PID != pid {
			t.Errorf("%d says that it is %d", pid, status.PID)
		}
		if err != nil && !errors.Is(err, ErrGone) {
			t.Error(err)
		}
	}
	if !seen[os.Getpid()] || !seen[os.Getppid()] {
		t.Errorf("not all in %d processes", len(seen))
	}
	var e *Error
	if err := f.parse(1<<30, "stat", &stat); !errors.Is(err, ErrGone) || !errors.As(err, &e) || e.PID != 1<<30 || e.File != "stat" {
		t.Errorf("no such process: %v", err)
	}
}

// A process by the path of its directory, pinned like any other.
func TestOpenPath(t *testing.T) {
	for _, path := range []string{"/proc/self", "/proc/" + strconv.Itoa(os.Getpid()), "/proc/self/", "/proc/1/../self"} {
		p, err := OpenPath(path)
		if err != nil {
			t.Fatal(err)
		}
		var s Stat
		if err := p.Stat(&s); err != nil || p.PID() != os.Getpid() || s.PID != os.Getpid() {
			t.Errorf("%s: %d, %d, %v", path, p.PID(), s.PID, err)
		}
		if _, err := p.PIDFD(); !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: pidfd: %v", path, err)
		}
		p.Close()
	}
	for path, want := range map[string]error{
		"/proc/1073741824": ErrGone, "/tmp/1073741824": fs.ErrNotExist, "/proc/sys": ErrMalformed, "/proc/thread-self": ErrMalformed, "/proc/version": unix.ENOTDIR,
	} {
		leaksNothing(t, path, func() {
			if _, err := OpenPath(path); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", path, err, want)
			}
		})
	}
}

// Files without a method of their own.
func TestOpenFile(t *testing.T) {
	p, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	file, err := p.OpenFile("stat", unix.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil || !strings.HasPrefix(string(text), strconv.Itoa(os.Getpid())+" (") {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := p.OpenFile("no-such-file", unix.O_RDONLY); !errors.Is(err, ErrNotSupported) {
		t.Error(err)
	}
	var s Stat
	if err := p.ReadInto("task/"+strconv.Itoa(os.Getpid())+"/stat", &s); err != nil || s.PID != os.Getpid() {
		t.Error(s.PID, err)
	}
	if err := p.ReadInto("status", &s); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
}

// The number 0, which nobody has, is named in the error all the same.
func TestOpenZero(t *testing.T) {
	_, err := Open(0)
	if !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "open 0:") {
		t.Errorf("%v", err)
	}
}
