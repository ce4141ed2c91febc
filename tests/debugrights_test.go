package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// operate does operations on nodes of a process as a user, and gives what came
// of each.
func operate(t *testing.T, d *daemon, uid uint32, pid int, operation string, nodes []string) []string {
	t.Helper()
	var args []string
	for _, node := range nodes {
		args = append(args, operation, d.path(pid, node))
	}
	return attempt(t, uid, uid, args...)
}

// wantAll: each operation on each debug node ends so.
func wantAll(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if len(got) < 4 || slices.ContainsFunc(got, func(s string) bool { return s != want }) {
		t.Errorf("%s: %v, want %s", what, got, want)
	}
}

var debugNodes = []string{"dbregs", "fpregs", "mem", "note", "notepg", "regs", "osrel"}

// TestDebugHidden: who may not debug the process sees none of the nodes; who
// may, all.
func TestDebugHidden(t *testing.T) {
	d := mount(t)
	own := startDebuggee(t, byUser(targetProgram(t, "wait"), alice))
	wantAll(t, "her own process", operate(t, d, alice, own.pid, "lstat", debugNodes), "ok")
	wantAll(t, "another's process", operate(t, d, bob, own.pid, "lstat", debugNodes), "ENOENT")
	wantAll(t, "another's process", operate(t, d, bob, own.pid, "openwrite", debugNodes), "ENOENT")
	for kind, cmd := range map[string]*exec.Cmd{
		"not dumpable": byUser(targetProgram(t, "secret"), alice),
		"set-uid":      byUser(targetProgram(t, "wait"), alice),
		"root's":       targetProgram(t, "wait"),
	} {
		if kind == "set-uid" {
			cmd.Path = setUID(t)
		}
		p := startDebuggee(t, cmd)
		for _, operation := range []string{"lstat", "open", "openwrite"} {
			wantAll(t, kind+": "+operation, operate(t, d, alice, p.pid, operation, debugNodes), "ENOENT")
		}
		if got := operate(t, d, alice, p.pid, "open", []string{"status", "rlimit"}); got[0] != "ok" || got[1] != "ok" {
			t.Errorf("%s: status and rlimit: %v", kind, got)
		}
		wantAll(t, kind+", for root", operate(t, d, 0, p.pid, "openwrite", debugNodes), "ok")
		for uid, want := range map[uint32]string{0: "14", alice: "7", bob: "7"} {
			if r := shell(t, d.path(p.pid), uid, "ls | wc -l"); r.stdout != want+"\n" {
				t.Errorf("%s: uid %d sees %v nodes, want %s", kind, uid, r, want)
			}
		}
	}
}

// setUID is a copy of the target that is root's for everybody.
func setUID(t *testing.T) string {
	t.Helper()
	from := targetPath(t)
	dir := directory(t) // where /tmp may be nosuid
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	path := filepath.Join(dir, "setuid")
	copyProgram(t, from, path)
	if err := os.Chmod(path, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	return path
}

// helperHolder opens nodes, says so, and once it has read a line says what
// reads and writes of them give, and what a new open does.
func helperHolder() {
	var fds []int
	for _, path := range os.Args[1:] {
		flags := unix.O_RDWR
		if strings.Contains(path, "/note") {
			flags = unix.O_WRONLY
		}
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
		must(err)
		fds = append(fds, fd)
	}
	fmt.Println("ready")
	fmt.Scanln()
	for i, path := range os.Args[1:] {
		_, read := unix.Pread(fds[i], make([]byte, 64), 0)
		_, write := unix.Pwrite(fds[i], []byte("0\n"), 0)
		fmt.Println(filepath.Base(path), errnoText(read), errnoText(write), errnoText(opened(path, unix.O_WRONLY)))
	}
}

// afterExec is what is expected of reads and writes of what was open at the exec, by whether the new
// image may be debugged. An open mem is of the old one.
var afterExec = map[string]map[string][2]string{
	"ENOENT": {
		"mem": {"ESRCH", "ESRCH"}, "osrel": {"ESRCH", "ESRCH"}, "note": {"EBADF", "ESRCH"}, "notepg": {"EBADF", "ESRCH"},
		"regs": {"ESRCH", "ESRCH"}, "fpregs": {"ESRCH", "ESRCH"}, "dbregs": {"ESRCH", "ESRCH"},
	},
	"ok": {
		"mem": {"ESRCH", "ESRCH"}, "osrel": {"ok", "ok"}, "note": {"EBADF", "ok"}, "notepg": {"EBADF", "ok"},
		"regs": {"EBUSY", "EBUSY"}, "fpregs": {"EBUSY", "EBUSY"}, "dbregs": {"EBUSY", "EBUSY"},
	},
}

// TestDebugSetUIDExec: what was opened on a process gives nothing any more when
// it has executed a set-uid program.
func TestDebugSetUIDExec(t *testing.T) {
	d := mount(t)
	for image, want := range map[string]string{setUID(t): "ENOENT", "/bin/cat": "ok"} {
		p := startDebuggee(t, byUser(targetProgram(t, "exec", image), alice))
		var args []string
		for _, node := range debugNodes {
			args = append(args, d.path(p.pid, node))
		}
		holder := startDebuggee(t, as(helper(t, "holder", args...), alice, alice))
		fmt.Fprint(p.in, "!")
		waitFor(t, "the new image", func() bool {
			link, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid))
			return link == image || strings.HasSuffix(link, "/cat")
		})
		fmt.Fprintln(holder.in)
		for _, node := range debugNodes {
			f := strings.Fields(holder.line())
			if len(f) != 4 || f[0] != node || f[3] != want {
				t.Fatalf("%v: want %s and %s", f, node, want)
			}
			e := afterExec[want][node]
			if f[1] != e[0] || f[2] != e[1] {
				t.Errorf("%s executed: %s gives %s and %s, want %s and %s", image, node, f[1], f[2], e[0], e[1])
			}
		}
	}
}
