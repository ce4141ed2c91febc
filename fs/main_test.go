package fs

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/procfsd/procfsd/nodes"
	"github.com/procfsd/procfsd/tests/leaktest"
	"golang.org/x/sys/unix"
)

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

// secret is what the child has in its memory.
var secret = [16]byte{'o', 'p', 'e', 'n', ' ', 's', 'e', 's', 'a', 'm', 'e'}

// childMain says its pid, the number of another thread, where its secret is,
// and obeys.
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
	fmt.Println(unix.Getpid(), <-tids, uintptr(unsafe.Pointer(&secret)))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch word, rest, _ := strings.Cut(in.Text(), " "); word {
		case "name":
			must(unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(unsafe.StringData(rest+"\x00"))), 0, 0, 0))
		case "undumpable":
			must(unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
		case "exec":
			must(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
		}
		fmt.Println(string(secret[:4]))
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
	secret   uint64
	uid, gid uint32
}

const (
	alice, bob = 61001, 61002 // users, each with a group of the same number
	staff      = 62000
)

// start makes a child of our own user.
func start(t testing.TB) *child {
	return startAs(t, "plain", uint32(os.Getuid()), uint32(os.Getgid()))
}

func startAs(t testing.TB, kind string, uid, gid uint32, groups ...uint32) *child {
	t.Helper()
	c := spawn(t, kind, uid, gid, groups...)
	t.Cleanup(c.end)
	return c
}

// spawn is startAs without the end. The child leads a process group: what is
// posted to it reaches nobody else.
func spawn(t testing.TB, kind string, uid, gid uint32, groups ...uint32) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command("/proc/self/exe"), uid: uid, gid: gid}
	c.cmd.Env = append(os.Environ(), childEnv+"="+kind)
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
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
	c.hello()
	return c
}

func (c *child) hello() {
	c.t.Helper()
	if _, err := fmt.Fscanln(c.out, &c.pid, &c.tid, &c.secret); err != nil {
		c.t.Fatalf("child: %v", err)
	}
}

// do has the child obey and gives the first word of its secret.
func (c *child) do(command string) string {
	c.t.Helper()
	fmt.Fprintln(c.in, command)
	if command == "exec" {
		c.hello()
		return ""
	}
	answer, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("child: %s: %v", command, err)
	}
	return strings.TrimSuffix(answer, "\n")
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

// state is the letter in the child's stat.
func (c *child) state() string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.pid))
	if err != nil {
		return ""
	}
	s := string(text)
	return s[strings.LastIndexByte(s, ')')+2:][:1]
}

// stop stops the child by job control.
func (c *child) stop() {
	c.t.Helper()
	if err := unix.Kill(c.pid, unix.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	c.stopped()
}

// stopped waits until the child is.
func (c *child) stopped() {
	c.t.Helper()
	for end := time.Now().Add(5 * time.Second); c.state() != "T"; runtime.Gosched() {
		if time.Now().After(end) {
			c.t.Fatalf("the child is in state %q", c.state())
		}
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

// newTestRaw is the file system over the machine's own processes. What it logs
// as unexpected fails the test.
func newTestRaw(t testing.TB, o nodes.Options) *raw {
	t.Helper()
	tree, err := nodes.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	r := newRaw(tree, slog.New(slog.NewTextHandler(failing{t}, nil)))
	t.Cleanup(r.OnUnmount)
	return r
}

// failing is where nothing should be logged to.
type failing struct{ t testing.TB }

func (f failing) Write(b []byte) (int, error) {
	f.t.Errorf("logged: %s", b)
	return len(b), nil
}

// More opcodes of <linux/fuse.h>.
const (
	opForget        = 2
	opSymlink       = 6
	opMknod         = 8
	opMkdir         = 9
	opUnlink        = 10
	opRmdir         = 11
	opRename        = 12
	opLink          = 13
	opStatFs        = 17
	opFsync         = 20
	opSetXAttr      = 21
	opRemoveXAttr   = 24
	opFlush         = 25
	opReleaseDir    = 29
	opFsyncDir      = 30
	opGetLk         = 31
	opSetLk         = 32
	opSetLkw        = 33
	opCreate        = 35
	opBmap          = 37
	opDestroy       = 38
	opPoll          = 40
	opBatchForget   = 42
	opFallocate     = 43
	opReadDirPlus   = 44
	opRename2       = 45
	opLseek         = 46
	opCopyFileRange = 47
	opTmpfile       = 51
)
