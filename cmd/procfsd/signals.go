package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// watchStop is installed before the mount, so that no signal can leave one
// behind. SIGHUP means nothing to us, and a closed pipe is an error of write.
func watchStop() <-chan os.Signal {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	return stop
}

// watchForwarded catches what is passed on to COMMAND. Not among them: what
// cannot be caught, what is about us (CHLD, URG, PIPE, faults), and the stops
// of job control (TSTP, TTIN, TTOU), which must stop us together with COMMAND.
// HUP and INT, where our invoker ignores them, stay ignored, for COMMAND too; of
// other signals the Go runtime has forgotten by now that they were.
func watchForwarded() <-chan os.Signal {
	list := []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2,
		unix.SIGALRM, unix.SIGTERM, unix.SIGCONT, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGVTALRM, unix.SIGWINCH, unix.SIGIO, unix.SIGPWR}
	for rt := syscall.Signal(34); rt <= 64; rt++ {
		list = append(list, rt)
	}
	caught := make(chan os.Signal, 64)
	for _, s := range list {
		if !signal.Ignored(s) {
			signal.Notify(caught, s)
		}
	}
	return caught
}

// forward passes signals on until the end. They stay caught after it: none may end
// us in place of COMMAND's status.
func forward(caught <-chan os.Signal, to *os.Process, end <-chan struct{}) {
	for {
		select {
		case s := <-caught:
			if !fromTerminal(s) || !inForeground() { // else the terminal sent it to COMMAND as well
				_ = to.Signal(s)
			}
		case <-end:
			return
		}
	}
}

func fromTerminal(s os.Signal) bool {
	return slices.Contains([]os.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGWINCH}, s)
}

// inForeground tells whether our process group is the foreground group of a
// terminal.
func inForeground() bool {
	for fd := range 3 {
		if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil {
			return group == unix.Getpgrp()
		}
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
