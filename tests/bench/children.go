package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// start starts a process that dies with us; at the end it is asked to end, and
// killed if it does not. A process group of its own keeps the terminal's
// SIGINT from it: the client ends everything in order.
func (b *bench) start(cmd *exec.Cmd, ask func()) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	b.after(func() {
		ask()
		killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer killer.Stop()
		cmd.Wait()
	})
	return nil
}

// build gives the procfsd to measure. Everything that go writes on the way
// goes to the tmpfs.
func (b *bench) build(ctx context.Context) (string, error) {
	if path := os.Getenv(binaryEnv); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(b.dir, "procfsd.bin")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/procfsd/procfsd/cmd/procfsd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "TMPDIR="+b.dir, "GOTMPDIR="+b.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) } // the compilers, too
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return path, nil
}

// startDaemon mounts procfsd. The daemon executes itself again, from a thread
// that a parent's death does not signal: it watches a pipe instead.
func (b *bench) startDaemon(ctx context.Context, binary string) error {
	lifeline, ours, err := os.Pipe()
	if err != nil {
		return err
	}
	defer lifeline.Close()
	b.after(func() { ours.Close() })
	cmd := exec.Command(binary, "-f", "--lifeline-fd", "3", b.mount)
	cmd.ExtraFiles, cmd.Stderr = []*os.File{lifeline}, os.Stderr
	if err := b.start(cmd, func() { cmd.Process.Signal(syscall.SIGTERM) }); err != nil {
		return err
	}
	b.served = append(b.served, cmd.Process.Pid)
	return b.mounted(ctx, b.mount)
}

// mounted waits until something is.
func (b *bench) mounted(ctx context.Context, dir string) error {
	var below, at unix.Stat_t
	if err := unix.Stat(b.dir, &below); err != nil {
		return err
	}
	for end := time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if unix.Stat(dir, &at) == nil && at.Dev != below.Dev {
			return nil
		}
	}
	return fmt.Errorf("nothing is mounted on %s", dir)
}

// startFloor mounts the barest server; it ends when its mount does.
func (b *bench) startFloor(ctx context.Context) error {
	cmd := exec.Command("/proc/self/exe", b.floor)
	cmd.Env = append(os.Environ(), roleEnv+"=floor")
	cmd.Stderr = os.Stderr
	if err := b.start(cmd, func() { unix.Unmount(b.floor, unix.MNT_DETACH) }); err != nil {
		return err
	}
	b.served = append(b.served, cmd.Process.Pid)
	return b.mounted(ctx, b.floor)
}

// startTarget starts this program in a role with one number, and gives the
// number that it answers when it is ready.
func (b *bench) startTarget(role string, n int) (pid int, answer int64, err error) {
	cmd := exec.Command("/proc/self/exe", strconv.Itoa(n))
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	if err := b.start(cmd, func() { cmd.Process.Kill() }); err != nil {
		return 0, 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, 0, fmt.Errorf("%s %d: %w", role, n, err)
	}
	answer, err = strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return cmd.Process.Pid, answer, err
}
