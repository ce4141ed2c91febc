package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRightsChroot: a caller in a chroot has paths from there, as natively, and
// learns nothing of where it lies.
func TestRightsChroot(t *testing.T) {
	d := mount(t)
	jail := directory(t)
	for name, source := range map[string]string{"proc": "/proc", "ours": d.dir} {
		dir := filepath.Join(jail, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount(source, dir, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		defer unix.Unmount(dir, unix.MNT_DETACH)
	}
	if err := os.WriteFile(filepath.Join(jail, "file"), make([]byte, os.Getpagesize()), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := helper(t, "chroot", jail).Output()
	if string(out) != "/file\n/file\n" || err != nil {
		t.Errorf("a file in the chroot is natively and here called %q, %v", out, err)
	}
}

// helperChroot maps a file of its chroot and says what that is called, by
// native /proc and by us.
func helperChroot() {
	fd, err := unix.Open(filepath.Join(os.Args[1], "file"), unix.O_RDONLY, 0)
	must(err)
	_, err = unix.Mmap(fd, 0, os.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE)
	must(err)
	must(syscall.Chroot(os.Args[1]))
	for _, file := range []string{"/proc/self/maps", "/ours/curproc/map"} {
		text, err := os.ReadFile(file)
		must(err)
		for line := range strings.Lines(string(text)) {
			for _, word := range strings.Fields(line) {
				if strings.HasSuffix(word, "/file") {
					fmt.Println(word)
				}
			}
		}
	}
}
