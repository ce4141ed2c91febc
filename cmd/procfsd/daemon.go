package main

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

const (
	readyDeadline = 30 * time.Second // from start to a mount that answers
	stopDeadline  = 10 * time.Second // from the word to the end of the daemon
)

// Descriptors of the daemon, in the order of exec.Cmd.ExtraFiles.
const (
	readyFD    = 3
	lifelineFD = 4
)

// daemon is the serving process, seen by the one that started it.
type daemon struct {
	process    *os.Process
	mountpoint string
	subtype    string
	lifeline   *os.File      // closing it ends the daemon
	ended      chan struct{} // closed when the process is gone
	state      *os.ProcessState
}

// mountInBackground starts the daemon, waits until it answers and leaves it.
func mountInBackground(cfg mountConfig) error {
	closeOnExec() // a daemon must not hold the pipes of our caller
	d, err := startDaemon(cfg, false)
	if err != nil {
		return err
	}
	return d.lifeline.Close()
}

// startDaemon runs this program again as the daemon of cfg and returns when the
// mount answers. It starts it from the calling thread, whose namespaces it
// inherits. With tied, the daemon unmounts and ends when we do.
func startDaemon(cfg mountConfig, tied bool) (*daemon, error) {
	ready, readyChild, err := os.Pipe()
	if err != nil {
		return nil, failf(exitSystem, "pipe: %w", err)
	}
	defer ready.Close()
	lifelineChild, lifeline, err := os.Pipe()
	if err != nil {
		readyChild.Close()
		return nil, failf(exitSystem, "pipe: %w", err)
	}
	cfg.ReadyFD, cfg.LifelineFD = readyFD, -1
	if tied {
		cfg.LifelineFD = lifelineFD
	}
	cmd, err := daemonCommand(cfg, readyChild, lifelineChild)
	if err == nil {
		err = cmd.Start()
	}
	readyChild.Close()
	lifelineChild.Close()
	if err != nil {
		lifeline.Close()
		return nil, failf(exitSystem, "start the daemon: %w", err)
	}
	d := &daemon{process: cmd.Process, mountpoint: cfg.Mountpoint, subtype: cfg.Options.Subtype,
		lifeline: lifeline, ended: make(chan struct{})}
	go d.reap()
	return d, d.await(ready)
}

// daemonCommand writes cfg down as the command line that reads back as cfg.
func daemonCommand(cfg mountConfig, files ...*os.File) (*exec.Cmd, error) {
	self, err := ownProgram()
	if err != nil {
		return nil, err
	}
	args := []string{programName(self), "--foreground", "--ready-fd=" + strconv.Itoa(cfg.ReadyFD)}
	if cfg.LifelineFD >= 0 {
		args = append(args, "--lifeline-fd="+strconv.Itoa(cfg.LifelineFD))
	}
	if cfg.Trace {
		args = append(args, "--debug")
	}
	return &exec.Cmd{
		Path:        self,
		Args:        append(args, "-o", cfg.Options.String(), "--", cfg.Mountpoint),
		Env:         daemonEnv(),
		Dir:         "/",
		Stderr:      os.Stderr, // until the mount answers
		ExtraFiles:  files,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}, nil
}

func (d *daemon) reap() {
	d.state, _ = d.process.Wait()
	close(d.ended)
}

// await reads the outcome. Whatever else happens, a daemon that did not report
// success is dead and unmounted afterwards.
func (d *daemon) await(ready *os.File) error {
	_ = ready.SetReadDeadline(time.Now().Add(readyDeadline))
	err := receiveOutcome(ready)
	if err == nil {
		return nil
	}
	d.lifeline.Close()
	silent := err == errNoOutcome && d.endsWithin(time.Second)
	_ = d.process.Kill()
	<-d.ended
	_ = detachStale(d.mountpoint, d.subtype)
	if silent {
		return failf(exitSystem, "the daemon ended before the mount answered (%s)", d.state)
	}
	return err
}

func (d *daemon) endsWithin(t time.Duration) bool {
	select {
	case <-d.ended:
		return true
	case <-time.After(t):
		return false
	}
}

// stop lets the daemon unmount and waits until it is gone.
func (d *daemon) stop() {
	d.lifeline.Close()
	if d.endsWithin(stopDeadline) {
		return
	}
	_ = d.process.Kill()
	<-d.ended
	_ = detachStale(d.mountpoint, d.subtype)
}
