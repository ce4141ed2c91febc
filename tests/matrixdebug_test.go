package tests

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The operations of the matrix on what is for debuggers, and its sandbox.

// mayKill and mayKillGroup ask kill(2), which cannot be told of the group 1 but
// by its members.
func mayKill(s *side) bool { return killable(s) && unix.Kill(s.PID, 0) == nil }

func mayKillGroup(s *side) bool {
	group, err := unix.Getpgid(s.PID)
	if err != nil || !killable(s) || group != 1 {
		return err == nil && killable(s) && group > 1 && unix.Kill(-group, 0) == nil
	}
	return slices.ContainsFunc(processes(), func(pid int) bool {
		its, err := unix.Getpgid(pid)
		return pid != 1 && err == nil && its == 1 && unix.Kill(pid, 0) == nil
	})
}

// killable: does the number mean the same process to kill(2)? To callers of
// another pid namespace it does not.
func killable(s *side) bool {
	link, err := os.Readlink("/proc/self")
	return err == nil && atoiOr0(link) == os.Getpid()
}

// overrides: CAP_DAC_OVERRIDE opens a file of mode 0200 for reading.
func overrides(*side) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_DAC_OVERRIDE) != 0
}

// mayTrace seizes a stopped process and lets it go, on the locked thread.
func mayTrace(s *side) bool {
	if !killable(s) {
		return false
	}
	if state, err := processState(s.PID); err != nil || state != 'T' {
		return false
	}
	if ptraceCall(unix.PTRACE_SEIZE, s.PID) != 0 {
		return false
	}
	ptraceCall(unix.PTRACE_DETACH, s.PID)
	for range 200 {
		if state, err := processState(s.PID); err != nil || state == 'T' {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

func registersOf(s *side, node string) []byte {
	b := make([]byte, 1024)
	fd, err := unix.Open(s.path(node), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, _ := unix.Pread(fd, b, 0)
	return b[:max(n, 0)]
}

// rewrites writes a set as it is; who may write and not read it, some of it.
func rewrites(s *side, node string) bool {
	set := registersOf(s, node)
	if len(set) == 0 {
		set = make([]byte, 1)
	}
	fd, err := unix.Open(s.path(node), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	n, err := unix.Pwrite(fd, set, 0)
	return err == nil && n == len(set)
}

// readsMarker reads what is at the address; of our own victims the marker.
func readsMarker(s *side) bool {
	f, err := os.Open(s.path("mem"))
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(marker))
	n, err := f.ReadAt(b, int64(s.Address))
	return err == nil && n == len(b) && (!s.Own || bytes.Equal(b, marker[:]))
}

// writesMarker writes what is there already, into our own victims alone.
func writesMarker(s *side) bool {
	f, err := os.OpenFile(s.path("mem"), os.O_WRONLY, 0)
	if err != nil || !s.Own {
		return false
	}
	defer f.Close()
	n, err := f.WriteAt(marker[:], int64(s.Address))
	return err == nil && n == len(marker)
}

// sleepsHere: where nothing else is refused, a "0" is a moment of running.
func sleepsHere(s *side) bool {
	for range 10 {
		b, err := os.ReadFile(s.path("wchan"))
		if err == nil && len(b) > 0 && string(b) != "0" {
			return true
		}
		if !links("ns/user")(s) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func showsChannel(s *side) bool {
	b, _ := os.ReadFile(s.path("status"))
	f := strings.Fields(string(b))
	return len(f) == 15 && f[10] != "-" && f[10] != "nochan"
}

// enterLandlock: a sandbox that forbids next to nothing.
func enterLandlock() error {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return fmt.Errorf("no Landlock in this kernel: %w", errno)
	}
	attr := [3]uint64{unix.LANDLOCK_ACCESS_FS_MAKE_SYM}
	size := uintptr(8)
	if abi >= 6 {
		attr[2], size = unix.LANDLOCK_SCOPE_SIGNAL, 24
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return errno
	}
	if err := setNoNewPrivs(); err != nil {
		return err
	}
	if _, _, errno = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}
