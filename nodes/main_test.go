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
	"golang.org/x/sys/unix"
)

// childEnv makes this test binary a process to ask about, or to ask as. Its
// value is "plain", or "bare" for one that drops its capabilities.
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
	os.Exit(m.Run())
}

// childMain says its pid, the number of another thread, and obeys.
func childMain(kind string) {
	if kind == "bare" {
		must(dropCaps())
	}
	tids := make(chan int)
	go func() {
		runtime.LockOSThread()
		tids <- unix.Gettid()
		select {}
	}()
	fmt.Println(unix.Getpid(), <-tids)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println("ok")
		switch in.Text() {
		case "leave":
			unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0) // this thread alone
		case "exec":
			must(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func dropCaps() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&header, &none[0])
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
	c := &child{t: t, cmd: exec.Command(path), uid: uid, gid: gid}
	c.cmd.Env = append(os.Environ(), childEnv+"="+kind)
	c.cmd.Stderr = os.Stderr
	if os.Geteuid() == 0 {
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
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
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("cannot run: not root")
	}
	t.Skip("skipped: not root, and other users' processes are needed")
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
