package tests

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The one rule of rights is never more than native. TestRightsMatrix holds it
// against the kernel: callers of many kinds try each node of targets of many
// kinds, here and in native /proc, in the same process.

// marker is what callers try to read of a victim's memory.
var marker = [16]byte([]byte("procfsd's marker"))

const (
	alice = 1234
	bob   = 65534
)

// victim kinds, and how each comes to be.
var victims = map[string]func(*exec.Cmd) *exec.Cmd{
	"alice":     func(c *exec.Cmd) *exec.Cmd { return as(c, alice, alice) },
	"bob":       func(c *exec.Cmd) *exec.Cmd { return as(c, bob, bob) },
	"root":      func(c *exec.Cmd) *exec.Cmd { return c },
	"secret":    func(c *exec.Cmd) *exec.Cmd { return as(c, alice, alice) }, // not dumpable
	"othergid":  func(c *exec.Cmd) *exec.Cmd { return as(c, alice, bob) },
	"mixed":     func(c *exec.Cmd) *exec.Cmd { return c }, // set-uid alice, started by bob
	"mixedopen": func(c *exec.Cmd) *exec.Cmd { return c }, // the same, dumpable again
	"capable":   capable,
	"namespace": func(c *exec.Cmd) *exec.Cmd { return as(c, alice, alice) }, // of a user namespace of alice's
	"unread":    func(c *exec.Cmd) *exec.Cmd { return as(c, alice, alice) }, // of a binary that alice cannot read
}

// capable: alice with one capability more than other alices.
func capable(c *exec.Cmd) *exec.Cmd {
	as(c, alice, alice)
	c.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_PTRACE}
	return c
}

// callers, and whether each may be granted less than native grants it.
var callers = []struct {
	name string
	as   func(*exec.Cmd) *exec.Cmd
	less bool
}{
	{"root", func(c *exec.Cmd) *exec.Cmd { return c }, false},
	{"alice", func(c *exec.Cmd) *exec.Cmd { return as(c, alice, alice) }, false},
	{"bob", func(c *exec.Cmd) *exec.Cmd { return as(c, bob, bob) }, false},
	{"alice of bob's group", func(c *exec.Cmd) *exec.Cmd { return as(c, alice, bob) }, false},
	{"capable alice", capable, false},
	{"root without capabilities", mode("uncapable"), false},
	{"alice without new privileges", func(c *exec.Cmd) *exec.Cmd { return mode("nnp")(as(c, alice, alice)) }, true},
	{"alice's namespace", func(c *exec.Cmd) *exec.Cmd { return mode("userns")(as(c, alice, alice)) }, true},
}

func mode(m string) func(*exec.Cmd) *exec.Cmd {
	return func(c *exec.Cmd) *exec.Cmd {
		c.Env = append(c.Env, "MODE="+m)
		return c
	}
}

func TestRightsMatrix(t *testing.T) {
	d := mount(t)
	targets := startVictims(t)
	targets = append(targets, target{"daemon", d.cmd.Process.Pid, 0}, target{"init", 1, 0}, target{"kernel", 2, 0})
	for _, caller := range callers {
		t.Run(caller.name, func(t *testing.T) {
			tried, granted := 0, 0
			for _, cell := range try(t, caller.as, d.dir, targets) {
				tried++
				switch {
				case cell.ours && cell.native:
					granted++
				case cell.ours:
					t.Errorf("EXCESS: %s of %s is granted, natively refused", cell.what, cell.target)
				case cell.native && !caller.less && cell.target != "daemon":
					t.Errorf("%s of %s is refused, natively granted", cell.what, cell.target)
				}
			}
			t.Logf("%d of %d granted", granted, tried)
			if tried < 10*len(targets) || granted == 0 {
				t.Errorf("only %d tried, %d granted", tried, granted)
			}
		})
	}
}

type target struct {
	name    string
	pid     int
	address uintptr
}

func startVictims(t *testing.T) []target {
	var all []target
	for name, how := range victims {
		cmd := mode(name)(how(helper(t, "victim")))
		if name == "unread" {
			cmd.Path = unreadable(t)
		}
		line := start(t, cmd)
		var v target
		v.name = name
		if _, err := fmt.Sscan(line, &v.pid, &v.address); err != nil {
			t.Fatalf("%s: %q: %v", name, line, err)
		}
		all = append(all, v)
	}
	return all
}

// unreadable is a copy of this binary that may be executed and not read.
func unreadable(t *testing.T) string {
	path := filepath.Join(directory(t), "unread")
	b, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(path, b, 0o711)
	}
	if err == nil {
		err = os.Chmod(path, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// helperVictim becomes its kind, says where its marker is, and waits.
func helperVictim() {
	switch os.Getenv("MODE") {
	case "secret":
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	case "mixed", "mixedopen":
		must(syscall.Setgroups(nil))
		must(syscall.Setresgid(alice, alice, alice))
		must(syscall.Setresuid(bob, alice, alice))
		if os.Getenv("MODE") == "mixedopen" {
			unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
		}
	case "namespace":
		inUserNamespace()
		return
	}
	fmt.Println(os.Getpid(), uintptr(unsafe.Pointer(&marker)))
	io.Copy(io.Discard, os.Stdin)
}

// inUserNamespace runs this role again as root of a new user namespace.
func inUserNamespace() {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), "MODE=inside")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	lockThread()
	must(cmd.Run())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		os.Exit(3)
	}
}

// cell is one try of one caller: what, of whom, and who granted it.
type cell struct {
	target, what string
	native, ours bool
}

// try runs the matrix as a caller.
func try(t *testing.T, who func(*exec.Cmd) *exec.Cmd, dir string, targets []target) []cell {
	t.Helper()
	args := []string{dir}
	for _, v := range targets {
		args = append(args, fmt.Sprintf("%s %d %d", v.name, v.pid, v.address))
	}
	out, err := who(helper(t, "matrix", args...)).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var cells []cell
	for line := range strings.Lines(string(out)) {
		var c cell
		if _, err := fmt.Sscan(line, &c.target, &c.what, &c.native, &c.ours); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		cells = append(cells, c)
	}
	return cells
}

// helperMatrix tries everything on each target, and on itself.
func helperMatrix() {
	switch os.Getenv("MODE") {
	case "userns":
		inUserNamespace()
		return
	case "nnp":
		execAfter(setNoNewPrivs)
	case "uncapable":
		execAfter(dropCapabilities)
	}
	for _, arg := range os.Args[2:] {
		var v target
		_, err := fmt.Sscan(arg, &v.name, &v.pid, &v.address)
		must(err)
		v.tryAll(os.Args[1])
	}
	self := target{"self", os.Getpid(), uintptr(unsafe.Pointer(&marker))}
	self.tryAll(os.Args[1])
}

// attempts are done on a directory of a process in either tree: maps and map
// go by different names there.
var attempts = []struct {
	what         string
	native, ours func(v target, dir string) bool
}{
	{"map", reads("smaps"), reads("map")},
	{"file", links("exe"), links("file")},
	{"exe", links("exe"), links("exe")},
	{"etype", opens("exe", os.O_RDONLY), func(v target, dir string) bool {
		b, err := os.ReadFile(filepath.Join(dir, "etype"))
		return err == nil && bytes.HasPrefix(b, []byte("Linux"))
	}},
	{"mem-read", readsMarker, readsMarker},
	{"mem-write", writesMarker, writesMarker},
	{"mem-open", opens("mem", os.O_RDONLY), opens("mem", os.O_RDONLY)},
	{"mem-stat", opens("mem", os.O_RDONLY), func(v target, dir string) bool {
		_, err := os.Lstat(filepath.Join(dir, "mem"))
		return err == nil
	}},
	{"mem-listed", opens("mem", os.O_RDONLY), listed("mem")},
	{"mem-access", opens("mem", os.O_RDONLY), func(v target, dir string) bool {
		return unix.Access(filepath.Join(dir, "mem"), unix.R_OK) == nil
	}},
	{"wchan", func(v target, dir string) bool {
		b, err := os.ReadFile(filepath.Join(dir, "wchan"))
		return err == nil && len(b) > 0 && string(b) != "0"
	}, func(v target, dir string) bool {
		b, _ := os.ReadFile(filepath.Join(dir, "status"))
		f := strings.Fields(string(b))
		return len(f) == 15 && f[10] != "-" && f[10] != "nochan"
	}},
	{"status", reads("status"), reads("status")},
	{"cmdline", reads("cmdline"), reads("cmdline")},
	{"rlimit", reads("limits"), reads("rlimit")},
	{"status-write", opens("status", os.O_WRONLY), opens("status", os.O_WRONLY)},
}

func (v target) tryAll(dir string) {
	native := filepath.Join("/proc", strconv.Itoa(v.pid))
	for _, a := range attempts {
		if v.name == "kernel" && (a.what == "map" || a.what == "file" || a.what == "exe") {
			continue // natively empty or missing, here hidden
		}
		if v.name == "self" && a.what == "wchan" {
			continue // it runs, while it looks
		}
		fmt.Println(v.name, a.what, a.native(v, native), a.ours(v, filepath.Join(dir, strconv.Itoa(v.pid))))
	}
}

func reads(node string) func(target, string) bool {
	return func(_ target, dir string) bool {
		_, err := os.ReadFile(filepath.Join(dir, node))
		return err == nil
	}
}

func links(node string) func(target, string) bool {
	return func(_ target, dir string) bool {
		_, err := os.Readlink(filepath.Join(dir, node))
		return err == nil
	}
}

func opens(node string, flags int) func(target, string) bool {
	return func(_ target, dir string) bool {
		fd, err := unix.Open(filepath.Join(dir, node), flags|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		return err == nil
	}
}

func listed(node string) func(target, string) bool {
	return func(_ target, dir string) bool {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if e.Name() == node {
				return true
			}
		}
		return false
	}
}

func readsMarker(v target, dir string) bool {
	f, err := os.Open(filepath.Join(dir, "mem"))
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(marker))
	n, err := f.ReadAt(b, int64(v.address))
	return err == nil && n == len(b) && bytes.Equal(b, marker[:])
}

// writesMarker writes what is there already.
func writesMarker(v target, dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, "mem"), os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	n, err := f.WriteAt(marker[:], int64(v.address))
	return err == nil && n == len(marker)
}
