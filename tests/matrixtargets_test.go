package tests

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

//go:embed testdata/less.txt
var less string

func lessText(t *testing.T) string {
	t.Helper()
	return less
}

// marker is what callers try to read of a victim's memory.
var marker = [16]byte([]byte("procfsd's marker"))

const (
	alice = 1234
	bob   = 65534
)

// victim kinds, and how each comes to be.
var victims = []struct {
	name string
	as   func(*exec.Cmd) *exec.Cmd
}{
	{"alice", asAlice},
	{"bob", func(c *exec.Cmd) *exec.Cmd { return as(c, bob, bob) }},
	{"root", asRoot},
	{"undumpable", asAlice},
	{"unreadable", asAlice}, // of a binary that alice may execute only
	{"setuid", asAlice},     // set-uid root, started by alice
	{"traced", asAlice},     // by the test
	{"othergroup", func(c *exec.Cmd) *exec.Cmd { return as(c, alice, bob) }},
	{"mixed", asRoot},     // set-uid alice, started by bob
	{"mixedopen", asRoot}, // the same, dumpable again
	{"capable", capable},
	{"namespace", asAlice}, // of a user namespace of alice's
}

// callers of the matrix.
var callers = []struct {
	name string
	as   func(*exec.Cmd) *exec.Cmd
}{
	{"root", asRoot},
	{"root-without-capabilities", mode("uncapable")},
	{"alice", asAlice},
	{"bob", func(c *exec.Cmd) *exec.Cmd { return as(c, bob, bob) }},
	{"alice-of-bobs-group", func(c *exec.Cmd) *exec.Cmd { return as(c, alice, bob) }},
	{"capable-alice", capable},
	{"debugging-alice", func(c *exec.Cmd) *exec.Cmd { // may open any memory, and signal nobody else
		capable(c).SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_PTRACE, unix.CAP_DAC_OVERRIDE}
		return c
	}},
	{"alice-in-userns", func(c *exec.Cmd) *exec.Cmd { return mode("userns")(asAlice(c)) }},
	{"root-of-userns", func(c *exec.Cmd) *exec.Cmd { return mode("usernsroot")(asAlice(c)) }},
	{"alice-in-landlock", func(c *exec.Cmd) *exec.Cmd { return mode("landlock")(asAlice(c)) }},
	{"alice-no-new-privs", func(c *exec.Cmd) *exec.Cmd { return mode("nnp")(asAlice(c)) }},
	{"alice-in-pidns", func(c *exec.Cmd) *exec.Cmd { return inPIDs(asAlice(c)) }},
	{"root-in-pidns", func(c *exec.Cmd) *exec.Cmd {
		c.SysProcAttr = &syscall.SysProcAttr{}
		return inPIDs(c)
	}},
}

func asRoot(c *exec.Cmd) *exec.Cmd  { return c }
func asAlice(c *exec.Cmd) *exec.Cmd { return as(c, alice, alice) }

// capable: alice with one capability more than other alices.
func capable(c *exec.Cmd) *exec.Cmd {
	as(c, alice, alice)
	c.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_PTRACE}
	return c
}

func inPIDs(c *exec.Cmd) *exec.Cmd {
	c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWPID
	return c
}

func mode(m string) func(*exec.Cmd) *exec.Cmd {
	return func(c *exec.Cmd) *exec.Cmd {
		c.Env = append(c.Env, "MODE="+m)
		return c
	}
}

// target of the tries.
type target struct {
	Name    string
	PID     int
	Address uintptr // of 16 bytes of its memory, 0 for unknown
	Own     bool    // a process of the test's, to be written to and stopped
}

func (v *target) argument() string {
	b, err := json.Marshal(v)
	must(err)
	return string(b)
}

func startVictims(t *testing.T, d *daemon) []target {
	var all []target
	for _, kind := range victims {
		cmd := mode(kind.name)(kind.as(public(t, helper(t, "victim"))))
		switch kind.name {
		case "unreadable":
			cmd.Path = copyOfTest(t, directory(t), 0o711)
		case "setuid":
			cmd.Path = copyOfTest(t, privateTmpfs(t), 0o755|os.ModeSetuid)
		}
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		cmd.SysProcAttr.Setpgid = true // notepg reaches nobody else
		line := start(t, cmd)
		v := target{Name: kind.name, Own: true}
		if _, err := fmt.Sscan(line, &v.PID, &v.Address); err != nil {
			t.Fatalf("%s: %q: %v", kind.name, line, err)
		}
		all = append(all, v)
	}
	checkVictims(t, all)
	all = append(all, startZombie(t), target{Name: "init", PID: 1}, target{Name: "daemon", PID: d.cmd.Process.Pid, Address: readableAddress(t, d.cmd.Process.Pid)})
	if (native{2}).kernelThread() {
		all = append(all, target{Name: "kernel", PID: 2})
	}
	prepareOsrel(t, d, all)
	return all
}

// public makes a helper run from a file that everybody can reach: natively a
// link to an executable leads there even through closed directories, and ours
// does not.
func public(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	path := filepath.Join(base, "tests")
	if _, err := os.Stat(path); err != nil {
		if err := os.Rename(copyOfTest(t, base, 0o755), path); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Path = path
	return cmd
}

// checkVictims: they are what they are called.
func checkVictims(t *testing.T, all []target) {
	t.Helper()
	for _, v := range all {
		keys, err := native{v.PID}.statusKeys()
		uid := map[string]string{"bob": "65534 65534 65534", "root": "0 0 0", "setuid": "1234 0 0", "mixed": "65534 1234 1234", "mixedopen": "65534 1234 1234"}[v.Name]
		if uid == "" {
			uid = "1234 1234 1234"
		}
		if got := strings.Join(strings.Fields(keys["Uid"])[:3], " "); err != nil || got != uid {
			t.Errorf("%s has the users %q, %v", v.Name, got, err)
		}
		if v.Name == "traced" {
			trace(t, v.PID)
		}
	}
}

// trace holds on to a process, without stopping it, until the test ends.
func trace(t *testing.T, pid int) {
	t.Helper()
	result, end := make(chan unix.Errno), make(chan struct{})
	go func() {
		runtime.LockOSThread() // for ever: the trace ends with the thread
		result <- ptraceCall(unix.PTRACE_SEIZE, pid)
		<-end
	}()
	t.Cleanup(func() { close(end) })
	if errno := <-result; errno != 0 {
		t.Fatalf("PTRACE_SEIZE: %v", errno)
	}
}

func ptraceCall(request, pid int) unix.Errno {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(pid), 0, 0, 0, 0)
	return errno
}

// startZombie: alice's, until the test ends.
func startZombie(t *testing.T) target {
	t.Helper()
	cmd := asAlice(helper(t, "exit"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() })
	waitFor(t, "a zombie", func() bool { s, _ := processState(cmd.Process.Pid); return s == 'Z' })
	return target{Name: "zombie", PID: cmd.Process.Pid}
}

// readableAddress is where a process's first mapping is.
func readableAddress(t *testing.T, pid int) uintptr {
	t.Helper()
	text, err := native{pid}.read("maps")
	var address uintptr
	if _, scanErr := fmt.Sscanf(text, "%x-", &address); err != nil || scanErr != nil {
		t.Fatalf("maps of %d: %v, %v", pid, err, scanErr)
	}
	return address
}

// osrelMark is what osrel says of every target once root has written it: who
// reads it got in.
const osrelMark = "1402000"

func prepareOsrel(t *testing.T, d *daemon, all []target) {
	t.Helper()
	for _, v := range all {
		err := os.WriteFile(d.path(v.PID, "osrel"), []byte(osrelMark), 0)
		if v.Own && err != nil {
			t.Errorf("osrel of %s: %v", v.Name, err)
		}
	}
}

// privateTmpfs obeys set-uid bits.
func privateTmpfs(t testing.TB) string {
	t.Helper()
	dir := directory(t)
	if err := unix.Mount("procfsd-test", dir, "tmpfs", 0, "mode=755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func copyOfTest(t testing.TB, dir string, mode os.FileMode) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	return writeProgram(t, filepath.Join(dir, "program"), b, mode)
}

func writeProgram(t testing.TB, path string, b []byte, mode os.FileMode) string {
	t.Helper()
	err := os.WriteFile(path, b, 0o700)
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// helperVictim becomes its kind, says where its marker is, and waits.
func helperVictim() {
	switch os.Getenv("MODE") {
	case "undumpable":
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	case "mixed", "mixedopen":
		must(syscall.Setgroups(nil))
		must(syscall.Setresgid(alice, alice, alice))
		must(syscall.Setresuid(bob, alice, alice))
		if os.Getenv("MODE") == "mixedopen" {
			unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
		}
	case "namespace":
		inUserNamespace(0, syscall.SysProcAttr{Setpgid: true})
		return
	}
	fmt.Println(os.Getpid(), uintptr(unsafe.Pointer(&marker)))
	io.Copy(io.Discard, os.Stdin)
}

// inUserNamespace runs this role again in a new user namespace, as a user of it.
func inUserNamespace(uid int, attr syscall.SysProcAttr) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), "MODE=inside")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	attr.Cloneflags = syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}}
	attr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr = &attr
	lockThread()
	must(cmd.Run())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		os.Exit(3)
	}
}
