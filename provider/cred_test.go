package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const fullCaps = ^Caps(0)

// identity is everything of a thread's status that a borrow could change.
func identity(tb testing.TB, tid string) string {
	text, err := os.ReadFile("/proc/" + tid + "/status")
	if err != nil {
		tb.Error(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		switch key, _, _ := strings.Cut(line, ":"); key {
		case "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs":
			b.WriteString(line)
		}
	}
	return b.String()
}

func testLender(t *testing.T) *lender {
	t.Helper()
	needRoot(t)
	l, err := newLender()
	if err != nil {
		t.Fatal(err)
	}
	return &l
}

func TestCovers(t *testing.T) {
	l := lender{own: Credentials{UID: 7, GID: 8, Effective: 0b110}}
	for i, row := range []struct {
		c    Credentials
		want bool
	}{
		{Credentials{7, 8, 0b110}, true},
		{Credentials{7, 8, 0b1110}, true},
		{Credentials{7, 8, 0b100}, false},
		{Credentials{7, 8, 0b1001}, false},
		{Credentials{7, 8, 0}, false},
		{Credentials{0, 8, fullCaps}, false},
		{Credentials{7, 0, fullCaps}, false},
		{Credentials{8, 7, 0b110}, false},
	} {
		if got := l.covers(row.c); got != row.want {
			t.Errorf("row %d: %v", i, got)
		}
	}
}

// The borrowed thread is the borrower to the kernel, but for the real and the
// saved ids; after that it is itself again, however fn ended.
func TestAsGivesBack(t *testing.T) {
	l := testLender(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := identity(t, "thread-self")
	failure := errors.New("fn's own")
	for _, c := range []Credentials{
		{alice, bob, 0},
		{alice, alice, 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_SETUID},
		{0, 0, 0},
		{0, 0, 1 << unix.CAP_KILL},
		{0, bob, fullCaps},
		{bob, 0, 0},
	} {
		for _, end := range []func(){func() {}, func() { panic(failure) }, runtime.Goexit} {
			done := make(chan struct{})
			go func() {
				defer close(done)
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				defer func() {
					recover()
					if after := identity(t, "thread-self"); after != before {
						t.Errorf("%+v: before\n%safter\n%s", c, before, after)
					}
				}()
				err := l.as(c, func() error {
					checkBorrowed(t, c, l.permitted)
					end()
					return failure
				})
				if err != failure {
					t.Errorf("%+v: %v", c, err)
				}
			}()
			<-done
		}
	}
}

func checkBorrowed(t *testing.T, c Credentials, permitted Caps) {
	var s Status
	text, _ := os.ReadFile("/proc/thread-self/status")
	if err := s.Parse(text); err != nil {
		t.Error(err)
	}
	if want := (IDs{0, c.UID, 0, c.UID}); s.UID != want {
		t.Errorf("%+v: uids %+v", c, s.UID)
	}
	if want := (IDs{0, c.GID, 0, c.GID}); s.GID != want {
		t.Errorf("%+v: gids %+v", c, s.GID)
	}
	if s.CapEff != c.Effective&permitted || s.CapPrm != permitted {
		t.Errorf("%+v: effective %x, permitted %x", c, s.CapEff, s.CapPrm)
	}
}

// An id that means "leave it" to the kernel must not leave ours in force.
func TestAsNobody(t *testing.T) {
	l := testLender(t)
	for _, c := range []Credentials{{^uint32(0), alice, 0}, {alice, ^uint32(0), 0}, {^uint32(0), ^uint32(0), fullCaps}} {
		before := identity(t, "self")
		err := l.as(c, func() error { t.Errorf("%+v: ran", c); return nil })
		if !errors.Is(err, fs.ErrPermission) || identity(t, "self") != before {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// In a user namespace some ids do not exist: enter fails at its first or its
// second step, and all is given back.
func TestAsUnmapped(t *testing.T) {
	needRoot(t)
	runRole(t, "unmapped", &syscall.SysProcAttr{
		Cloneflags:                 syscall.CLONE_NEWUSER,
		UidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 2}},
		GidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 10}},
		GidMappingsEnableSetgroups: true,
	})
}

func roleUnmapped() error {
	l, err := newLender()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	before := identity(&testing.T{}, "thread-self")
	for _, c := range []Credentials{{5, 5, 0}, {5, 55, 0}, {1, 55, 0}} {
		err := l.as(c, func() error { return nil })
		if after := identity(&testing.T{}, "thread-self"); !errors.Is(err, fs.ErrPermission) || after != before {
			return fmt.Errorf("%+v: %w, before\n%safter\n%s", c, err, before, after)
		}
	}
	return l.as(Credentials{1, 9, 0}, func() error { return nil })
}

// Thousands of borrows at a time, on whichever thread: each sees itself inside
// and us after; a goroutine that borrows nothing never sees another.
func TestAsStorm(t *testing.T) {
	l := testLender(t)
	var workers, others sync.WaitGroup
	var left atomic.Int64
	left.Store(10_000)
	for i := range 8 {
		c := Credentials{UID: uint32(alice + i), GID: uint32(bob + i)}
		workers.Go(func() {
			for left.Add(-1) >= 0 {
				l.as(c, func() error { wantIDs(t, c.UID, c.GID); runtime.Gosched(); wantIDs(t, c.UID, c.GID); return nil })
				wantIDs(t, 0, 0)
			}
		})
		if i > 0 {
			continue
		}
		others.Go(func() {
			for left.Load() > 0 {
				time.Sleep(time.Millisecond) // threads are dear
				wantIDs(t, 0, 0)
				done := make(chan struct{})
				go func() { // whose thread may be new, and dies
					runtime.LockOSThread()
					wantIDs(t, 0, 0)
					close(done)
				}()
				<-done
			}
		})
	}
	workers.Wait()
	others.Wait()
	eventually(t, "all threads are ours", func() bool { return len(strangers(t)) == 0 })
}

func wantIDs(t *testing.T, uid, gid uint32) {
	effective, _, errno := unix.RawSyscall(unix.SYS_GETEUID, 0, 0, 0)
	group, _, errno2 := unix.RawSyscall(unix.SYS_GETEGID, 0, 0, 0)
	real, _, _ := unix.RawSyscall(unix.SYS_GETUID, 0, 0, 0)
	if uint32(effective) != uid || uint32(group) != gid || real != 0 || errno|errno2 != 0 {
		t.Errorf("effective %d:%d, real %d; want %d:%d", effective, group, real, uid, gid)
	}
}

// Seen from outside, only the borrowing threads are ever somebody else, each
// the one that it serves, while threads come and go beside them.
func TestAsSeenFromOutside(t *testing.T) {
	l := testLender(t)
	serves := map[string]uint32{}
	var mu, workers = sync.Mutex{}, sync.WaitGroup{}
	var ready sync.WaitGroup
	var stop atomic.Bool
	for i := range 8 {
		uid := uint32(alice + i)
		ready.Add(1)
		workers.Go(func() {
			runtime.LockOSThread()
			mu.Lock()
			serves[fmt.Sprint(unix.Gettid())] = uid
			mu.Unlock()
			ready.Done()
			for !stop.Load() {
				l.as(Credentials{UID: uid, GID: uid}, func() error { unix.Getppid(); return nil })
			}
		})
	}
	ready.Wait()
	seen := 0
	for range 100 {
		go runtime.LockOSThread()
		for tid, uid := range strangers(t) {
			seen++
			if serves[tid] != uid {
				t.Errorf("thread %s shows %d and serves %d", tid, uid, serves[tid])
			}
		}
	}
	stop.Store(true)
	workers.Wait()
	if seen == 0 {
		t.Error("no borrow was seen: the test shows nothing")
	}
}

// strangers are the threads whose effective or file-system uid is not root's.
func strangers(t *testing.T) map[string]uint32 {
	found := map[string]uint32{}
	all, _ := filepath.Glob("/proc/self/task/*")
	for _, dir := range all {
		text, err := os.ReadFile(dir + "/status")
		var s Status
		if err != nil || s.Parse(text) != nil {
			continue // it has ended
		}
		if s.UID.Real != 0 || s.UID.Saved != 0 || s.UID.Effective != s.UID.FS {
			t.Errorf("%s: %+v", dir, s.UID)
		}
		if s.UID.Effective != 0 {
			found[filepath.Base(dir)] = s.UID.Effective
		}
	}
	return found
}
