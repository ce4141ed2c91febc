package nodes

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/tests/leaktest"
	"golang.org/x/sys/unix"
)

// childEnv makes this test binary a process to ask about, or to ask as. Its
// value is "plain", a name of kindCaps for one that drops its other
// capabilities, or "deaf" for one whose signals wait for it.
const childEnv = "PROCFSD_NODES_TEST_CHILD"

func init() {
	if os.Getenv(childEnv) != "" {
		runtime.LockOSThread() // main is the main thread
	}
}

func TestMain(m *testing.M) {
	if kind := os.Getenv(childEnv); kind != "" {
		childMain(kind)
		return
	}
	os.Exit(leaktest.Main(m))
}

// child is a process that waits.
type child struct {
	t        testing.TB
	cmd      *exec.Cmd
	in       io.Writer
	out      *bufio.Reader
	pid, tid int // tid is not its main thread
	uid, gid uint32
}

// start makes a child of our own user.
func start(t testing.TB) *child {
	return startAs(t, "plain", "/proc/self/exe", uint32(os.Getuid()), uint32(os.Getgid()))
}

func startAs(t testing.TB, kind, path string, uid, gid uint32, groups ...uint32) *child {
	t.Helper()
	return startIn(t, 0, kind, path, uid, gid, groups...)
}

// startIn makes it a member of a process group; 0 is a new one.
func startIn(t testing.TB, pgrp int, kind, path string, uid, gid uint32, groups ...uint32) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(path), uid: uid, gid: gid}
	c.cmd.Env = append(os.Environ(), childEnv+"="+kind)
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: pgrp}
	if os.Geteuid() == 0 {
		c.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}
	}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.in, c.out = in, bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	c.hello()
	return c
}

func (c *child) hello() {
	c.t.Helper()
	if _, err := fmt.Fscanln(c.out, &c.pid, &c.tid); err != nil {
		c.t.Fatalf("child: %v", err)
	}
}

func (c *child) do(command string) {
	c.t.Helper()
	fmt.Fprintln(c.in, command)
	if answer, err := c.out.ReadString('\n'); err != nil || answer != "ok\n" {
		c.t.Fatalf("child: %s: %q, %v", command, answer, err)
	}
}

// answer is of a command that has one.
func (c *child) answer(format string, args ...any) string {
	c.t.Helper()
	c.do(fmt.Sprintf(format, args...))
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("child: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// ids gives the child other users, each with the group of the same number.
func (c *child) ids(real, effective, saved uint32) *child {
	c.t.Helper()
	if got := c.answer("ids %d %d %d", real, effective, saved); got != "<nil>" {
		c.t.Fatal(got)
	}
	c.uid, c.gid = effective, effective
	return c
}

// stop stops the child by job control.
func (c *child) stop() {
	c.t.Helper()
	if err := unix.Kill(c.pid, unix.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	waitState(c.t, c.pid, "T")
}

// kill leaves a zombie, of which no thread is left.
func (c *child) kill() {
	c.t.Helper()
	c.cmd.Process.Kill()
	if err := unix.Waitid(unix.P_PID, c.pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) end() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

// waitState waits until the state in stat is the wanted one.
func waitState(t testing.TB, pid int, want string) {
	t.Helper()
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		s := string(text)
		if strings.HasPrefix(s[strings.LastIndexByte(s, ')')+2:], want) {
			return
		}
		runtime.Gosched()
	}
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		cannot(t, "not root, and other users' processes are needed")
	}
}

func cannot(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("cannot run: " + reason)
	}
	t.Skip("skipped: " + reason)
}

// openTree is a tree over the machine's own processes.
func openTree(t testing.TB, o Options) *Tree {
	t.Helper()
	tree, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tree.Close)
	return tree
}

// ask is a question of the thread tid.
func ask(t testing.TB, tree *Tree, tid int, uid, gid uint32) *Query {
	q := &Query{Context: context.Background(), Tree: tree, Caller: tree.Caller(tid, uid, gid)}
	t.Cleanup(func() { q.drop(ErrHidden) })
	return q
}

// asks is a question of the child.
func (c *child) asks(tree *Tree) *Query { return ask(c.t, tree, c.pid, c.uid, c.gid) }

// our own question.
func ourselves(t testing.TB, tree *Tree) *Query {
	return ask(t, tree, os.Getpid(), uint32(os.Geteuid()), uint32(os.Getegid()))
}

// find pins pid for the query, and the test fails where it is hidden.
func find(t testing.TB, q *Query, pid int) *Query {
	t.Helper()
	if err := q.Find(pid); err != nil {
		t.Fatalf("find %d: %v", pid, err)
	}
	return q
}

// text runs a Text or Link row as fs does.
func text(q *Query, row *Row) (string, error) {
	if err := q.See(row); err != nil {
		return "", err
	}
	if row.Kind == Link {
		return row.Read(q)
	}
	if row.Open != nil {
		file, err := row.Open(q, Access{Read: true})
		if err != nil {
			return "", err
		}
		defer file.Close()
		q.File = file
	}
	b, err := row.Fill(q, nil)
	return string(b), err
}

func processText(t testing.TB, q *Query, name string) string {
	t.Helper()
	got, err := text(q, ByName(ProcessRows(), name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return got
}

// parseSmaps wants the text to be whole.
func parseSmaps(t testing.TB, text string) []provider.Smap {
	t.Helper()
	all, err := provider.ParseSmaps([]byte(text))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return all
}
