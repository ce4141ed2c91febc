package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const selfExe = "/proc/self/exe"

// ownProgram names this program for execve. /proc/self/exe is right even when
// the file was moved or replaced; where /proc is missing or dead there is only
// the name that we were called by.
func ownProgram() (string, error) {
	if _, err := os.Stat(selfExe); err == nil {
		return selfExe, nil
	}
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return "", fmt.Errorf("cannot find my own program without /proc: call procfsd by its path: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path) // mount.procfs is a link to us
}

// programName is argv[0] for self: short in ps where /proc will find the program
// again, else its path.
func programName(self string) string {
	if self == selfExe {
		return "procfsd"
	}
	return self
}

// nameProcess repairs the command name that execve of /proc/self/exe leaves
// ("exe"). For people only, so errors do not matter.
func nameProcess() {
	_ = os.WriteFile("/proc/self/comm", []byte("procfsd"), 0)
}

// closeOnExec keeps descriptors that we inherited from our children. Kernels
// before 5.11 cannot; there they stay.
func closeOnExec() {
	_ = unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
}
