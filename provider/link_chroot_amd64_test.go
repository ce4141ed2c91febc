package provider

import (
	"os"
	"os/exec"
	"testing"
)

// In a root of its own the paths are still ours; so is the look-up. The program
// needs nothing else there.
func TestLinkChroot(t *testing.T) {
	needRoot(t)
	f := openProc(t)
	dir := openDir(t)
	jail := dir + "/jail (deleted)"
	if err := os.Mkdir(jail, 0o755); err != nil {
		t.Fatal(err)
	}
	place(t, jail+"/sleep (deleted)", 0o755, tinyELF())
	jailed := pin(t, f, run(t, "/sleep (deleted)", chroot(jail)))
	wantLink(t, jailed.Exe, Link{jail + "/sleep (deleted)", false})
	wantLink(t, jailed.Root, Link{jail, false})
	if err := os.Remove(jail + "/sleep (deleted)"); err != nil {
		t.Fatal(err)
	}
	wantLink(t, jailed.Exe, Link{jail + "/sleep (deleted)", true})
}

func chroot(dir string) option {
	return func(c *exec.Cmd) { c.SysProcAttr.Chroot, c.Dir = dir, "/" }
}
