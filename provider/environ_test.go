package provider

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEnviron(t *testing.T) {
	env := []string{"A=1", "B=\xff\xfe=x", "A=2", "no value", "EMPTY=", "", "=odd"}
	p := pin(t, openProc(t), startExactly(t, env))
	leaksNothing(t, "Environ", func() {
		if got, err := p.Environ(); err != nil || !slices.Equal(got, env) {
			t.Errorf("%q, %v; want %q", got, err, env)
		}
	})
	raw, err := p.AppendEnviron([]byte("-"), 1<<20)
	if err != nil || string(raw) != "-"+strings.Join(env, "\x00")+"\x00" {
		t.Errorf("%q, %v", raw, err)
	}
	if raw, err := p.AppendEnviron([]byte("-"), 5); !errors.Is(err, ErrTooBig) || string(raw) != "-" {
		t.Errorf("%q, %v", raw, err)
	}
}

// startExactly starts a process with an environment that os/exec would mend.
func startExactly(t *testing.T, env []string) int {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p, err := os.FindProcess(pid)
		if err == nil {
			p.Kill()
			p.Wait()
		}
	})
	asleep(t, pid)
	return pid
}

// asleep waits until a program has begun: before it has, it has no arguments
// and no environment.
func asleep(t *testing.T, pid int) {
	t.Helper()
	p := pin(t, openProc(t), pid)
	var s Stat
	eventually(t, "it sleeps", func() bool { return p.Stat(&s) == nil && s.State == StateSleeping && s.EnvEnd != 0 })
}

func TestEnvironOfNobody(t *testing.T) {
	f := openProc(t)
	if p := pin(t, f, startExactly(t, []string{})); p != nil {
		if got, err := p.Environ(); err != nil || got != nil {
			t.Errorf("empty: %q, %v", got, err)
		}
	}
	c := start(t)
	p := pin(t, f, c.pid)
	c.zombie()
	if got, err := p.Environ(); !errors.Is(err, ErrGone) || got != nil {
		t.Errorf("zombie: %q, %v", got, err)
	}
	if got, err := p.AppendEnviron([]byte("-"), 100); !errors.Is(err, ErrGone) || string(got) != "-" {
		t.Errorf("zombie: %q, %v", got, err)
	}
	if v, err := p.Auxv(); !errors.Is(err, ErrGone) || v != nil {
		t.Errorf("zombie: %v, %v", v, err)
	}
	k, err := f.Open(2)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	defer k.Close()
	if got, err := k.Environ(); err != nil || got != nil {
		t.Errorf("kernel thread: %q, %v", got, err)
	}
	if v, err := k.Auxv(); err != nil || v != nil {
		t.Errorf("kernel thread: %v, %v", v, err)
	}
}

func TestLookupEnviron(t *testing.T) {
	env := []string{"A", "B=", "A=1=2", "A=3", "=x", ""}
	for name, want := range map[string]string{"A": "1=2", "B": "", "": "x"} {
		if got, ok := LookupEnviron(env, name); !ok || got != want {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{"C", "A=1", "a"} {
		if got, ok := LookupEnviron(env, name); ok || got != "" {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
}

// What was read while it vanished is no result.
func TestEnvironStorm(t *testing.T) {
	f := openProc(t)
	long := []string{"X=" + strings.Repeat("x", 100_000), "LAST=1"}
	for range 50 {
		p := pin(t, f, startExactly(t, long))
		end := make(chan error, 1)
		go func() { end <- p.Signal(unix.SIGKILL) }()
		for {
			got, err := p.Environ()
			if err != nil {
				if !errors.Is(err, ErrGone) || got != nil {
					t.Errorf("%q, %v", got, err)
				}
				break
			}
			raw, err := p.AppendEnviron(nil, maxArea)
			if err == nil && len(raw) != len(long[0])+len(long[1])+2 || err != nil && (!errors.Is(err, ErrGone) || raw != nil) {
				t.Fatalf("%d bytes, %v", len(raw), err)
			}
			if !slices.Equal(got, long) {
				t.Fatalf("%d entries and no error", len(got))
			}
		}
		if err := <-end; err != nil {
			t.Error(err)
		}
	}
}

func checkEnviron(p *Process) error {
	list, err := p.Environ() // also of those whose raw file cannot be opened
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	return steady(p, "environ", func(raw []byte) error {
		list, err := p.Environ()
		if err != nil {
			return err
		}
		text, err := p.AppendEnviron([]byte("x"), maxArea)
		if err != nil {
			return err
		}
		return errors.Join(sameList("environ", list, raw), same("environ", string(text), "x"+string(raw)))
	})
}
