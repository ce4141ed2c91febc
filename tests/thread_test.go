package tests

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func lockThread() { runtime.LockOSThread() }

// execAfter does what the kernel does to one thread only, and re-executes the
// helper from that thread, so that every thread of it has it.
func execAfter(do func() error) {
	runtime.LockOSThread()
	must(do())
	must(os.Setenv("MODE", "done"))
	must(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
}

func setNoNewPrivs() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

// dropCapabilities leaves root without any, also after exec.
func dropCapabilities() error {
	const noRoot = 1 << 0 // SECBIT_NOROOT
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, noRoot, 0, 0, 0); err != nil {
		return err
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&header, &none[0])
}

// helperZombieleader ends its main thread and goes on in another.
func helperZombieleader() {
	leader := make(chan struct{})
	for range 64 {
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() != unix.Getpid() {
				select {}
			}
			close(leader)
			syscall.Syscall(unix.SYS_EXIT, 0, 0, 0)
		}()
	}
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		go announce()
		syscall.Syscall(unix.SYS_EXIT, 0, 0, 0)
	}
	<-leader
	announce()
}

// announce says that it is ready and waits for its input to end.
func announce() {
	fmt.Println("ready")
	var b [1]byte
	unix.Read(0, b[:])
	unix.Exit(0)
}
