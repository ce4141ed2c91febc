package main

import (
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/procfsd/procfsd/fs"
	"golang.org/x/sys/unix"
)

// softMemory is what the Go runtime tries to stay within: a little more than the
// 128 MiB of texts that fs allows. Without it, garbage would be collected only
// when there is as much of it again.
const softMemory = 160 << 20

// unmountGrace is how long those who have files open may go on after the
// unmount.
const unmountGrace = 500 * time.Millisecond

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
	log := openLog(cfg)
	defer log.close()
	server, err := mountAndAnnounce(cfg, log)
	if err != nil {
		notifyFailed(log.Logger, err)
		return err
	}
	return serveUntil(server, cfg.Mountpoint, log.Logger, stop, watchLifeline(cfg.LifelineFD))
}

func mountAndAnnounce(cfg mountConfig, log *logs) (*fs.Server, error) {
	if err := settle(); err != nil {
		return nil, err
	}
	server, err := mount(cfg, log.Logger)
	if err != nil {
		return nil, err
	}
	warnOfLess(log.Logger)
	log.Info("mounted", "mountpoint", cfg.Mountpoint, "options", cfg.Options.String(), "version", version())
	if err := announce(cfg, log); err != nil {
		return nil, errors.Join(err, server.Unmount())
	}
	return server, nil
}

// warnOfLess: a mount that shows too little to some looks like a fault of theirs.
func warnOfLess(log *slog.Logger) {
	if now, err := readCaps(); err == nil && !now.effective.has(unix.CAP_SYS_PTRACE) {
		log.Warn("without CAP_SYS_PTRACE callers that have capabilities cannot be told who they are, and see an empty root: give it to procfsd (in a container --cap-add=SYS_PTRACE)")
	}
}

// settle sets what belongs to the process and survives no execve.
func settle() error {
	nameProcess()
	stdlog.SetOutput(io.Discard)       // where go-fuse quotes what it cannot parse
	if os.Getenv("GOMEMLIMIT") == "" { // or an administrator has said so himself
		debug.SetMemoryLimit(softMemory)
	}
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

func mount(cfg mountConfig, log *slog.Logger) (*fs.Server, error) {
	if err := checkAnswers(cfg.Mountpoint); err != nil {
		return nil, err
	}
	dead := isStale(cfg.Mountpoint)
	if err := detachStale(cfg.Mountpoint, cfg.Options.Subtype); err != nil {
		return nil, err
	}
	if dead {
		log.Info("dead mount replaced", "mountpoint", cfg.Mountpoint)
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
		Log:        log,
		Trace:      cfg.Trace,
	})
}

// announce tells whoever waits for it that the mount answers: the launcher,
// having let go of its terminal first (who waits for our stderr to close shall
// not wait for us), or the service manager.
func announce(cfg mountConfig, log *logs) error {
	if cfg.ReadyFD < 0 {
		notifyReady(log.Logger, cfg.Mountpoint)
		return nil
	}
	if cfg.inBackground() {
		if err := log.detachStdio(); err != nil {
			return err
		}
	}
	ready := os.NewFile(uintptr(cfg.ReadyFD), "ready")
	defer ready.Close()
	return sendOutcome(ready, nil)
}

// inBackground: a launcher waits for our word and then goes, and takes the
// terminal with it, unless there is something to be read on it.
func (c *mountConfig) inBackground() bool { return c.ReadyFD >= 0 && !c.Trace }

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
func serveUntil(server *fs.Server, mountpoint string, log *slog.Logger, stop <-chan os.Signal, cut <-chan struct{}) error {
	done := make(chan struct{})
	go func() {
		server.Wait()
		close(done)
	}()
	why := whyStop(done, stop, cut)
	notifyStopping(log)
	if err := server.Unmount(); err != nil {
		return fmt.Errorf("unmount: %w", err)
	}
	log.Info("unmounted", "mountpoint", mountpoint, "why", why)
	select {
	case <-done:
		return nil
	case <-stop:
	case <-time.After(unmountGrace):
	}
	if err := server.Abort(); err != nil {
		log.Warn("cannot cut off who has files open", "error", errno(err))
	}
	return nil
}

// whyStop returns when it is time to stop.
func whyStop(done <-chan struct{}, stop <-chan os.Signal, cut <-chan struct{}) string {
	select {
	case <-done:
		return "by others"
	case s := <-stop:
		return s.String()
	case <-cut:
		return "the launcher has ended"
	}
}
