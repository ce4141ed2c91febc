package leaktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Each kind is found where it is, named, and no more once it is gone.
func TestNothing(t *testing.T) {
	dir := t.TempDir()
	sleep := exec.Command("sleep", "60")
	for what, leak := range map[string]func() func(){
		"goroutines: ": func() func() {
			end := make(chan struct{})
			go func() { <-end }()
			return func() { close(end) }
		},
		"-> /dev/null": func() func() {
			file, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			return func() { file.Close() }
		},
		"children: ": func() func() {
			if err := sleep.Start(); err != nil {
				t.Fatal(err)
			}
			return func() { sleep.Process.Kill(); sleep.Wait() }
		},
		"temporary": func() func() {
			file := filepath.Join(dir, "temporary")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return func() { os.Remove(file) }
		},
		dir + "/mount": func() func() { return mounted(t, dir+"/mount") },
	} {
		before, err := Take(dir)
		if err != nil {
			t.Fatal(err)
		}
		undo := leak()
		if undo == nil {
			continue
		}
		after, err := Take(dir)
		if err == nil {
			err = before.more(after)
		}
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
		undo()
		if err := before.Nothing(dir); err != nil {
			t.Errorf("after %s: %v", what, err)
		}
	}
}

// mounted mounts, or gives nil where nobody may.
func mounted(t *testing.T, dir string) func() {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", dir, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	return func() { unix.Unmount(dir, 0); os.Remove(dir) }
}
