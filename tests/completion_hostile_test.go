package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCompletionHostileNames: anybody can make mounts of our type, and
// directories, with names that a shell would take for commands. Nothing runs
// when somebody completes, and such mounts are not offered.
func TestCompletionHostileNames(t *testing.T) {
	need(t)
	const library = "/usr/share/bash-completion/bash_completion"
	needShell(t, "bash", library)
	needShell(t, "fish", "/dev/null")
	dir, env := completionRoom(t)
	theirs := directory(t) // where no shell looks by itself, for these mounts do not answer
	for _, name := range []string{"`touch${IFS}PWNED`a", "`touch${IFS}PWNED`b", "(touch PWNED)", "$(touch PWNED)", "x;touch PWNED;"} {
		unanswered(t, filepath.Join(theirs, name))
	}
	unanswered(t, filepath.Join(theirs, "plain"))
	unharmed := func(shell, line string) {
		if err := os.Remove(filepath.Join(dir, "PWNED")); err == nil {
			t.Errorf("%s has run what is in %s", shell, line)
		}
	}
	s := startShell(t, dir, env, "bash", "--norc", "--noprofile", "-i")
	s.run(". " + library + " && . <(procfsd completion bash)")
	for _, line := range []string{"procfsd stat ", "procfsd stat " + theirs + "/"} {
		s.press(line + "\t\t\t\x15")
		s.run("true")
		unharmed("bash", line)
	}
	for _, line := range []string{"procfsd stat ", "procfsd stat '" + theirs + "/(touch PWNED)' ", "procfsd '" + theirs + "/(touch PWNED)' "} {
		cmd := exec.Command("fish", "--no-config", "-c", `procfsd completion fish | source; complete -C $argv[1]`, line)
		cmd.Dir, cmd.Env = dir, env
		if r := finish(t, cmd); r.code != 0 || line == "procfsd stat " && r.stdout != "" {
			t.Errorf("%s: %v; want nothing offered", line, r)
		}
		unharmed("fish", line)
	}
}

// unanswered makes a mount of our type by another user, whose server answers
// nothing.
func unanswered(t *testing.T, mountpoint string) {
	t.Helper()
	if err := os.Mkdir(mountpoint, 0o755); err != nil {
		t.Fatal(err)
	}
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(device) })
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=1234,group_id=1234,allow_other,subtype=procfsd", device)
	if err := unix.Mount("procfsd", mountpoint, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(mountpoint, unix.MNT_DETACH) })
}
