package provider

import "strconv"

// Syscall is /proc/PID/syscall (2.6.27, CONFIG_HAVE_ARCH_TRACEHOOK): the system
// call in which a thread waits. A process shows its main thread's.
type Syscall struct {
	State  SyscallState
	Number int64     // of the thread's own ABI; negative outside a call; 0 while running
	Args   [6]uint64 // the argument registers; zero outside a call
	SP     uint64    // the stack pointer
	PC     uint64    // the program counter
}

// SyscallState says which of the three forms the file has.
type SyscallState uint8

const (
	// SyscallRunning: it runs, or may any moment. Nothing else is known.
	SyscallRunning SyscallState = iota + 1
	// SyscallBlocked: it waits in the call Number. Kernel threads are shown so
	// too, in call 0 with everything zero.
	SyscallBlocked
	// SyscallOutside: it waits, but not in a call: in a page fault, stopped, or
	// it is a zombie, of which SP and PC are zero.
	SyscallOutside
)

// String gives "running", "blocked" or "outside".
func (s SyscallState) String() string {
	switch s {
	case SyscallRunning:
		return "running"
	case SyscallBlocked:
		return "blocked"
	case SyscallOutside:
		return "outside"
	}
	return "unknown state"
}

// ParseSyscall reads the text of a syscall file: "running", "-1 SP PC", or the
// number, six arguments, SP and PC.
func ParseSyscall(b []byte) (Syscall, error) {
	var s Syscall
	err := s.Parse(b)
	return s, err
}

// Parse is ParseSyscall into s. It allocates nothing but its errors; after an
// error s is zero.
func (s *Syscall) Parse(b []byte) error {
	*s = Syscall{}
	if string(b) == "running\n" {
		s.State = SyscallRunning
		return nil
	}
	nr, n := signed(b)
	if n == 0 {
		return malformed("syscall", "number")
	}
	var v [8]uint64
	words := v[:]
	state := SyscallBlocked
	if nr < 0 {
		words, state = v[6:], SyscallOutside
	}
	if i := hexWords(words, b[n:]); i < len(words) {
		return malformed("syscall", "word "+strconv.Itoa(i+1))
	}
	*s = Syscall{State: state, Number: nr, Args: [6]uint64(v[:6]), SP: v[6], PC: v[7]}
	return nil
}

// hexWords reads " 0x12" as often as v has room, and a newline. It gives the
// index of the first that is wrong.
func hexWords(v []uint64, b []byte) int {
	for i := range v {
		if len(b) < 4 || string(b[:3]) != " 0x" {
			return i
		}
		u, n := hexadecimal(b[3:])
		if n == 0 {
			return i
		}
		v[i], b = u, b[3+n:]
	}
	if string(b) != "\n" {
		return len(v) - 1
	}
	return len(v)
}

// Syscall reads /proc/PID/syscall into s. It takes the right to attach to the
// process (PTRACE_MODE_ATTACH_FSCREDS).
func (d *dir) Syscall(s *Syscall) error { return d.parse("syscall", s) }
