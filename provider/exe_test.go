package provider

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// tinyELF is a program that only waits: i386's pause(2) in a loop.
func tinyELF() []byte {
	const base, headers = 0x08048000, 52 + 32
	code := []byte{0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7}
	le := binary.LittleEndian
	b := append([]byte("\x7fELF\x01\x01\x01"), make([]byte, 9)...)
	b = le.AppendUint16(b, 2) // executable
	b = le.AppendUint16(b, 3) // i386
	for _, v := range []uint32{1, base + headers, 52, 0, 0} {
		b = le.AppendUint32(b, v)
	}
	for _, v := range []uint16{52, 32, 1, 0, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	size := uint32(headers + len(code))
	for _, v := range []uint32{1, 0, base, base, size, size, 5, 0x1000} {
		b = le.AppendUint32(b, v)
	}
	return append(b, code...)
}

// run starts a program that waits, and gives its pid.
func run(t *testing.T, path string, options ...option) int {
	t.Helper()
	cmd := exec.Command(path, "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	for _, o := range options {
		o(cmd)
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, unix.ENOEXEC) {
			cannot(t, err.Error())
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}

// place copies /bin/sleep, or writes another program, at path.
func place(t *testing.T, path string, mode os.FileMode, program []byte) string {
	t.Helper()
	var err error
	if program == nil {
		if program, err = os.ReadFile("/bin/sleep"); err != nil {
			cannot(t, err.Error())
		}
	}
	if err := errors.Join(os.WriteFile(path, program, mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

// openDir is a directory that everybody may search.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "procfsd-exe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestELFClass(t *testing.T) {
	needRoot(t)
	a, f := newAuthority(t)
	dir := openDir(t)
	root, plain := ours(t, a), start(t, user(alice)).asks(a)
	hidden := run(t, place(t, dir+"/unreadable", 0o711, nil), user(alice))
	for name, row := range map[string]struct {
		c      *Caller
		pid    int
		want   ELFClass
		denied bool
	}{
		"64 bits":             {root, run(t, place(t, dir+"/64", 0o755, nil)), ELF64, false},
		"32 bits":             {root, run(t, place(t, dir+"/32", 0o755, tinyELF())), ELF32, false},
		"a script":            {root, run(t, place(t, dir+"/sh", 0o755, []byte("#!/bin/sleep 1000\n"))[:0]+"/bin/sleep"), ELF64, false},
		"readable":            {plain, run(t, dir+"/64", user(alice)), ELF64, false},
		"unreadable":          {plain, hidden, ELFNone, true},
		"unreadable for root": {root, hidden, ELF64, false},
		"root's":              {plain, run(t, dir+"/64"), ELFNone, true},
	} {
		p := pin(t, f, row.pid)
		leaksNothing(t, name, func() {
			got, err := row.c.ELFClass(p)
			if got != row.want || errors.Is(err, fs.ErrPermission) != row.denied || !row.denied && err != nil {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		})
	}
}

// What the link says of an executable that moves, and whether that is so.
func TestExeLinked(t *testing.T) {
	needRoot(t)
	a, f := newAuthority(t)
	root := ours(t, a)
	const suffix = " (deleted)"
	for name, row := range map[string]struct {
		file   string
		change func(path string) error
		path   string // by the link, below the directory
		linked bool
	}{
		"stays":                 {"x", nil, "x", true},
		"is deleted":            {"x", os.Remove, "x" + suffix, false},
		"looks deleted":         {"x" + suffix, nil, "x" + suffix, true},
		"looks so and is":       {"x" + suffix, os.Remove, "x" + suffix + suffix, false},
		"is renamed":            {"x", func(x string) error { return os.Rename(x, x+"2") }, "x2", true},
		"has another name":      {"x", func(x string) error { return errors.Join(os.Link(x, x+"2"), os.Remove(x)) }, "x" + suffix, false},
		"is replaced":           {"x", func(x string) error { return errors.Join(os.Remove(x), os.WriteFile(x+suffix, nil, 0o755)) }, "x" + suffix, false},
		"comes back by a link":  {"x", relinked(os.Link), "x" + suffix, true},
		"comes back by symlink": {"x", relinked(os.Symlink), "x" + suffix, false},
		"comes back by directory": {"d/x" + suffix, func(x string) error {
			dir := filepath.Dir(x)
			return errors.Join(os.Link(x, dir+"/../y"), os.Remove(x), os.Rename(dir, dir+"2"), os.Symlink("d2", dir))
		}, "d2/x" + suffix + suffix, false},
	} {
		dir := openDir(t)
		if err := os.MkdirAll(filepath.Dir(dir+"/"+row.file), 0o755); err != nil {
			t.Fatal(err)
		}
		path := place(t, dir+"/"+row.file, 0o755, nil)
		p := pin(t, f, run(t, path))
		if row.change != nil {
			if err := row.change(path); err != nil {
				t.Fatal(err)
			}
		}
		exe, err := root.Exe(p)
		if err != nil || exe != dir+"/"+row.path {
			t.Errorf("%s: link %q, %v", name, exe, err)
		}
		leaksNothing(t, name, func() {
			if linked, err := root.ExeLinked(p, exe); linked != row.linked || err != nil {
				t.Errorf("%s: %v, %v", name, linked, err)
			}
		})
	}
}

// relinked takes the name away and gives the deleted one, by way of another.
func relinked(link func(old, new string) error) func(string) error {
	return func(x string) error {
		return errors.Join(os.Link(x, x+"3"), link(x+"3", x+" (deleted)"), os.Remove(x))
	}
}

func TestFileNamed(t *testing.T) {
	needRoot(t)
	a, f := newAuthority(t)
	root, plain := ours(t, a), start(t, user(alice))
	own := pin(t, f, plain.pid)
	p := pin(t, f, start(t).pid)
	dir := openDir(t)
	file := place(t, dir+"/f", 0o600, []byte("x"))
	secret := dir + "/secret"
	if err := errors.Join(os.Symlink("f", dir+"/l"), os.Symlink(dir, dir+"/d"), os.Mkdir(secret, 0o700), os.Link(file, secret+"/f")); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		t.Fatal(err)
	}
	dev := Device{Major: unix.Major(st.Dev), Minor: unix.Minor(st.Dev)}
	for path, want := range map[string]bool{
		file: true, dir + "/./f": true, dir + "/../" + filepath.Base(dir) + "/f": true, "/../../.." + file: true, secret + "/f": true,
		dir + "/l": false, dir + "/d/f": false, dir + "/none": false, dir: false, "": false, "\x00": false, dir + "/f\x00": false,
		"/proc/self/root" + file: false, "/proc/self/cwd": false, file + "/": false,
	} {
		leaksNothing(t, path, func() {
			if got := root.FileNamed(p, path, dev, st.Ino); got != want {
				t.Errorf("%q: %v", path, got)
			}
		})
	}
	if root.FileNamed(p, file, dev, st.Ino+1) || root.FileNamed(p, file, Device{dev.Major, dev.Minor + 1}, st.Ino) {
		t.Error("another file is taken for it")
	}
	alice := plain.asks(a)
	if !alice.FileNamed(own, file, dev, st.Ino) {
		t.Error("alice does not find what she may")
	}
	if alice.FileNamed(own, secret+"/f", dev, st.Ino) {
		t.Error("alice looks into a directory that is closed to her, through her own process")
	}
	if alice.FileNamed(p, file, dev, st.Ino) {
		t.Error("alice looks below the root of root's process")
	}
}
