package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a process may take to end by itself.
const patience = 10 * time.Second

// outside runs the client in a mount namespace of its own and cleans up after
// it, however it ends.
func outside() error {
	if _, err := parseOptions(); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("not root: it mounts")
	}
	// "go run" dies of SIGTERM without passing it on.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		return fmt.Errorf("prctl: %w", err)
	}
	stop := make(chan os.Signal, 1)
	watch(stop)
	dir, err := os.MkdirTemp("", "procfsd-bench-")
	if err != nil {
		return err
	}
	defer os.Remove(dir) // empty here: the client mounts something over it
	return runClient(dir, stop)
}

// stops are the signals that end a run early.
func stops() []os.Signal {
	list := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		list = append(list, syscall.SIGHUP)
	}
	return list
}

func watch(stop chan<- os.Signal) { signal.Notify(stop, stops()...) }

// runClient: os/exec makes all mounts of the new namespace private.
func runClient(dir string, stop <-chan os.Signal) error {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), roleEnv+"=client", dirEnv+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		for range stop {
			cmd.Process.Signal(syscall.SIGTERM)
			time.AfterFunc(2*patience, func() { cmd.Process.Kill() })
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		os.Remove(dir)
		os.Exit(exit.ExitCode()) // it has said why
	}
	return err
}
