package provider

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sleeper is a process whose program, and so its command, has that name.
func sleeper(t *testing.T, name string) *Process {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "1000")
	cmd.Args[0] = "sleep" // busybox and coreutils go by it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return pin(t, openProc(t), cmd.Process.Pid)
}

// wantName wants stat and status to agree on a name.
func wantName(t *testing.T, name string) {
	t.Helper()
	p := sleeper(t, name)
	var stat Stat
	var status Status
	if err := errors.Join(p.Stat(&stat), p.Status(&status)); err != nil {
		t.Fatal(err)
	}
	if stat.Comm.String() != name || status.Name != stat.Comm {
		t.Errorf("%q: stat says %q, status %q", name, stat.Comm, status.Name)
	}
}

// Faults 4, 5 and 6 of other libraries, on real processes: names that are not
// UTF-8, that have a colon (which ends the keys of status), and that status
// escapes or that look like its escapes.
func TestFault040506RealNames(t *testing.T) {
	for _, name := range []string{"\xff\xfe caf\xe9", "0:1-a", "a:\tb: c", "a\nb\\c", `a\nb\\c`, "ends\\", "a) S 1", " ("} {
		wantName(t, name)
	}
}
