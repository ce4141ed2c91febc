package tests

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// daemon is a procfsd in the foreground, and where it is mounted.
type daemon struct {
	dir string
	cmd *exec.Cmd
	log *bytes.Buffer
}

// mount mounts with the given options (as after -o) for the time of the test.
func mount(t testing.TB, options ...string) *daemon {
	t.Helper()
	need(t)
	return mountAt(t, directory(t), options...)
}

func mountAt(t testing.TB, dir string, options ...string) *daemon {
	t.Helper()
	args := []string{"-f", dir}
	if len(options) > 0 {
		args = append(args, "-o", strings.Join(options, ","))
	}
	return mountBy(t, dir, exec.Command(procfsd(t), args...))
}

// mountBy runs a command that becomes the daemon.
func mountBy(t testing.TB, dir string, cmd *exec.Cmd) *daemon {
	t.Helper()
	d := &daemon{dir: dir, log: new(bytes.Buffer), cmd: cmd}
	d.cmd.Stderr = d.log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop(t) })
	waitFor(t, "the mount on "+dir, func() bool { return isMounted(dir) || d.ended() })
	if d.ended() {
		t.Fatalf("procfsd ended: %s", d.log)
	}
	return d
}

// ended believes in a zombie only if it stays one: a program that executes
// itself from another thread looks like one for a moment.
func (d *daemon) ended() bool {
	for range 10 {
		state, err := processState(d.cmd.Process.Pid)
		if err != nil || state != 'Z' {
			return err != nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return true
}

// stop ends the daemon as an administrator would, and wants it to succeed.
func (d *daemon) stop(t testing.TB) {
	t.Helper()
	if d.cmd.ProcessState != nil {
		return
	}
	d.cmd.Process.Signal(syscall.SIGTERM)
	killer := time.AfterFunc(10*time.Second, func() { d.cmd.Process.Kill() })
	defer killer.Stop()
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("procfsd after SIGTERM: %v\n%s", err, d.log)
	}
	if isMounted(d.dir) {
		t.Errorf("%s is still mounted", d.dir)
		unix.Unmount(d.dir, unix.MNT_DETACH)
	}
	if strings.Contains(d.log.String(), "DATA RACE") || strings.Contains(d.log.String(), "panic") {
		t.Errorf("procfsd: %s", d.log)
	}
}

// path of a node below the mount.
func (d *daemon) path(elem ...any) string {
	parts := []string{d.dir}
	for _, e := range elem {
		parts = append(parts, fmt.Sprint(e))
	}
	return filepath.Join(parts...)
}

// hungDaemon is a mount whose daemon is stopped.
func hungDaemon(t *testing.T) (dir string, pid int) {
	t.Helper()
	dir = directory(t)
	unmountAtEnd(t, dir)
	pid = background(t, install(t), dir)
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the daemon to stop", func() bool { return allThreadsIn(pid, 'T') }) // or one still takes a request
	return dir, pid
}
