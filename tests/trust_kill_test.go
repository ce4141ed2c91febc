package tests

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trustKill ends the daemon by a signal, while many wait for it and at any
// moment of its start: nobody hangs, and a new one serves at once.
func trustKill(t *testing.T, s *trustRun) {
	for _, sig := range []syscall.Signal{unix.SIGKILL, unix.SIGTERM} {
		t.Run(unix.SignalName(sig)+"/waiting", func(t *testing.T) { killWaitedFor(t, s, sig) })
		t.Run(unix.SignalName(sig)+"/starting", func(t *testing.T) { killStarting(t, s, sig) })
	}
}

const waitingReaders = 50

// killWaitedFor: some of the readers are in the kernel with a thread of the
// daemon, the others wait for a slot.
func killWaitedFor(t *testing.T, s *trustRun, sig syscall.Signal) {
	d := mount(t)
	targets := startStuckTargets(t, d, 0, 10, "cmdline", "locked")
	var readers []*volley
	for i := range waitingReaders {
		one := 2 * i % len(targets.files)
		readers = append(readers, startVolley(t, 0, targets.files[one:one+2]...))
	}
	for _, r := range readers {
		r.fire()
	}
	waitFor(t, "the readers to wait", func() bool {
		c := statOf(t, d.dir)
		used, _ := c.blocking()
		return used == slotsOfUID && used+c.Waiting == waitingReaders && inKernel(d.cmd.Process.Pid) == used
	})
	begin := time.Now()
	unmountAtEnd(t, d.dir)
	d.cmd.Process.Signal(sig)
	checkEnded(t, d, sig, targets.pids...)
	usable := usableAgain(t, d.dir, begin)
	var last time.Duration
	for _, r := range readers {
		for _, shot := range r.ended(t) {
			last = max(last, shot.at.Sub(begin))
			if shot.errno != "ENOTCONN" && shot.errno != "ECONNABORTED" {
				t.Errorf("a reader got %s", shot.errno)
			}
		}
	}
	onTime(t, "the return of the last reader", last, time.Second)
	onTime(t, "the mountpoint's return", usable, time.Second)
	s.figure("%s: %d of %d readers back after %s, the mountpoint after %s", unix.SignalName(sig), len(readers), waitingReaders, milliseconds(last), milliseconds(usable))
}

// checkEnded waits for the daemon's end, and for nobody to be in state D then,
// but for the targets.
func checkEnded(t *testing.T, d *daemon, sig syscall.Signal, targets ...int) {
	t.Helper()
	killer := time.AfterFunc(20*time.Second, func() { d.cmd.Process.Kill() })
	defer killer.Stop()
	err := d.cmd.Wait()
	if code := shellStatus(d.cmd.ProcessState); code != 0 && code != 128+int(sig) {
		t.Errorf("the daemon after %v: %v\n%s", sig, err, d.log)
	}
	if sig == unix.SIGTERM && isMounted(d.dir) {
		t.Error("SIGTERM leaves the mount")
	}
	waitFor(t, "nobody to be in state D", func() bool {
		return !slices.ContainsFunc(childrenOf(os.Getpid()), func(child string) bool {
			pid := atoi(t, child)
			return !slices.Contains(targets, pid) && blockedThreads(pid) > 0
		})
	})
}

// usableAgain mounts, wants an answer, and unmounts. It gives how long after
// begin the answer came.
func usableAgain(t *testing.T, dir string, begin time.Time) time.Duration {
	t.Helper()
	d := &daemon{dir: dir, log: new(bytes.Buffer), cmd: exec.Command(procfsd(t), "-f", dir)}
	d.cmd.Stderr = d.log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer d.stop(t)
	waitFor(t, "the tree on "+dir, func() bool {
		text, err := os.ReadFile(d.path("curproc/status"))
		return err == nil && len(text) > 0 || d.ended()
	})
	took := time.Since(begin)
	if n := mountsOn(dir); n != 1 {
		t.Errorf("%d mounts on %s\n%s", n, dir, d.log)
	}
	return took
}

// killStarting sends the signal at random moments between the start of the
// program and some time after it serves; the first two are the very first
// moment and a late one.
func killStarting(t *testing.T, s *trustRun, sig syscall.Signal) {
	exe, dir := install(t), directory(t)
	unmountAtEnd(t, dir)
	startup := time.Minute
	for range 3 {
		startup = min(startup, usableAgain(t, dir, time.Now()))
	}
	rounds := forSoak(8, 100)
	var good, mounted int
	var slowest time.Duration
	for i := range rounds {
		delay := rand.N(startup * 3 / 2)
		switch i {
		case 0:
			delay = 0
		case 1:
			delay = whenMounted
		}
		kill := killForeground
		if i%4 == 3 {
			kill = killBackground
		}
		begin, had := kill(t, exe, dir, delay, sig)
		if had {
			mounted++
		}
		usable := usableAgain(t, dir, begin)
		slowest = max(slowest, usable)
		onTime(t, "the mountpoint's return", usable, time.Second)
		if isMounted(dir) {
			t.Fatalf("round %d: %d mounts are left", i, mountsOn(dir))
		}
		if !t.Failed() {
			good++
		}
	}
	if mounted == 0 || mounted == rounds {
		t.Errorf("%d of %d signals came when it was mounted: not all moments", mounted, rounds)
	}
	s.figure("%s at start-up: %d of %d usable again after %s, %d of them had mounted", unix.SignalName(sig), good, rounds, milliseconds(slowest), mounted)
}

// killForeground starts the daemon, sends the signal some time later, and
// reports when that was, and whether it had mounted.
func killForeground(t *testing.T, exe, dir string, delay time.Duration, sig syscall.Signal) (begin time.Time, mounted bool) {
	t.Helper()
	d := &daemon{dir: dir, log: new(bytes.Buffer), cmd: exec.Command(exe, "-f", dir)}
	d.cmd.Stderr = d.log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, dir, delay)
	mounted, begin = isMounted(dir), time.Now()
	d.cmd.Process.Signal(sig)
	checkEnded(t, d, sig)
	return begin, mounted || isMounted(dir)
}

// killBackground does the same to the daemon that the launcher starts, who
// must then end, and say why unless its daemon did serve.
func killBackground(t *testing.T, exe, dir string, delay time.Duration, sig syscall.Signal) (begin time.Time, mounted bool) {
	t.Helper()
	var said strings.Builder
	launcher := exec.Command(exe, dir)
	launcher.Stderr, launcher.WaitDelay = &said, 10*time.Second
	if err := launcher.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, dir, delay)
	pid := 0
	waitFor(t, "the launcher to start a daemon", func() bool { pid = daemonOf(exe, launcher.Process.Pid); return pid > 0 })
	mounted, begin = isMounted(dir), time.Now()
	unix.Kill(pid, sig)
	launcher.Wait()
	if left := waitGone(exe); len(left) > 0 {
		t.Errorf("left after %v to %d: %v", sig, pid, left)
	}
	switch code, lines := launcher.ProcessState.ExitCode(), strings.Count(said.String(), "\n"); {
	case code == 0 && lines == 0, code == 2 && lines == 1, code == 32 && lines == 1:
	default:
		t.Errorf("the launcher: exit %d, %q", code, said.String())
	}
	return begin, mounted || isMounted(dir)
}

// whenMounted is no time, but that event.
const whenMounted = -1

func wait(t *testing.T, dir string, delay time.Duration) {
	t.Helper()
	if delay == whenMounted {
		waitFor(t, "the mount on "+dir, func() bool { return isMounted(dir) })
	}
	time.Sleep(delay)
}

// daemonOf is the process that a launcher has started, or did before it ended. A
// child that does not execute its own program yet is still the launcher; one that
// has no arguments is how Go's os package tries what the kernel can do.
func daemonOf(exe string, launcher int) int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", launcher))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		if fields := strings.Fields(string(text)); len(fields) > 0 {
			child := atoiOr0(fields[0])
			if line := commandLine(child); line == "" || line == commandLine(launcher) {
				return 0
			}
			return child
		}
	}
	for _, pid := range processesOf(exe) {
		if pid != launcher {
			return pid
		}
	}
	return 0
}

func commandLine(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return string(text)
}

// childrenOf are the children of a process's first thread, zombies among them.
func childrenOf(pid int) (list []string) {
	out, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}
