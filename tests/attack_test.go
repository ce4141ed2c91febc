package tests

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Attacks that only luck in time could make succeed. Each test has a control: a
// daemon built without the protection in question, which the same attack must
// get the better of.

// controlBuild is a daemon of a build tag that takes a protection away.
func controlBuild(t *testing.T, tag string) string {
	t.Helper()
	path := filepath.Join(directory(t), "procfsd")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", tag, "-o", path, "../cmd/procfsd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return path
}

// mountProgram is mount, of another procfsd.
func mountProgram(t *testing.T, program string, options ...string) *daemon {
	t.Helper()
	d := &daemon{dir: directory(t), log: new(bytes.Buffer)}
	args := []string{"-f", d.dir}
	for _, o := range options {
		args = append(args, "-o", o)
	}
	d.cmd = exec.Command(program, args...)
	d.cmd.Stderr = d.log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop(t) })
	waitFor(t, "the mount on "+d.dir, func() bool { return isMounted(d.dir) || d.ended() })
	return d
}

// attackReport runs a helper as alice and reads what it found. Whatever it has
// left behind goes with it.
func attackReport[T any](t *testing.T, role string, args ...string) (found T) {
	t.Helper()
	cmd := asAlice(helper(t, role, args...))
	cmd.SysProcAttr.Setpgid = true
	out, err := cmd.Output()
	if cmd.Process != nil {
		unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
	}
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", role, err, out)
	}
	return found
}

// setuidRounds is the number of executions of a set-uid image.
func setuidRounds() int {
	if *long {
		return 5000
	}
	return 300
}

// setuidPrograms are alice's, which stops itself and then executes the other, and
// that: set-uid root, with the mark in its memory, in its registers, and in the
// addresses of both.
func setuidPrograms(t *testing.T) (launcher string) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		lack(t, "the programs are machine code of amd64")
	}
	dir := privateTmpfs(t)
	image := writeProgram(t, filepath.Join(dir, "privileged"), tinyELF(markedBase, markedCode()), 0o755|os.ModeSetuid)
	return writeProgram(t, filepath.Join(dir, "launcher"), tinyELF(launcherBase, launcherCode(image)), 0o755)
}

// A process executes a set-uid image while its owner reads its registers, its
// map and its memory, with and without -o sample: he gets nothing of the image.
func TestAttackSetuid(t *testing.T) {
	launcher := setuidPrograms(t)
	for _, options := range [][]string{nil, {"sample"}} {
		d := mount(t, options...)
		rounds := setuidRounds() / 2
		found := attackReport[leakReport](t, "leaker", d.dir, launcher, strconv.Itoa(rounds), "100s", "all")
		t.Logf("options %q: %+v", options, found)
		for _, leak := range found.Leaks {
			t.Errorf("options %q: LEAK: %s", options, leak)
		}
		if found.Privileged < rounds*9/10 {
			t.Errorf("options %q: the image ran in %d of %d rounds only", options, found.Privileged, rounds)
		}
		for _, node := range []string{"regs", "fpregs", "map", "mem"} {
			if found.Reads[node] < rounds/10 || found.Refused[node] < rounds/10 {
				t.Errorf("options %q: %s was read %d times, refused %d times", options, node, found.Reads[node], found.Refused[node])
			}
		}
	}
}

// Without the second gate the same attack gets registers of the image.
func TestAttackSetuidControl(t *testing.T) {
	need(t)
	launcher, program := setuidPrograms(t), controlBuild(t, "procfsd_onegate")
	for _, options := range [][]string{nil, {"sample"}} {
		d := mountProgram(t, program, options...)
		found := attackReport[leakReport](t, "leaker", d.dir, launcher, "5000", "60s", "first")
		t.Logf("options %q: %+v", options, found)
		if len(found.Leaks) == 0 {
			t.Errorf("options %q: no leak in %d rounds: the test of the real daemon proves nothing", options, found.Rounds)
		}
	}
}

func attackTime() time.Duration {
	if *long {
		return time.Minute
	}
	return 5 * time.Second
}

// While the daemon's threads borrow the ids of a user for a storm of requests,
// that user cannot do anything to them.
func TestAttackBorrowed(t *testing.T) {
	d := mount(t)
	found := attackDaemon(t, d, attackTime(), "all")
	for name, hits := range found.Hits {
		t.Errorf("%s succeeded %d times", name, hits)
	}
	for name, tries := range found.Tries {
		if tries < 1000 {
			t.Errorf("%s was tried %d times only", name, tries)
		}
	}
	if len(found.Tries) != len(attacks) || found.Borrowed < borrowedEnough {
		t.Errorf("%d attacks, and threads were seen to borrow %d times", len(found.Tries), found.Borrowed)
	}
	if d.ended() {
		t.Errorf("the daemon has ended: %s", d.log)
	}
}

// One that borrows the real user too is hit.
func TestAttackBorrowedControl(t *testing.T) {
	need(t)
	d := mountProgram(t, controlBuild(t, "procfsd_realuid"))
	found := attackDaemon(t, d, 30*time.Second, "first")
	for _, name := range []string{"kill", "tgkill", "rt_sigqueueinfo"} {
		if found.Hits[name] == 0 {
			t.Errorf("%s never succeeded: the test of the real daemon proves nothing", name)
		}
	}
}

func attackDaemon(t *testing.T, d *daemon, howLong time.Duration, until string) attackFound {
	t.Helper()
	for range 2 {
		start(t, asAlice(helper(t, "requests", d.dir)))
	}
	found := attackReport[attackFound](t, "attacker", strconv.Itoa(d.cmd.Process.Pid), howLong.String(), until)
	t.Logf("%+v", found)
	return found
}
