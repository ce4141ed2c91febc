package provider

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A 32-bit program has both views.
func TestRegsI386(t *testing.T) {
	v := startVictimOf(t, build386(t), nil)
	v.stop()
	hold(t, newTracer(t), pinned(t, v.pid), func(x *Tracee) error {
		wide, err := x.Regs()
		if err != nil {
			return err
		}
		r, err := x.RegsI386()
		if err != nil {
			return err
		}
		if uint64(r.EIP) != wide.RIP || uint64(r.ESP) != wide.RSP || uint64(r.CS) != wide.CS || r.OrigEAX != uint32(wide.OrigRAX) {
			t.Errorf("%x\n%x", r, wide)
		}
		r.EBX, r.EAX = 0x12345678, 5
		if err := x.SetRegsI386(r); err != nil {
			return err
		}
		now, err := x.RegsI386()
		if err != nil || now.EBX != r.EBX || now.EAX != 5 || int32(r.OrigEAX) >= 0 && int32(now.OrigEAX) != -1 {
			t.Errorf("%x, %v", now, err)
		}
		bad := now
		bad.EBX, bad.CS = 1, 0x60
		if err := x.SetRegsI386(bad); err != unix.EINVAL {
			t.Errorf("cs: %v", err)
		}
		if after, _ := x.RegsI386(); after != now {
			t.Errorf("changed: %x", after)
		}
		fp, err := x.FPRegsI386()
		if err != nil {
			return err
		}
		fp.ST[2] = [10]byte{1, 2, 3, 4, 5, 6, 7, 0x80, 0xff, 0x3f}
		fp.Tag = 0
		if err := x.SetFPRegsI386(fp); err != nil {
			return err
		}
		if now, err := x.FPRegsI386(); err != nil || now.ST != fp.ST {
			t.Errorf("%x, %v", now, err)
		}
		return nil
	})
}

// build386 makes a 32-bit process that waits; it shall not be continued.
func build386(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source := "package main\nimport (\"fmt\"; \"os\"; \"time\")\nfunc main() { fmt.Println(os.Getpid(), 0, 0); time.Sleep(time.Hour) }\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "wait386")
	cmd := exec.Command("go", "build", "-o", file, filepath.Join(dir, "main.go"))
	cmd.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}
