package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// startSleepers starts idle processes, which may be thousands. They die with us,
// each in a process group of its own.
func (b *bench) startSleepers() error {
	b.after(b.endSleepers)
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		return err
	}
	attr := &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}, Env: os.Environ()}
	for range b.processes {
		pid, err := syscall.ForkExec(sleep, []string{"sleep", "infinity"}, attr)
		if err != nil {
			return fmt.Errorf("sleeper %d: %w", len(b.pids)+1, err)
		}
		b.pids = append(b.pids, pid)
	}
	return nil
}

// endSleepers kills all before it waits for one.
func (b *bench) endSleepers() {
	for _, pid := range b.pids {
		unix.Kill(pid, unix.SIGKILL)
	}
	for _, pid := range b.pids {
		for {
			if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
				break
			}
		}
	}
}

// ls has the program list the names of a directory, one after the other: with
// thousands of processes that is what people wait for.
func (b *bench) ls() (sides, error) {
	if _, err := exec.LookPath("ls"); err != nil {
		return sides{}, err
	}
	names, err := pathOf(b.mount).list(b.buf)
	if err != nil {
		return sides{}, err
	}
	of := func(dir string) side {
		return serial(func() (int, error) { return 1, exec.Command("ls", dir).Run() })
	}
	return sides{of(b.mount), of("/proc"), of(fmt.Sprint(b.floor, "/", names))}, nil
}

// reportMemory says how much of the daemon is in memory, after all that was asked.
func (b *bench) reportMemory(w io.Writer) error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.served[0]))
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kib, err := strconv.Atoi(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))))
			fmt.Fprintf(w, "\nprocfsd, %d idle processes: VmRSS %.1f MiB\n", b.processes, float64(kib)/1024)
			return err
		}
	}
	return errors.New("the daemon has no VmRSS")
}
