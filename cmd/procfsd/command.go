package main

import (
	"errors"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// runCommand starts COMMAND from the calling thread, passes signals on and
// returns its exit status.
func runCommand(argv []string) error {
	path, err := findCommand(argv[0], searchPath())
	if err != nil {
		return notStarted(argv[0], err)
	}
	cmd := &exec.Cmd{Path: path, Args: argv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	caught := watchForwarded()
	if err := cmd.Start(); err != nil {
		return notStarted(argv[0], err)
	}
	return attend(cmd, caught)
}

// attend passes signals on to what was started, waits for it and gives its status.
func attend(cmd *exec.Cmd, caught <-chan os.Signal) error {
	end := make(chan struct{})
	defer close(end)
	go forward(caught, cmd.Process, end)
	_ = cmd.Wait() // the state says it all
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return failf(exitSystem, "wait for %s: no status", cmd.Args[0])
	case status.Signaled():
		return exitStatus(exitSignal + int(status.Signal()))
	}
	return exitStatus(status.ExitStatus())
}

func notStarted(name string, err error) error {
	if errors.Is(err, iofs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return failf(exitNotFound, "command %q not found: give its path or put it in PATH", name)
	}
	return failf(exitNotExecutable, "cannot execute %q: %w", name, errno(err))
}

// findCommand searches as execvp(3): a name with a slash is itself, an empty
// element of path is the working directory, and what is found but may not be
// executed is remembered while the search goes on.
func findCommand(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	err := error(unix.ENOENT)
	for _, dir := range filepath.SplitList(path) {
		file := "./" + name
		if dir != "" {
			file = filepath.Join(dir, name)
		}
		info, statErr := os.Stat(file)
		if statErr != nil || info.IsDir() {
			continue
		}
		if unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS) == nil {
			return file, nil
		}
		err = unix.EACCES
	}
	return "", err
}
