//go:build faults

package provider

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Faults fail system calls of this package, each called by its name in the
// kernel: openat, read, pread64, getdents64, setresuid, capset, ptrace … They
// exist in the build with the tag faults alone, for tests. What is nil fails
// nothing. They are called by many goroutines at once, some of them on threads
// that have borrowed credentials, and must not use this package.
type Faults struct {
	// Before gives the errno of a call that is not made then, or 0.
	Before func(call string) unix.Errno
	// After gives what is told of a call that was made: a register set can be
	// half set when the kernel refuses the rest. Only the calls that change
	// something of a thread ask it: ptrace, setresuid, setresgid, capset.
	After func(call string, errno unix.Errno) unix.Errno
	// Room gives how much of n bytes a read may fill, at least 1: only reads ask
	// it that need not come to the end in one call.
	Room func(call string, n int) int
}

const faulty = true

// faults is what is in force, in all threads: a system call knows no other way
// to the test.
var faults atomic.Pointer[Faults]

// InjectFaults puts faults in force, nil for none, and gives those before.
func InjectFaults(f *Faults) (before *Faults) { return faults.Swap(f) }

func fault(call string) unix.Errno {
	if f := faults.Load(); f != nil && f.Before != nil {
		return f.Before(call)
	}
	return 0
}

func faultAfter(call string, errno unix.Errno) unix.Errno {
	if f := faults.Load(); f != nil && f.After != nil {
		return f.After(call, errno)
	}
	return errno
}

func faultRoom(call string, b []byte) []byte {
	if f := faults.Load(); f != nil && f.Room != nil && len(b) > 0 {
		return b[:min(max(f.Room(call, len(b)), 1), len(b))]
	}
	return b
}

func pread(fd int, b []byte, offset int64) (int, error) {
	if errno := fault("pread64"); errno != 0 {
		return -1, errno
	}
	return unix.Pread(fd, b, offset)
}

func pwrite(fd int, b []byte, offset int64) (int, error) {
	if errno := fault("pwrite64"); errno != 0 {
		return -1, errno
	}
	return unix.Pwrite(fd, faultRoom("pwrite64", b), offset)
}

func setres(call, real, effective uintptr) error {
	name := "setresuid"
	if call == unix.SYS_SETRESGID {
		name = "setresgid"
	}
	errno := fault(name)
	if errno == 0 {
		_, _, errno = unix.RawSyscall(call, real, effective, ^uintptr(0))
		errno = faultAfter(name, errno)
	}
	return failed(errno)
}
