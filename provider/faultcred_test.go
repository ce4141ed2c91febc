//go:build faults

package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/procfsd/procfsd/tests/faulttest"
	"golang.org/x/sys/unix"
)

func init() {
	roles["faultdie"] = roleFaultDie
	roles["faultlend"] = roleFaultLend
}

// callerOperations are the methods of a Caller, who asks anew each time.
func callerOperations(ask func() *Caller, p *Process) map[string]operation {
	return map[string]operation{
		"Load":      func() (string, error) { return "", ask().Load() },
		"TGID":      func() (string, error) { return shownAs(ask().TGID()) },
		"MayAttach": func() (string, error) { return "", ask().MayAttach(p) },
		"MayRead":   func() (string, error) { return "", ask().MayRead(p) },
		"Exe":       func() (string, error) { return ask().Exe(p) },
		"ELFClass":  func() (string, error) { return shownAs(ask().ELFClass(p)) },
		"ELFNotes":  func() (string, error) { return shownAs(ask().ELFNotes(p)) },
		"ExecIdentity": func() (string, error) {
			var s Stat
			if err := p.Stat(&s); err != nil {
				return "", err
			}
			return shownAs(ask().ExecIdentity(p, &s))
		},
		"ExeLinked": func() (string, error) {
			_, err := ask().ExeLinked(p, "/proc/self/exe")
			return "", err
		},
		"Signal":     func() (string, error) { return "", ask().Signal(p, 0) },
		"SIGURG":     func() (string, error) { return "", ask().Signal(p, int(unix.SIGURG)) },
		"SIGCONT":    func() (string, error) { return "", ask().Signal(p, int(unix.SIGCONT)) },
		"Open":       func() (string, error) { return descriptor(ask().Open(p, "maps", unix.O_RDONLY)) },
		"OpenMemory": func() (string, error) { return closed1(ask().OpenMemory(p, unix.O_RDONLY)) },
		"OpenSmaps":  func() (string, error) { return closed1(ask().OpenSmaps(p)) },
		"WChan":      func() (string, error) { _, err := ask().WChan(p); return "", err },
	}
}

func shownAs[T any](v T, err error) (string, error) { return fmt.Sprintf("%+v", v), err }

func closed1[T interface{ Close() error }](v T, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return "", v.Close()
}

// What is asked as somebody else, with every call failing, those that lend and
// give back among them: never more than the answer there would have been.
func TestFaultCaller(t *testing.T) {
	needRoot(t)
	asker, target := start(t, user(alice)), start(t, user(alice))
	eachAuthority(t, func(t *testing.T, a *Authority, f *FS) {
		p := pin(t, f, target.pid)
		openAllKept(p)
		openAllKept(pin(t, f, asker.pid))
		for name, op := range callerOperations(func() *Caller { return asker.asks(a) }, p) {
			t.Run(name, func(t *testing.T) { sweepOperation(t, name, op) })
		}
	})
}

// Who may not is not let in by any failure.
func TestFaultStranger(t *testing.T) {
	needRoot(t)
	asker, target := start(t, user(bob)), start(t, user(alice))
	a, f := newAuthority(t)
	p := pin(t, f, target.pid)
	for name, op := range callerOperations(func() *Caller { return asker.asks(a) }, p) {
		if _, err := op(); err == nil { // what everybody may
			continue
		}
		t.Run(name, func(t *testing.T) { sweepOperation(t, name, op) })
	}
}

// givesBack reports, before a change of users, whether this thread is borrowed:
// then it gives itself back.
func givesBack(call string) bool {
	if call != "setresuid" {
		return false
	}
	effective, _, _ := unix.RawSyscall(unix.SYS_GETEUID, 0, 0, 0)
	return effective != 0
}

// A thousand times in a row there is no memory to give back with, at first: each
// time it is given back all the same.
func TestFaultGiveBack(t *testing.T) {
	l := testLender(t)
	s := sweep(t)
	before, failures := faulttest.Look(t), 0
	last := false
	s.Put(func(call string) unix.Errno {
		if last = givesBack(call) && !last; last {
			failures++
			return unix.ENOMEM
		}
		return 0
	})
	defer s.Put(nil)
	for range 1000 {
		if err := l.as(Credentials{UID: alice, GID: bob}, func() error { wantIDs(t, alice, bob); return nil }); err != nil {
			t.Fatal(err)
		}
		wantIDs(t, 0, 0)
	}
	if failures != 1000 {
		t.Errorf("%d failures", failures)
	}
	before.Want(t, "a thousand failures to give back")
}

// Where it cannot be given back at all, the program ends, however many borrow;
// and no thread that failed makes another call.
func TestFaultDie(t *testing.T) {
	needRoot(t)
	for _, errno := range []unix.Errno{unix.EPERM, unix.ENOMEM} {
		out, err := roleOutput("faultdie", fmt.Sprint("FAULT=", int(errno)))
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(out, "cannot give back borrowed credentials: "+errno.Error()) {
			t.Errorf("%v: %v\n%s", errno, err, out)
		}
		if strings.Contains(out, "used again") {
			t.Errorf("%v: %s", errno, out)
		}
	}
}

func roleOutput(name string, env ...string) (string, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), roleEnv+"="+name), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func faultFromEnv(name string) int {
	var n int
	fmt.Sscan(os.Getenv(name), &n)
	return n
}

// roleFaultDie has a thousand borrow at once, none of whom can give back.
func roleFaultDie() error {
	l, err := newLender()
	if err != nil {
		return err
	}
	var failed sync.Map
	errno := unix.Errno(faultFromEnv("FAULT"))
	InjectFaults(&Faults{Before: func(call string) unix.Errno {
		tid := unix.Gettid()
		if _, ok := failed.Load(tid); ok && !(errno == unix.ENOMEM && givesBack(call)) {
			fmt.Println("used again:", call)
		}
		if givesBack(call) {
			failed.Store(tid, true)
			return errno
		}
		return 0
	}})
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() { l.as(Credentials{UID: alice, GID: bob}, func() error { return nil }) })
	}
	all.Wait()
	return errors.New("all came back")
}

// Each call that lends and gives back, failing for good or after it took effect:
// either the program ends, or the asker is refused and nothing is left.
func TestFaultLend(t *testing.T) {
	needRoot(t)
	survived, died := 0, 0
	for _, after := range []string{"", "AFTER=1"} {
		for n := 1; ; n++ {
			out, err := roleOutput("faultlend", fmt.Sprint("NTH=", n), after)
			switch {
			case err == nil && strings.Contains(out, "not reached"):
			case err == nil:
				survived++
				continue
			case strings.Contains(out, "panic: provider: cannot give back borrowed credentials"):
				died++
				continue
			default:
				t.Errorf("call %d %s: %v\n%s", n, after, err, out)
				continue
			}
			break
		}
	}
	if survived < 6 || died < 6 { // three calls each way, as and asSender
		t.Errorf("%d survived, %d died: the test shows nothing", survived, died)
	}
}

func roleFaultLend() error {
	l, err := newLender()
	if err != nil {
		return err
	}
	nth, seen := faultFromEnv("NTH"), 0
	fails := func(call string) bool { seen++; return faulttest.Borrows(call) && seen == nth }
	before := identity(&testing.T{}, "thread-self")
	InjectFaults(faultsOf(fails, os.Getenv("AFTER") != ""))
	one := l.as(Credentials{UID: alice, GID: bob}, refuse)
	two := l.asSender(Credentials{UID: alice, GID: bob}, refuse, refuse)
	InjectFaults(nil)
	switch after := identity(&testing.T{}, "thread-self"); {
	case after != before:
		return fmt.Errorf("before\n%safter\n%s", before, after)
	case !errors.Is(one, fs.ErrPermission) || !errors.Is(two, fs.ErrPermission):
		return fmt.Errorf("%w, %w", one, two)
	case seen < nth:
		fmt.Println("not reached")
	}
	return nil
}

func refuse() error { return unix.EPERM }

func faultsOf(fails func(call string) bool, after bool) *Faults {
	if after {
		return &Faults{After: func(call string, errno unix.Errno) unix.Errno {
			if fails(call) {
				return unix.EPERM
			}
			return errno
		}}
	}
	return &Faults{Before: func(call string) unix.Errno {
		if fails(call) {
			return unix.EPERM
		}
		return 0
	}}
}
