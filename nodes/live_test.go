package nodes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
	"golang.org/x/sys/unix"
)

// TestCurproc: the process, whichever of its threads asks.
func TestCurproc(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	for _, tid := range []int{c.pid, c.tid} {
		q := ask(t, tree, tid, c.uid, c.gid)
		for _, name := range []string{"curproc", "self"} {
			got, err := text(q, ByName(rootRows, name))
			if err != nil || got != strconv.Itoa(c.pid) {
				t.Errorf("%s of thread %d: %q, %v", name, tid, got, err)
			}
		}
	}
}

// TestFile: the executable's path while it has one.
func TestFile(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	dir := t.TempDir()
	run := func(path string) *Query {
		t.Helper()
		copyFile(t, path, "/proc/self/exe")
		c := startAs(t, "plain", path, uint32(os.Getuid()), uint32(os.Getgid()))
		return find(t, c.asks(tree), c.pid)
	}
	want := func(q *Query, path string) {
		t.Helper()
		for _, name := range []string{"file", "exe"} {
			if got := processText(t, q, name); got != path {
				t.Errorf("%s: %q, want %q", name, got, path)
			}
		}
	}
	plain := filepath.Join(dir, "a  blank")
	q := run(plain)
	want(q, plain)
	remove(t, plain)
	want(q, "unknown")

	odd := filepath.Join(dir, "x (deleted)")
	q = run(odd)
	want(q, odd)
	if got := processText(t, q, "map"); !strings.Contains(got, " vnode "+odd+" ") {
		t.Errorf("map without %s:\n%s", odd, got)
	}
	remove(t, odd)
	want(q, "unknown")
	copyFile(t, odd, "/proc/self/exe") // another file of that name
	copyFile(t, odd+" (deleted)", "/proc/self/exe")
	want(q, "unknown")
	if got := processText(t, q, "map"); strings.Contains(got, "deleted") {
		t.Errorf("map with a deleted file's name:\n%s", got)
	}

	moved := filepath.Join(dir, "moved")
	q = run(moved)
	if err := os.Rename(moved, moved+" again"); err != nil {
		t.Fatal(err)
	}
	want(q, moved+" again")
}

// TestFileLinked: a file with a second name is not one without: its first name
// is still unknown, for the link says deleted.
func TestFileLinked(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	path := filepath.Join(t.TempDir(), "first")
	copyFile(t, path, "/proc/self/exe")
	if err := os.Link(path, path+" second"); err != nil {
		t.Fatal(err)
	}
	c := startAs(t, "plain", path, uint32(os.Getuid()), uint32(os.Getgid()))
	remove(t, path)
	if got := processText(t, find(t, c.asks(tree), c.pid), "file"); got != "unknown" {
		t.Errorf("%q", got)
	}
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// TestNatively: the texts say what the machine's own files say.
func TestNatively(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	q := find(t, c.asks(tree), c.pid)
	native := func(name string) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", c.pid, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got, want := processText(t, q, "cmdline"), native("cmdline"); got != want || got == "" {
		t.Errorf("cmdline: %q, want %q", got, want)
	}
	want := "Linux ELF64\n"
	if strconv.IntSize == 32 {
		want = "Linux ELF32\n"
	}
	if got := processText(t, q, "etype"); got != want {
		t.Errorf("etype: %q", got)
	}
	entries := strings.Split(strings.TrimSuffix(processText(t, q, "map"), "\n"), "\n")
	maps := strings.Split(strings.TrimSuffix(native("maps"), "\n"), "\n")
	if len(entries) != len(maps) {
		t.Errorf("%d entries, want %d", len(entries), len(maps))
	}
	waitState(t, c.pid, "S")
	find(t, q, c.pid)
	words := strings.Fields(processText(t, q, "status"))
	if len(words) != 15 || words[1] != strconv.Itoa(c.pid) || words[2] != strconv.Itoa(os.Getpid()) || words[14] != "-" {
		t.Errorf("status: %q", words)
	}
	if words[10] != "nochan" { // its main thread is who asks
		t.Errorf("wait channel of the caller itself: %q", words)
	}
}

// TestMapRefused: an exec or an exit ends what was opened before it.
func TestMapRefused(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	for _, end := range []string{"exec", "kill"} {
		c := start(t)
		q := find(t, ourselves(t, tree), c.pid)
		if os.Geteuid() != 0 {
			q = find(t, c.asks(tree), c.pid)
		}
		file, err := openMap(q, Access{Read: true})
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		memory, err := openMem(q, Access{Read: true})
		if err != nil {
			t.Fatal(err)
		}
		defer memory.Close()
		if end == "exec" {
			c.do("exec")
			c.hello()
		} else {
			c.kill()
		}
		q.File = file
		if entries, err := vmMap(q); !errors.Is(err, ErrGone) || entries != nil {
			t.Errorf("map after %s: %d entries, %v", end, len(entries), err)
		}
		n, err := memory.(StreamFile).ReadAt(q, make([]byte, 8), 0x10000)
		gone := errors.Is(err, ErrGone) || end == "kill" && errors.Is(err, os.ErrPermission) && os.Geteuid() != 0
		if !gone || n != 0 { // a zombie's memory is nobody's but root's
			t.Errorf("mem after %s: %d bytes, %v", end, n, err)
		}
		n, err = memory.(StreamFile).WriteAt(q, make([]byte, 8), 0x10000)
		if err == nil || n != 0 {
			t.Errorf("write to mem after %s: %d bytes, %v", end, n, err)
		}
	}
}

// TestMapMemory: the memory for a map is asked for before it is used.
func TestMapMemory(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	q := find(t, c.asks(tree), c.pid)
	asked, refusal := 0, errors.New("no")
	q.Reserve = func(n int) error { asked += n; return nil }
	got := processText(t, q, "map")
	if asked < len(got) {
		t.Errorf("asked for %d bytes, used %d", asked, len(got))
	}
	q.Reserve = func(int) error { return refusal }
	if got, err := text(q, ByName(processRows, "map")); !errors.Is(err, refusal) || got != "" {
		t.Errorf("refused: %q, %v", got, err)
	}
	table := ByName(rootRows, "status")
	if got, err := text(ourselves(t, tree), table); err != nil || !strings.Contains(got, " "+strconv.Itoa(c.pid)+" ") {
		t.Errorf("table: %q, %v", got, err)
	}
	q = ourselves(t, tree)
	q.Reserve = func(int) error { return refusal }
	if _, err := text(q, table); !errors.Is(err, refusal) {
		t.Errorf("table, refused: %v", err)
	}
}

// TestJail: a process in a container has its host name, for those who could
// know it natively.
func TestJail(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	cmd := exec.Command("/bin/sh", "-c", `printf '%s' jail-of-glass >/proc/sys/kernel/hostname && echo ok && read x`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	if b := make([]byte, 3); read(out.Read, b) != nil || string(b) != "ok\n" {
		t.Fatalf("%q", b)
	}
	other := startAs(t, "plain", "/proc/self/exe", bob, bob)
	for want, q := range map[string]*Query{"jail-of-glass": ourselves(t, tree), "?": other.asks(tree)} {
		words := strings.Fields(processText(t, find(t, q, cmd.Process.Pid), "status"))
		if got := words[len(words)-1]; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	table, err := text(ourselves(t, tree), ByName(rootRows, "status"))
	if err != nil || !strings.Contains(table, " jail-of-glass\n") {
		t.Errorf("table: %v\n%s", err, table)
	}
	// the caller in the container is of another pid namespace
	q := ask(t, tree, cmd.Process.Pid, 0, 0)
	if err := q.Find(os.Getpid()); !errors.Is(err, ErrHidden) {
		t.Errorf("seen from the container: %v", err)
	}
	if got, err := curproc(q); !errors.Is(err, ErrHidden) || got != "" {
		t.Errorf("curproc in the container: %q, %v", got, err)
	}
}

func read(from func([]byte) (int, error), b []byte) error {
	for len(b) > 0 {
		n, err := from(b)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// TestLongCmdline: arguments beyond the usual, and none beyond the bound that
// memory allows.
func TestLongCmdline(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childEnv+"=plain")
	want := []byte("child\x00")
	cmd.Args = []string{"child"}
	for i := range 4 {
		arg := strings.Repeat(string(rune('a'+i)), 100<<10)
		cmd.Args = append(cmd.Args, arg)
		want = append(append(want, arg...), 0)
	}
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	if err := read(out.Read, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	q := find(t, ourselves(t, tree), cmd.Process.Pid)
	asked := 0
	q.Reserve = func(n int) error { asked += n; return nil }
	got, err := fillCmdline(q, []byte("before"))
	if err != nil || !bytes.Equal(got, append([]byte("before"), want...)) {
		t.Errorf("%d bytes, want %d; %v", len(got), len(want), err)
	}
	if asked < len(got) {
		t.Errorf("asked for %d bytes, used %d", asked, len(got))
	}
	refusal := errors.New("no")
	q.Reserve = func(int) error { return refusal }
	if got, err := fillCmdline(q, []byte("before")); !errors.Is(err, refusal) || string(got) != "before" {
		t.Errorf("refused: %d bytes, %v", len(got), err)
	}
}

// TestStatusOf: every field from its own place.
func TestStatusOf(t *testing.T) {
	stat, err := provider.ParseStat([]byte("5 (a b) S 4 3 2 34817 1 0 0 0 0 0 250 7 0 0 20 0 1 0 123 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := provider.ParseStatus([]byte("State:\tS (sleeping)\nTgid:\t5\nPid:\t5\nUid:\t11\t12\t13\t14\nGid:\t21\t22\t23\t24\nGroups:\t31 32 \n"))
	if err != nil {
		t.Fatal(err)
	}
	tree := &Tree{boot: 1_000_000_500, ticks: 10_000}
	s := tree.statusOf(&stat, &st)
	got := string(render.AppendStatus(nil, &s))
	if want := "a\\040b 5 4 3 2 pts/1 ctty 1001,230500 2,500000 0,70000 - 12 11 21,22,31,32 -\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	for _, test := range []struct {
		session int
		tty     int32
		want    string
	}{{5, 34817, "ctty,sldr"}, {5, 0, "sldr"}, {3, 0, "noflags"}} {
		stat.Session, stat.PGRP, stat.TTYNr = test.session, 5, test.tty
		s := tree.statusOf(&stat, &st)
		if words := strings.Fields(string(render.AppendStatus(nil, &s))); words[6] != test.want {
			t.Errorf("session %d, terminal %d: %q, want %q", test.session, test.tty, words[6], test.want)
		}
	}
}

// TestRlimit: each limit under FreeBSD's name, no limit where Linux has none.
func TestRlimit(t *testing.T) {
	var l provider.Limits
	text := ""
	for i, name := range []string{"cpu time", "file size", "data size", "stack size", "core file size", "resident set", "processes",
		"open files", "locked memory", "address space", "file locks", "pending signals", "msgqueue size", "nice priority",
		"realtime priority", "realtime timeout"} {
		text += fmt.Sprintf("Max %s  %d  %d  bytes\n", name, i+1, 100+i)
	}
	if err := l.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	r := rlimitOf(&l)
	want := map[string]string{
		"cpu": "1 100", "fsize": "2 101", "data": "3 102", "stack": "4 103", "core": "5 104", "rss": "6 105", "nproc": "7 106",
		"nofile": "8 107", "memlock": "9 108", "vmem": "10 109",
		"sbsize": "-1 -1", "npts": "-1 -1", "swap": "-1 -1", "kqueues": "-1 -1", "umtx": "-1 -1", "pipebuf": "-1 -1", "vmm": "-1 -1",
	}
	lines := strings.Split(strings.TrimSuffix(string(render.AppendRlimit(nil, &r)), "\n"), "\n")
	for _, line := range lines {
		name, values, _ := strings.Cut(line, " ")
		if want[name] != values {
			t.Errorf("%s: %q, want %q", name, values, want[name])
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d lines, want %d", len(lines), len(want))
	}
}

// TestABI: what is no ELF file has no ABI.
func TestABI(t *testing.T) {
	for class, want := range map[provider.ELFClass]string{
		provider.ELF64: "Linux ELF64", provider.ELF32: "Linux ELF32", provider.ELFNone: "Not Available", 9: "Not Available",
	} {
		if got := abiOf(class).String(); got != want {
			t.Errorf("%v: %q, want %q", class, got, want)
		}
	}
}

func TestAccessFlags(t *testing.T) {
	for access, want := range map[Access]int{
		{Read: true}: unix.O_RDONLY, {Write: true}: unix.O_WRONLY, {Read: true, Write: true}: unix.O_RDWR,
	} {
		if got := access.flags(); got != want {
			t.Errorf("%+v: %#o, want %#o", access, got, want)
		}
	}
}

// TestNotProc: another directory is no procfs.
func TestNotProc(t *testing.T) {
	if tree, err := Open(Options{Proc: t.TempDir(), GID: -1}); !errors.Is(err, ErrNotProc) || tree != nil {
		t.Errorf("%v, %v", tree, err)
	}
	if tree, err := Open(Options{Proc: "/nonexistent", GID: -1}); err == nil || tree != nil {
		t.Errorf("%v, %v", tree, err)
	}
}
