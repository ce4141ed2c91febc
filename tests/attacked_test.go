package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRemountElsewhere: whoever can turn the path meanwhile does not choose what
// is made writable.
func TestRemountElsewhere(t *testing.T) {
	need(t)
	dir := directory(t)
	victim, ours := filepath.Join(dir, "victim", "p"), filepath.Join(dir, "ours", "p")
	for _, d := range []string{victim, ours} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount("victim", victim, "tmpfs", unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(victim, unix.MNT_DETACH)
	mountAt(t, ours)
	x, y := filepath.Join(dir, "x"), filepath.Join(dir, "y")
	if err := os.Symlink("ours", x); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("victim", y); err != nil {
		t.Fatal(err)
	}
	done, flipped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(flipped)
		for {
			select {
			case <-done:
				return
			default:
				unix.Renameat2(unix.AT_FDCWD, x, unix.AT_FDCWD, y, unix.RENAME_EXCHANGE)
			}
		}
	}()
	remounted := 0
	for range 100 {
		if r := finish(t, exec.Command(procfsd(t), filepath.Join(x, "p"), "-o", "remount,rw")); r.code == 0 {
			remounted++
		}
		table, _ := os.ReadFile("/proc/self/mounts")
		if !strings.Contains(string(table), " "+victim+" tmpfs ro,") {
			t.Fatal("the victim is writable")
		}
	}
	close(done)
	if <-flipped; remounted == 0 {
		t.Error("it never met its own mount")
	}
}

// TestMountOverHung: a daemon that is stopped, with its mount where another is to
// be, is said, and keeps nobody.
func TestMountOverHung(t *testing.T) {
	need(t)
	dir, pid := hungDaemon(t)
	r := finish(t, exec.Command(procfsd(t), dir))
	oneLine(t, r, "what is mounted there does not answer within 5s")
	if r.code != 32 {
		t.Error(r)
	}
	unix.Kill(pid, unix.SIGCONT)
	unix.Kill(pid, unix.SIGTERM)
}

// TestMountGrace: who has a file open when the daemon is told to end goes on for
// a moment, without a mount, and is cut off then.
func TestMountGrace(t *testing.T) {
	d := mount(t)
	file, err := os.Open(d.path("self/status"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := d.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the unmount", func() bool { return !isMounted(d.dir) })
	b := make([]byte, 1000)
	if n, err := file.ReadAt(b, 0); n == 0 {
		t.Errorf("just after: %v", err)
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, d.log)
	}
	if n, err := file.ReadAt(b, 0); n != 0 || err == nil {
		t.Errorf("without a daemon: %q, %v", b[:n], err)
	}
}
