package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/procfsd/procfsd/fs"
	"golang.org/x/sys/unix"
)

// unmountGrace is how long requests under way may finish after the unmount.
const unmountGrace = 5 * time.Second

// serve is the daemon: it hardens itself, mounts, and returns when the file
// system is unmounted, by whomever.
func serve(cfg mountConfig) error {
	err := serveReady(cfg)
	if err == nil || cfg.ReadyFD < 0 {
		return err
	}
	if sendOutcome(os.NewFile(uintptr(cfg.ReadyFD), "ready"), err) != nil {
		return err // nobody listens any more
	}
	return exitStatus(exitCode(err))
}

func serveReady(cfg mountConfig) error {
	if err := harden(cfg.ReadyFD, cfg.LifelineFD); err != nil {
		return err
	}
	stop := watchStop()
	if err := settle(); err != nil {
		return err
	}
	server, err := mount(cfg)
	if err != nil {
		return err
	}
	if err := announce(cfg); err != nil {
		return errors.Join(err, server.Unmount())
	}
	return serveUntil(server, stop, watchLifeline(cfg.LifelineFD))
}

// settle sets what belongs to the process and survives no execve.
func settle() error {
	nameProcess()
	unix.Umask(0o077)
	if err := os.Chdir("/"); err != nil {
		return failf(exitSystem, "chdir /: %w", err)
	}
	if err := raiseFiles(); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return failf(exitSystem, "forbid core files: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return failf(exitSystem, "become undumpable: %w", err)
	}
	return nil
}

// raiseFiles takes all the descriptors that the limit allows: every open file
// of every caller is one of ours.
func raiseFiles() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return failf(exitSystem, "read the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return failf(exitSystem, "raise the limit of open files: %w", err)
	}
	return nil
}

func mount(cfg mountConfig) (*fs.Server, error) {
	if err := detachStale(cfg.Mountpoint, cfg.Options.Subtype); err != nil {
		return nil, err
	}
	if err := preflight(cfg); err != nil {
		return nil, err
	}
	mountpoint, err := filepath.EvalSymlinks(cfg.Mountpoint) // a link may point elsewhere at unmount
	if err != nil {
		return nil, failf(exitMount, "mountpoint %s: %w", cfg.Mountpoint, errno(err))
	}
	return fs.Mount(fs.Options{
		Mountpoint: mountpoint,
		Source:     cfg.Options.Source,
		Subtype:    cfg.Options.Subtype,
		AllowOther: cfg.Options.AllowOther,
		ReadOnly:   cfg.Options.ReadOnly,
		Sample:     cfg.Options.Sample,
		HidePID:    cfg.Options.HidePID,
		GID:        cfg.Options.GID,
		Proc:       cfg.Options.Proc,
		Version:    version(),
		Log:        newLogger(cfg.Trace),
		Trace:      cfg.Trace,
	})
}

func newLogger(trace bool) *slog.Logger {
	level := slog.LevelInfo
	if trace {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// announce tells the launcher that the mount answers, having let go of its
// terminal first: who waits for our stderr to close shall not wait for us.
func announce(cfg mountConfig) error {
	if cfg.ReadyFD < 0 {
		return nil
	}
	if !cfg.Trace {
		if err := detachStdio(); err != nil {
			return err
		}
	}
	ready := os.NewFile(uintptr(cfg.ReadyFD), "ready")
	defer ready.Close()
	return sendOutcome(ready, nil)
}

func detachStdio() error {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return failf(exitSystem, "open /dev/null: %w", err)
	}
	defer unix.Close(null)
	for fd := range 3 {
		if err := unix.Dup3(null, fd, 0); err != nil {
			return failf(exitSystem, "detach from the terminal: %w", err)
		}
	}
	return nil
}

// watchLifeline is closed when the other end of fd closes, that is, when the
// launcher wants us gone or is gone itself.
func watchLifeline(fd int) <-chan struct{} {
	cut := make(chan struct{})
	if fd < 0 {
		return cut
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(uintptr(fd), "lifeline"))
		close(cut)
	}()
	return cut
}

// serveUntil waits for an unmount by others, a signal or the lifeline; in the
// latter cases it unmounts itself. A second signal cuts the grace short.
func serveUntil(server *fs.Server, stop <-chan os.Signal, cut <-chan struct{}) error {
	done := make(chan struct{})
	go func() {
		server.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-stop:
	case <-cut:
	}
	if err := server.Unmount(); err != nil {
		return fmt.Errorf("unmount: %w", err)
	}
	select {
	case <-done:
	case <-stop:
	case <-time.After(unmountGrace):
	}
	return nil
}
