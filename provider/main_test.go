package provider

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/procfsd/procfsd/tests/leaktest"
	"golang.org/x/sys/unix"
)

// roleEnv makes this test binary another process: one that waits and obeys
// (obey), or one that makes checks of its own where the test cannot (roles).
const roleEnv = "PROCFSD_PROVIDER_TEST_ROLE"

// users that need no passwd entry.
const alice, bob = 71001, 71002

func init() {
	if name := os.Getenv(roleEnv); name != "" && name != "hostname" {
		runtime.LockOSThread() // main is the main thread
	}
}

func TestMain(m *testing.M) {
	name := os.Getenv(roleEnv)
	if name == "" {
		os.Exit(leaktest.Main(suite{m}))
	}
	var err error
	if role := roles[name]; role != nil {
		err = role()
	} else {
		err = obey(strings.Fields(name))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// suite closes in the end what is opened once for all tests.
type suite struct{ *testing.M }

func (s suite) Run() int {
	defer func() {
		debugTargetFile.Close()
		if f, err := host(); err == nil {
			f.Close()
		}
	}()
	return s.M.Run()
}

// roles are checks that need a whole process. Each says what is wrong.
var roles = map[string]func() error{
	"counters":    roleCounters,
	"covered":     roleCovered,
	"everymethod": checkEvery,
	"innerpid":    roleInnerPID,
	"hidepid":     roleHidePID,
	"unmapped":    roleUnmapped,
	"probe":       roleProbe,
	"hostname":    roleHostname,
	"mapnames":    roleMapNames,
	"unlinked":    roleUnlinked,
	"spacedenied": roleSpaceDenied,
	"fdsdenied":   roleFDsDenied,
	"elsewhere":   roleElsewhere,
	"seizer":      roleSeizer,
}

// runRole runs a role to its end and gives its output.
func runRole(t *testing.T, name string, attr *syscall.SysProcAttr, env ...string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), roleEnv+"="+name), env...)
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("role %s: %v\n%s", name, err, out)
	}
	return string(out)
}

// obey is a process that waits. It makes itself special first, then says its
// pid, the number of another thread, and three pages with a hole in the middle.
func obey(kinds []string) error {
	for _, kind := range kinds {
		if err := become[kind](); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	tids := make(chan int)
	go func() {
		runtime.LockOSThread()
		tids <- unix.Gettid()
		select {}
	}()
	page := os.Getpagesize()
	pages, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	for i := range pages {
		pages[i] = byte(i / page)
	}
	if _, _, errno := unix.Syscall(unix.SYS_MUNMAP, address(pages)+uintptr(page), uintptr(page), 0); errno != 0 {
		return errno
	}
	fmt.Println(os.Getpid(), <-tids, address(pages))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "exec" {
			return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
		}
		fmt.Println(pages[0])
	}
	return nil
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

var become = map[string]func() error{
	"plain":  func() error { return nil },
	"undump": func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) },
	"bare":   func() error { return mainThread(unix.SYS_CAPSET, capsHeader(), capsData(0)) },
	"nnp":    noNewPrivs,

	"landlock": enterLandlock,
	"netns":    openNetSockets,
	"nettap":   openTap,
	"retitled": retitle,
	"unshared": unsharePID,
}

func noNewPrivs() error { return mainThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1) }

// enterLandlock puts the main thread into a domain that forbids making devices.
func enterLandlock() error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_CHAR}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 8, 0)
	if errno != 0 {
		return errno
	}
	return errors.Join(noNewPrivs(), mainThread(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0))
}

// mainThread makes a system call that changes the main thread, the one by
// which the process is judged.
func mainThread(call, a, b uintptr) error {
	if _, _, errno := unix.RawSyscall(call, a, b, 0); errno != 0 {
		return errno
	}
	return nil
}

var theCapsHeader = unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}

func capsHeader() uintptr { return uintptr(unsafe.Pointer(&theCapsHeader)) }

// capsData makes c effective and permitted.
func capsData(c Caps) uintptr {
	data := new([2]unix.CapUserData)
	for i := range data {
		half := uint32(c >> (32 * i))
		data[i] = unix.CapUserData{Effective: half, Permitted: half}
	}
	keep = append(keep, data)
	return uintptr(unsafe.Pointer(data))
}

var keep []*[2]unix.CapUserData // what only a uintptr points to

// child is an obeying process.
type child struct {
	t            testing.TB
	cmd          *exec.Cmd
	in           io.WriteCloser
	out          *bufio.Reader
	pid, tid     int // tid is not its main thread
	pages        int64
	uid, gid     uint32
	insidePID    int
	alreadyEnded bool
}

type option func(*exec.Cmd)

func kind(names string) option {
	return func(c *exec.Cmd) { c.Env = append(c.Env, roleEnv+"="+names) }
}

// ownSession makes the child the leader of a session, and so of an autogroup:
// who starts the tests need not be in any.
func ownSession(c *exec.Cmd) { c.SysProcAttr.Setsid = true }

func flags(clone uintptr) option {
	return func(c *exec.Cmd) { c.SysProcAttr.Cloneflags |= clone }
}

func user(id uint32, groups ...uint32) option {
	return func(c *exec.Cmd) {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: id, Gid: id, Groups: groups}
	}
}

func ambient(caps ...uintptr) option {
	return func(c *exec.Cmd) { c.SysProcAttr.AmbientCaps = caps }
}

func start(t testing.TB, options ...option) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command("/proc/self/exe"), uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	c.cmd.Env = append(os.Environ(), roleEnv+"=plain")
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{}
	for _, o := range options {
		o(c.cmd)
	}
	if cred := c.cmd.SysProcAttr.Credential; cred != nil {
		c.uid, c.gid = cred.Uid, cred.Gid
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	c.pid, c.out = c.cmd.Process.Pid, bufio.NewReader(out)
	c.hello()
	return c
}

func (c *child) hello() {
	c.t.Helper()
	line, _ := c.out.ReadString('\n')
	if n, err := fmt.Sscan(line, &c.insidePID, &c.tid, &c.pages); n != 3 {
		c.t.Fatalf("child: %q, %v", line, err)
	}
}

// exec waits until the child has another image.
func (c *child) exec() {
	c.t.Helper()
	fmt.Fprintln(c.in, "exec")
	c.hello()
}

// peek is the first byte of the child's pages.
func (c *child) peek() string {
	c.t.Helper()
	fmt.Fprintln(c.in, "peek")
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// end kills and reaps it.
func (c *child) end() {
	if !c.alreadyEnded {
		c.alreadyEnded = true
		c.cmd.Process.Kill()
		c.cmd.Wait()
	}
}

// zombie kills it without reaping.
func (c *child) zombie() {
	c.t.Helper()
	c.cmd.Process.Kill()
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, c.pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		c.t.Fatal(err)
	}
}
