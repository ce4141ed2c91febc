package provider

import (
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// keeping is the machine's own procfs, which keeps so many processes.
func keeping(t testing.TB, limit int) *FS {
	t.Helper()
	f := openProc(t)
	f.Keep(limit)
	return f
}

// use opens a process, reads all that is kept of it, and gives it back.
func use(t *testing.T, f *FS, pid int) {
	t.Helper()
	p, err := f.Open(pid)
	if err == nil {
		err = errors.Join(readAllKept(p), p.Close())
	}
	if err != nil {
		t.Errorf("%d: %v", pid, err)
	}
}

func readAllKept(p *Process) error {
	var stat Stat
	var status, head Status
	var limits Limits
	_, err := p.appendKept(nil, keptWChan, wchanRoom)
	err = errors.Join(err, p.Stat(&stat), p.Status(&status), p.StatusHead(&head), p.Limits(&limits))
	if err == nil && (stat.PID != p.pid || status.PID != p.pid || head.PID != p.pid || !limits.Has(LimitOpenFiles)) {
		err = errDiffers
	}
	return err
}

// Who is asked for again and again is opened once, and let go some time after.
func TestKeep(t *testing.T) {
	f, c := keeping(t, 4), start(t)
	before := count(t, "fd")
	first, err := f.Open(c.pid)
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.Open(c.pid)
	if err != nil || first != second {
		t.Errorf("%p, then %p, %v", first, second, err)
	}
	if err := errors.Join(readAllKept(first), first.Close(), readAllKept(second), second.Close()); err != nil {
		t.Error(err)
	}
	if err := second.Close(); !errors.Is(err, unix.EBADF) {
		t.Errorf("closed once more: %v", err)
	}
	if n := count(t, "fd"); n != before+6 {
		t.Errorf("%d descriptors kept, want 6", n-before)
	}
	leaksNothing(t, "use of who is kept", func() { use(t, f, c.pid) })
	f.keeper.sweep()
	if n := count(t, "fd"); n != before+6 {
		t.Errorf("%d descriptors kept just after the use", n-before)
	}
	f.keeper.sweep()
	if n := count(t, "fd"); n != before || len(f.keeper.byPID) != 0 || f.keeper.held != 0 {
		t.Errorf("%d descriptors, %d processes left", n-before, f.keeper.held)
	}
	use(t, f, c.pid)
}

// The sweep comes by itself, and only while somebody is idle.
func TestKeepSweepsItself(t *testing.T) {
	f, c := keeping(t, 4), start(t)
	use(t, f, c.pid)
	f.keeper.mu.Lock()
	f.keeper.timer.Reset(time.Millisecond) // and the next after its period
	f.keeper.mu.Unlock()
	eventually(t, "all is closed", func() bool {
		f.keeper.mu.Lock()
		defer f.keeper.mu.Unlock()
		return f.keeper.held == 0 && f.keeper.timer == nil
	})
}

// Nothing is kept of a walk, nor by who asks for that, nor of a captured tree.
func TestKeepsNot(t *testing.T) {
	f, c := keeping(t, 100), start(t)
	for _, err := range f.All() {
		if err != nil && !rightClass(err) {
			t.Error(err)
		}
	}
	p, err := f.OpenOnce(c.pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, known := p.Exited(); known || p.kept != nil || f.keeper.held != 0 {
		t.Errorf("%d kept", f.keeper.held)
	}
	captured, err := OpenFS("testdata/proc/plain")
	if err != nil {
		t.Fatal(err)
	}
	defer captured.Close()
	if captured.Keep(10); captured.keeper != nil {
		t.Error("a captured tree keeps")
	}
	if none := keeping(t, 0); none.keeper != nil {
		t.Error("a limit of 0 keeps")
	}
}

// A walk keeps three quarters of the limit, has nobody go for that, and finds
// who is kept; the others are the walk's own.
func TestOpenAmong(t *testing.T) {
	f := keeping(t, 4)
	named, spare := start(t), new(Process)
	use(t, f, named.pid)
	var stat Stat
	for i, c := range []*child{start(t), start(t), start(t), named} {
		p, err := f.OpenAmong(c.pid, spare)
		if err != nil || p.Stat(&stat) != nil || stat.PID != c.pid || p.PID() != c.pid {
			t.Fatalf("%d: %v, %d", i, err, stat.PID)
		}
		if kept := p.kept != nil; kept != (i != 2) || kept == (p == spare) {
			t.Errorf("%d: kept %v, held %d", i, kept, f.keeper.held)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if p, err := f.OpenAmong(1<<22, spare); p != nil || !errors.Is(err, ErrGone) {
		t.Errorf("nobody: %v, %v", p, err)
	}
	bare := openProc(t)
	leaksNothing(t, "OpenAmong", func() {
		p, err := bare.OpenAmong(named.pid, spare)
		if err != nil || p != spare || p.Close() != nil {
			t.Errorf("of a root that keeps nothing: %v", err)
		}
	})
}

// No more than the limit exist; who finds no room has a process of its own.
func TestKeepLimit(t *testing.T) {
	f := keeping(t, 2)
	children := []*child{start(t), start(t), start(t), start(t)}
	for _, c := range children {
		use(t, f, c.pid)
	}
	if f.keeper.held != 2 || f.keeper.byPID[children[0].pid] != nil || f.keeper.byPID[children[3].pid] == nil {
		t.Errorf("%d kept: %v", f.keeper.held, f.keeper.byPID)
	}
	var open []*Process
	for _, c := range children {
		p, err := f.Open(c.pid)
		if err != nil || (p.kept != nil) != (len(open) < 2) {
			t.Fatalf("%d: %v, %v", len(open), p, err)
		}
		open = append(open, p)
	}
	for _, p := range open {
		if err := errors.Join(readAllKept(p), p.Close()); err != nil {
			t.Error(err)
		}
	}
	if f.keeper.held != 2 {
		t.Errorf("%d kept", f.keeper.held)
	}
}

// With the root everything ends, but for who is in use.
func TestKeepEnd(t *testing.T) {
	c, other := start(t), start(t)
	leaksNothing(t, "a root that keeps", func() {
		f := openProc(t)
		f.Keep(4)
		use(t, f, other.pid)
		p, err := f.Open(c.pid)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if f.keeper.timer != nil || f.keeper.held != 1 {
			t.Errorf("%d left", f.keeper.held)
		}
		if err := errors.Join(readAllKept(p), p.Close()); err != nil || f.keeper.held != 0 {
			t.Errorf("%v, %d left", err, f.keeper.held)
		}
	})
}

// Many use one process, and many others, while some of them end.
func TestKeepConcurrently(t *testing.T) {
	f := keeping(t, 3)
	children := []*child{start(t), start(t), start(t), start(t), start(t)}
	doomed := start(t)
	var users sync.WaitGroup
	for i := range 8 {
		users.Go(func() {
			for n := range 100 {
				use(t, f, children[(i+n)%len(children)].pid)
				if p, err := f.Open(doomed.pid); err == nil {
					if err := readAllKept(p); err != nil && !errors.Is(err, ErrGone) {
						t.Error(err)
					}
					p.Close()
				} else if !errors.Is(err, ErrGone) {
					t.Error(err)
				}
				if n == 50 {
					f.keeper.sweep()
				}
			}
		})
	}
	doomed.end()
	users.Wait()
	f.keeper.sweep()
	f.keeper.sweep()
	if f.keeper.held != 0 || len(f.keeper.byPID) != 0 {
		t.Errorf("%d left", f.keeper.held)
	}
}
