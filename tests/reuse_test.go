package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const namespaceEnv = "PROCFSD_TEST_NAMESPACE" // set in a pid namespace of the test's own

// sleeper is a process that does nothing.
func sleeper(t testing.TB) *exec.Cmd {
	t.Helper()
	return startQuietly(t, exec.Command("/bin/sleep", "600"))
}

// TestReuse forces numbers of processes to be used again, in a pid namespace
// where nobody else takes them.
func TestReuse(t *testing.T) {
	if !inPIDNamespace(t, "/Open", "/Names", "/Directory", "/Often") {
		return
	}
	d := mount(t)
	t.Run("Open", func(t *testing.T) { testReuseOpen(t, d) })
	t.Run("Names", func(t *testing.T) { testReuseNames(t, d) })
	t.Run("Directory", func(t *testing.T) { testReuseDirectory(t, d) })
	t.Run("Often", func(t *testing.T) { testReuseOften(t, d) })
}

// inPIDNamespace runs the test once more, alone, as process 1 of a namespace
// where nobody else's processes are; there it reports true. Outside it wants
// the test and the named parts of it to pass there.
func inPIDNamespace(t *testing.T, parts ...string) bool {
	t.Helper()
	if os.Getenv(namespaceEnv) != "" {
		return true
	}
	runInPIDNamespace(t, parts...)
	return false
}

// runInPIDNamespace gives what the test says there. /proc there is the
// namespace's own, see run.
func runInPIDNamespace(t *testing.T, parts ...string) string {
	t.Helper()
	need(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.timeout=5m", fmt.Sprintf("-long=%v", *long), fmt.Sprintf("-soak=%v", *soak))
	cmd.Env = append(os.Environ(), namespaceEnv+"=1", binaryEnv+"="+procfsd(t), "TMPDIR="+directory(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // for Pdeathsig
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	for _, part := range append(parts, "") {
		if !strings.Contains(string(out), "--- PASS: "+t.Name()+part+" ") {
			t.Errorf("%s%s did not pass", t.Name(), part)
		}
	}
	if err != nil || t.Failed() {
		t.Errorf("in the namespace: %v\n%s", err, out)
	}
	return string(out)
}

func end(cmd *exec.Cmd) {
	unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
	cmd.Wait()
}

// reborn starts a process with a number that was another's.
func reborn(t testing.TB, pid int) *exec.Cmd {
	t.Helper()
	for range 200 { // the threads of others take numbers, too
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
			t.Fatal(err)
		}
		cmd := sleeper(t)
		if cmd.Process.Pid == pid {
			return cmd
		}
		end(cmd)
	}
	t.Fatalf("number %d cannot be had again", pid)
	return nil
}

// twice has a process looked at, and gives the next one with its number.
func twice(t *testing.T, look func(pid int)) *exec.Cmd {
	t.Helper()
	first := sleeper(t)
	pid := first.Process.Pid
	waitExec(t, pid)
	look(pid)
	time.Sleep(20 * time.Millisecond) // start times count in ticks of 10
	end(first)
	second := reborn(t, pid)
	waitExec(t, pid)
	return second
}

// waitExec waits until the process is sleep(1), no more a copy of this one.
func waitExec(t testing.TB, pid int) {
	t.Helper()
	waitFor(t, "sleep to run", func() bool {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return strings.HasPrefix(string(text), "/bin/sleep")
	})
}

// An open file goes on meaning the process that it was opened on.
func testReuseOpen(t *testing.T, d *daemon) {
	fds := map[string]int{}
	pid := twice(t, func(pid int) {
		for _, node := range append([]string{"mem"}, textNodes...) {
			fds[node] = openNode(t, d.path(pid, node), unix.O_RDONLY)
			if node != "mem" {
				piece(t, fds[node], 4096, 0)
			}
		}
	}).Process.Pid
	for node, fd := range fds {
		for _, offset := range []int64{0, 1, 1 << 40} {
			if n, err := unix.Pread(fd, make([]byte, 100), offset); err != unix.ESRCH {
				t.Errorf("%s at %d, number %d being another's: %d bytes, %v, want ESRCH", node, offset, pid, n, err)
			}
		}
		if node != "mem" {
			whole(t, d.path(pid, node))
		}
	}
}

// A path goes on meaning whoever has the number.
func testReuseNames(t *testing.T, d *daemon) {
	for _, node := range []string{"", "status", "map", "mem", "cmdline", "exe"} {
		var before unix.Stat_t
		pid := twice(t, func(pid int) {
			before = lstat(t, d.path(pid, node))
			if node != "" && node != "exe" {
				openNode(t, d.path(pid, node), unix.O_RDONLY)
			}
		}).Process.Pid
		if after := lstat(t, d.path(pid, node)); after.Ino != before.Ino || after.Mode != before.Mode {
			t.Errorf("%q: inode %d and mode %#o, were %d and %#o", node, after.Ino, after.Mode, before.Ino, before.Mode)
		}
		checkIsCurrent(t, d, pid)
		openNode(t, d.path(pid, "mem"), unix.O_RDONLY)
		if target, err := os.Readlink(d.path(pid, "exe")); err != nil || !strings.HasSuffix(target, "/sleep") {
			t.Errorf("exe: %q, %v", target, err)
		}
	}
}

// checkIsCurrent: the path shows the process that has the number now; the
// start time tells it from those before.
func checkIsCurrent(t *testing.T, d *daemon, pid int) {
	t.Helper()
	text, err := os.ReadFile(d.path(pid, "status"))
	if err != nil {
		t.Errorf("number %d, used again: %v", pid, err)
		return
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text))
	ticks := atoi(t, strings.Fields(string(stat))[21])
	seconds, micros, _ := strings.Cut(fields[7], ",")
	own := lineOf(t, d, os.Getpid())
	ownSeconds, ownMicros, _ := strings.Cut(own.start, ",")
	got := (atoi(t, seconds)-atoi(t, ownSeconds))*1_000_000 + atoi(t, micros) - atoi(t, ownMicros)
	if want := (ticks - own.ticks) * 10_000; got != want || fields[1] != strconv.Itoa(pid) {
		t.Errorf("%q is of another process: started %d µs after this test, want %d", text, got, want)
	}
}

type startLine struct {
	start string
	ticks int
}

func lineOf(t *testing.T, d *daemon, pid int) startLine {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return startLine{strings.Fields(string(whole(t, d.path(pid, "status"))))[7], atoi(t, strings.Fields(string(stat))[21])}
}

// An open directory, or one that somebody stands in, is the old process's.
func testReuseDirectory(t *testing.T, d *daemon) {
	var dir, kept int
	second := twice(t, func(pid int) {
		dir = openNode(t, d.path(pid), unix.O_RDONLY|unix.O_DIRECTORY)
		kept = openNode(t, d.path(pid, "status"), unix.O_RDONLY)
	})
	pid := second.Process.Pid
	var st unix.Stat_t
	for name, err := range map[string]error{
		"fstat of the directory": unix.Fstat(dir, &st),
		"fstat of status":        unix.Fstat(kept, &st),
		"stat of status":         unix.Fstatat(dir, "status", &st, 0),
		"open of status":         openatError(dir, "status"),
		"open of .":              openatError(dir, "."),
	} {
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ESTALE) {
			t.Errorf("%s, number %d being another's: %v, want ENOENT or ESTALE", name, pid, err)
		}
	}
	if n, err := unix.Getdents(dir, make([]byte, 4096)); err == nil && n > 0 {
		t.Errorf("the old directory lists %d bytes", n)
	}
	script := fmt.Sprintf("cd %s; read line; cat status; ls", d.path(pid))
	out := runStandingIn(t, script, second)
	if strings.Contains(out, "sleep") || strings.Contains(out, "rlimit") {
		t.Errorf("in the old directory: %q", out)
	}
	checkIsCurrent(t, d, pid)
}

func openatError(dir int, name string) error {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// runStandingIn runs a script that stands in the directory of a process while
// its number passes on.
func runStandingIn(t *testing.T, script string, second *exec.Cmd) string {
	cmd := exec.Command("/bin/sh", "-c", script)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout = &out
	startQuietly(t, cmd)
	waitFor(t, "the script to stand there", func() bool {
		dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", cmd.Process.Pid))
		return err == nil && strings.HasSuffix(dir, "/"+strconv.Itoa(second.Process.Pid))
	})
	time.Sleep(20 * time.Millisecond) // as above
	end(second)
	reborn(t, second.Process.Pid)
	fmt.Fprintln(in)
	cmd.Wait()
	return out.String()
}

// Two hundred processes have one number, one after the other.
func testReuseOften(t *testing.T, d *daemon) {
	cmd := sleeper(t)
	pid := cmd.Process.Pid
	for range 200 {
		fd, err := unix.Open(d.path(pid, "status"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if b := piece(t, fd, 4096, 0); !strings.Contains(string(b), fmt.Sprintf(" %d ", pid)) {
			t.Fatalf("%q", b)
		}
		end(cmd)
		cmd = reborn(t, pid)
		if n, err := unix.Pread(fd, make([]byte, 4096), 0); err != unix.ESRCH {
			t.Fatalf("the old open file: %d bytes, %v, want ESRCH", n, err)
		}
		if checkIsCurrent(t, d, pid); t.Failed() {
			return
		}
		unix.Close(fd)
	}
}
