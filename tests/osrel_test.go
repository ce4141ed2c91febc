package tests

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// noteRelease is FreeBSD's number for the Linux that a file wants, from its
// GNU ABI tag; 0 without.
func noteRelease(t *testing.T, path string) int {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, s := range file.Sections {
		if s.Type != elf.SHT_NOTE {
			continue
		}
		b, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		word := func(at int) int { return int(file.ByteOrder.Uint32(b[at:])) }
		if len(b) >= 32 && word(0) == 4 && word(4) == 16 && word(8) == 1 && bytes.Equal(b[12:16], []byte("GNU\x00")) && word(16) == 0 {
			return word(20)<<16 + word(24)<<8 + word(28)
		}
	}
	return 0
}

func release(t *testing.T, d *daemon, pid int) string {
	t.Helper()
	return strings.TrimSuffix(string(whole(t, d.path(pid, "osrel"))), "\n")
}

// systemProgram runs a program of the system's that waits.
func systemProgram(t *testing.T, args ...string) int {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	in, err := cmd.StdinPipe() // some wait for its end
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}

// TestOsrelInitial: what the image's own notes say.
func TestOsrelInitial(t *testing.T) {
	d := mount(t)
	for _, command := range []string{"/bin/sleep 100", "/bin/cat", "/bin/dash", "/bin/bash", "/usr/bin/tail -f /dev/null"} {
		args := strings.Fields(command)
		pid := systemProgram(t, args...)
		want := noteRelease(t, args[0])
		if got := release(t, d, pid); got != fmt.Sprint(want) || want != 197120 { // Linux 3.2.0, what Debian's C library wants
			t.Errorf("%s: %s, by its notes %d, want 197120", command, got, want)
		}
	}
	p := startProbe(t) // Go's own linker makes no such note
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := release(t, d, p.pid), noteRelease(t, self); got != fmt.Sprint(want) {
		t.Errorf("a Go program: %s, by its notes %d", got, want)
	}
}

// TestOsrelWrite: a number is kept for this image of this process; nothing else
// is taken.
func TestOsrelWrite(t *testing.T) {
	d, p := mount(t), startTarget(t, "exec", "/bin/cat")
	other := systemProgram(t, "/bin/sleep", "100")
	path := d.path(p.pid, "osrel")
	for _, c := range []struct{ text, want string }{
		{"1400097\n", "1400097"}, {"1302001", "1302001"}, {"007 \t\n", "7"}, {"2147483647\n", "2147483647"}, {"0", "0"}, {"5", "5"},
		{"\n", "0"}, {"6", "6"}, {" \n", "0"}, {"8\n", "8"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if got := release(t, d, p.pid); got != c.want {
			t.Errorf("%q reads back as %s, want %s", c.text, got, c.want)
		}
	}
	fd := openNode(t, path, unix.O_RDWR)
	if n, err := unix.Pwrite(fd, []byte("99\n"), 1000); n != 3 || err != nil || string(piece(t, fd, 100, 0)) != "99\n" {
		t.Errorf("a write at another offset: %d, %v, %q", n, err, piece(t, fd, 100, 0))
	}
	for _, text := range []string{"-1", "+1", " 1", "0x10", "1 2", "1\n2", "1\x00", "x", "2147483648", "4294967297", "99999999999999999999", "1e3", strings.Repeat("9", 1000)} {
		if n, err := unix.Pwrite(fd, []byte(text), 0); err != unix.EINVAL {
			t.Errorf("%.20q: %d, %v, want EINVAL", text, n, err)
		}
	}
	if n, err := unix.Pwrite(fd, nil, 0); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	if got := release(t, d, p.pid); got != "99" {
		t.Errorf("after what was refused: %s", got)
	}
	if got := release(t, d, other); got != "197120" {
		t.Errorf("another process: %s", got)
	}
	fmt.Fprint(p.in, "!")
	waitFor(t, "the exec", func() bool {
		link, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid))
		return strings.HasSuffix(link, "/cat")
	})
	if got := release(t, d, p.pid); got != "197120" {
		t.Errorf("after exec: %s", got)
	}
}

// TestOsrelSameImage: an exec of the same file resets it as well.
func TestOsrelSameImage(t *testing.T) {
	d, p := mount(t), startProbe(t)
	before := release(t, d, p.pid)
	if err := os.WriteFile(d.path(p.pid, "osrel"), []byte("4242"), 0); err != nil {
		t.Fatal(err)
	}
	if got := release(t, d, p.pid); got != "4242" {
		t.Fatalf("written: %s", got)
	}
	p.locate(p.ask("exec"))
	if got := release(t, d, p.pid); got != before {
		t.Errorf("after exec: %s, want %s", got, before)
	}
}

// TestOsrelUser: a user has it for what he may debug.
func TestOsrelUser(t *testing.T) {
	d := mount(t)
	p := startDebuggee(t, byUser(targetProgram(t, "wait"), alice))
	dir := d.path(p.pid)
	if r := shell(t, dir, alice, "cat osrel; echo 77 > osrel; cat osrel; echo > osrel; cat osrel; echo 12"); r != (ran{stdout: fmt.Sprintf("%d\n77\n0\n12\n", noteRelease(t, p.cmd.Path))}) {
		t.Error(r)
	}
	if r := shell(t, dir, alice, "echo x > osrel"); r.code != 1 || !strings.HasSuffix(r.stderr, "write error: Invalid argument\n") {
		t.Error(r)
	}
	for _, script := range []string{"cat osrel", "echo 5 > osrel", "ls osrel"} {
		if r := shell(t, dir, bob, script); r.code == 0 || !strings.Contains(r.stderr, "No such file or directory") && !strings.Contains(r.stderr, "Directory nonexistent") {
			t.Errorf("another user, %s: %v", script, r)
		}
	}
	if got := release(t, d, p.pid); got != "0" {
		t.Errorf("finally %s", got)
	}
}
