package provider

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseSyscall(t *testing.T) {
	parses(t, ParseSyscall, map[string]Syscall{
		"running\n":                                  {State: SyscallRunning},
		"-1 0x7ffd2 0x7f26\n":                        {State: SyscallOutside, Number: -1, SP: 0x7ffd2, PC: 0x7f26},
		"-2 0x1 0xffffffffffffffff\n":                {State: SyscallOutside, Number: -2, SP: 1, PC: 1<<64 - 1}, // a tracer may set any
		"0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n":        {State: SyscallBlocked},
		"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n":      {State: SyscallBlocked, Number: 202, Args: [6]uint64{1, 2, 3, 4, 5, 6}, SP: 7, PC: 8},
		string(counterText(t, "running", "syscall")): {State: SyscallRunning},
		string(counterText(t, "kthread", "syscall")): {State: SyscallBlocked},
	})
	malformedText(t, ParseSyscall, "", "\n", "running", "running \n", "-1\n", "-1 0x0\n", "-1 0x0 0x0", "-1 0x0 0x0 0x0\n", "-1 0x 0x0\n", "-1  0x0 0x0\n",
		"-1 0 0\n", "0 0x0 0x0\n", "1 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n", "1 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x10000000000000000\n", "x 0x0 0x0\n", "-1 0x0 0x0 \n")
	if s := SyscallState(9).String(); s != "unknown state" {
		t.Error(s)
	}
}

// Fault 11: what waits outside a system call has three fields.
func TestFault11SyscallOutside(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	if err := unix.Kill(c.pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var stat Stat
	var s Syscall
	eventually(t, "stopped", func() bool { return p.Stat(&stat) == nil && stat.State == StateStopped })
	if err := p.Syscall(&s); err != nil || s.State == SyscallRunning || s.SP == 0 || s.PC == 0 {
		t.Errorf("stopped: %+v, %v", s, err)
	}
	c.zombie()
	if err := p.Syscall(&s); err != nil || s != (Syscall{State: SyscallOutside, Number: -1}) {
		t.Errorf("zombie: %+v, %v", s, err)
	}
	s, err := ParseSyscall(counterText(t, "stopped", "syscall"))
	if err != nil || s != (Syscall{State: SyscallOutside, Number: -1, SP: 0x7ffd2ee7ebe0, PC: 0x7f265ccfe1cc}) {
		t.Errorf("captured: %+v, %v", s, err)
	}
}

func TestSyscallOfThreads(t *testing.T) {
	f := openProc(t)
	c := start(t)
	task, err := pin(t, f, c.pid).Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	var s Syscall
	eventually(t, "waits for its lock", func() bool {
		return task.Syscall(&s) == nil && s.State == SyscallBlocked && s.Number == unix.SYS_FUTEX && s.Args[0] != 0 && s.SP != 0 && s.PC != 0
	})
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := f.ThreadSelf()
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if err := own.Syscall(&s); err != nil || s.State != SyscallBlocked || s.Number != unix.SYS_READ {
		t.Errorf("who asks is in read: %+v, %v", s, err)
	}
}

func FuzzParseSyscall(f *testing.F) {
	counterSeeds(f, "syscall")
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSyscall(b)
		lawful(t, s, err)
		if err != nil {
			return
		}
		if again, err := ParseSyscall([]byte(syscallText(s))); err != nil || again != s {
			t.Fatalf("%+v, then %+v, %v", s, again, err)
		}
	})
}

// syscallText writes as the kernel does.
func syscallText(s Syscall) string {
	switch s.State {
	case SyscallRunning:
		return "running\n"
	case SyscallOutside:
		return fmt.Sprintf("%d %#x %#x\n", s.Number, s.SP, s.PC)
	}
	a := s.Args
	return fmt.Sprintf("%d %#x %#x %#x %#x %#x %#x %#x %#x\n", s.Number, a[0], a[1], a[2], a[3], a[4], a[5], s.SP, s.PC)
}

func checkSyscall(p *Process) error {
	return steady(p, "syscall", func(raw []byte) error {
		var s Syscall
		if err := p.Syscall(&s); err != nil {
			return err
		}
		return same("syscall", syscallText(s), string(raw), s.State == SyscallOutside, strings.HasPrefix(string(raw), "-"))
	})
}
