package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// commandTime is how long a command of these tests may take; none should.
const commandTime = 60 * time.Second

// ran is a command that ended.
type ran struct {
	code           int
	stdout, stderr string
}

func (r ran) String() string {
	return fmt.Sprintf("exit %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr)
}

// finish runs a command to its end. It fails when a process that the command
// left behind keeps our pipes open, as a daemon must not.
func finish(t testing.TB, cmd *exec.Cmd) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, 5*time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	killer := time.AfterFunc(commandTime, func() { cmd.Process.Kill() })
	defer killer.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Errorf("%v: %v", cmd, err)
	}
	return ran{shellStatus(cmd.ProcessState), stdout.String(), stderr.String()}
}

// shellStatus is the exit status as a shell has it in $?.
func shellStatus(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// install copies procfsd for one test, whose processes are told by the file
// that they execute. At the end of the test none may be left.
func install(t testing.TB) string {
	t.Helper()
	need(t)
	exe := filepath.Join(directory(t), "procfsd")
	copyProgram(t, procfsd(t), exe)
	t.Cleanup(func() {
		for _, pid := range waitGone(exe) {
			t.Errorf("left: process %d", pid)
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return exe
}

// helperProgram is this test binary where every user can execute it, by a path
// that does not lead through /proc.
func helperProgram(t testing.TB) string {
	t.Helper()
	path := filepath.Join(directory(t), "helper")
	copyProgram(t, "/proc/self/exe", path)
	return path
}

func copyProgram(t testing.TB, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY|syscall.O_CLOEXEC, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Chmod(0o755), out.Close()); err != nil {
		t.Fatal(err)
	}
}

// processesOf are the processes that execute the file exe, by whatever name.
func processesOf(exe string) (pids []int) {
	want, err := os.Stat(exe)
	if err != nil {
		return nil
	}
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if got := statPatiently(link); got != nil && os.SameFile(got, want) {
			pids = append(pids, atoiOr0(strings.Split(link, "/")[2]))
		}
	}
	return pids
}

// statPatiently gives up on a link of somebody else's that leads to a file
// system that does not answer.
func statPatiently(link string) os.FileInfo {
	done := make(chan os.FileInfo, 1)
	go func() {
		info, _ := os.Stat(link)
		done <- info
	}()
	select {
	case info := <-done:
		return info
	case <-time.After(5 * time.Second):
		return nil
	}
}

// waitGone gives the processes of exe time to end and returns those that do not.
func waitGone(exe string) (left []int) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if left = processesOf(exe); len(left) == 0 {
			return nil
		}
	}
	return left
}

// theDaemon is the one process of exe.
func theDaemon(t testing.TB, exe string) int {
	t.Helper()
	pids := processesOf(exe)
	if len(pids) != 1 {
		t.Fatalf("processes of the daemon: %v, want one", pids)
	}
	return pids[0]
}

// background mounts as a user types it, and returns the daemon. What the test
// leaves mounted is unmounted after it.
func background(t testing.TB, exe, dir string, args ...string) int {
	t.Helper()
	before := processesOf(exe)
	unmountAtEnd(t, dir)
	if r := finish(t, exec.Command(exe, append([]string{dir}, args...)...)); r != (ran{}) {
		t.Fatalf("procfsd %s: %v; want silence", dir, r)
	}
	answers(t, dir)
	found := slices.DeleteFunc(processesOf(exe), func(pid int) bool { return slices.Contains(before, pid) })
	if len(found) != 1 {
		t.Fatalf("daemons: %v, want one", found)
	}
	return found[0]
}

func unmountAtEnd(t testing.TB, dir string) {
	t.Cleanup(func() {
		for isMounted(dir) && unix.Unmount(dir, unix.MNT_DETACH) == nil {
		}
	})
}

// answers wants the mount on dir to be ours and alive.
func answers(t testing.TB, dir string) {
	t.Helper()
	link, err := os.Readlink(filepath.Join(dir, "curproc"))
	if link != strconv.Itoa(os.Getpid()) {
		t.Errorf("%s/curproc is %q, %v; want %d", dir, link, err, os.Getpid())
	}
}

// mountsOn counts the mounts on dir, on top of each other.
func mountsOn(dir string) int {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	return bytes.Count(mounts, []byte(" "+dir+" "))
}

// roomScript prepares a mount namespace of its own as a Debian with procfsd in
// /usr/local/bin, and its links for mount(8) in /sbin where LINKS names them.
// /run is private too: mount(8) notes there what the kernel's table does not hold.
const roomScript = `set -e
fail() { echo "FAILED: $*" >&2; exit 99; }
exits() { want=$1; shift; got=0; "$@" || got=$?; [ $got = $want ] || fail "$*: exit status $got, want $want"; }
mounted() { grep -q "^$1 $2 $3 " /proc/mounts || fail "no $1 $2 $3: $(grep " $2 " /proc/mounts)"; }
unmounted() { ! grep " $1 " /proc/mounts >&2 || fail "$1 is mounted"; }
alive() { [ "$(head -n1 $1/curproc/status | cut -d' ' -f1)" = head ] || fail "$1 does not answer"; }
asnobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"; }
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /usr/local/bin
touch /usr/local/bin/procfsd
mount --bind "$EXE" /usr/local/bin/procfsd
if [ "$LINKS" ]; then
	sbin=$(readlink -f /sbin)
	mkdir "$D.sbin"
	mount --bind $sbin "$D.sbin"
	mount -t tmpfs -o mode=755 tmpfs $sbin
	ln -s "$D.sbin"/* $sbin
	for name in $LINKS; do ln -sf /usr/local/bin/procfsd $sbin/$name; done
fi
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
`

// room runs a shell script in such a namespace. $D is an empty directory that
// every user can enter; $LINKS comes from env. Its exit status 99 is a failed
// assertion, which ends the test like any status but the wanted one.
func room(t testing.TB, script string, env ...string) ran {
	t.Helper()
	return finish(t, roomCommand(t, install(t), script, env...))
}

func roomCommand(t testing.TB, exe, script string, env ...string) *exec.Cmd {
	t.Helper()
	dir := filepath.Join(directory(t), "mnt")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", roomScript+script)
	cmd.Dir = filepath.Dir(dir) // not /, where mount(8) takes the source "proc" for the directory
	cmd.Env = append(os.Environ(), append([]string{"EXE=" + exe, "D=" + dir, "LINKS=", "ROOM=" + roomScript}, env...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return cmd
}

// inRoom wants the script to succeed.
func inRoom(t testing.TB, script string, env ...string) ran {
	t.Helper()
	r := room(t, script, env...)
	if r.code != 0 {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	return r
}

// oneLine wants nothing but one line of ours on stderr, with the given words.
func oneLine(t testing.TB, r ran, words string) {
	t.Helper()
	if !strings.HasPrefix(r.stderr, "procfsd: ") || strings.Count(r.stderr, "\n") != 1 || !strings.HasSuffix(r.stderr, "\n") || !strings.Contains(r.stderr, words) {
		t.Errorf("%v; want one line on stderr: procfsd: … %s …", r, words)
	}
}

// statusFields are the lines of /proc/PID/status.
func statusFields(t testing.TB, pid int) map[string]string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	return fields
}
