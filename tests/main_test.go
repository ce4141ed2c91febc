// Package tests runs the built procfsd, mounted for real, from outside.
//
// Everything happens in a private mount namespace, so that nothing a failed
// test leaves mounted outlives the run; TestMain checks that nothing is left
// all the same. Code that has to be another user, many threads or a victim is
// this test binary again, in a role chosen by helperEnv.
package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/procfsd/procfsd/tests/leaktest"
	"golang.org/x/sys/unix"
)

const (
	helperEnv  = "PROCFSD_TEST_HELPER" // the role of a re-executed test binary
	privateEnv = "PROCFSD_TEST_PRIVATE"
	binaryEnv  = "PROCFSD_BIN" // a procfsd to test; else it is built
)

var helpers = map[string]func(){
	"init":         helperInit,
	"pause":        helperPause,
	"cat":          helperCat,
	"exit":         func() {},
	"pause2":       helperPause2,
	"tree":         helperTree,
	"matrix":       helperMatrix,
	"leaker":       helperLeaker,
	"requests":     helperRequests,
	"attacker":     helperAttacker,
	"victim":       helperVictim,
	"threads":      helperThreads,
	"zombieleader": helperZombieleader,
	"execstuck":    helperExecStuck,
	"chroot":       helperChroot,
	"signals":      helperSignals,
	"nonamespaces": helperNoNamespaces,
	"attempt":      helperAttempt,
	"mapper":       helperMapper,
	"owner":        helperOwner,
	"probe":        helperProbe,
	"report":       helperReport,
	"silent":       helperSilent,
	"storm":        helperStorm,
	"stuck":        helperStuck,
	"walker":       helperWalker,
	"pieces":       helperPieces,
	"crowd":        helperCrowd,
	"holder":       helperHolder,
	"volley":       helperVolley,
	"neighbour":    helperNeighbour,
	"mappings":     helperMappings,
	"visitor":      helperVisitor,
	"stranger":     helperStranger,
	"lender":       helperLender,
	"borrower":     helperBorrower,
	"hostile":      helperHostile,
	"suspicious":   helperSuspicious,
	"fuzzyard":     helperFuzzYard,
	"fuzzer":       helperFuzzer,
	"fuzztarget":   helperFuzzTarget,
	"uring":        helperUring,
}

func TestMain(m *testing.M) {
	if role := os.Getenv(helperEnv); role != "" {
		helpers[role]()
		os.Exit(0)
	}
	if os.Geteuid() == 0 && os.Getenv(privateEnv) == "" {
		os.Exit(rerunPrivately())
	}
	os.Exit(run(m))
}

// rerunPrivately runs the whole test binary once more in a mount namespace of
// its own.
func rerunPrivately() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), privateEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // for Pdeathsig
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "tests:", err)
	return 1
}

// base holds every file of the run; it can be entered by every user.
var base string

func run(m *testing.M) int {
	if os.Getenv(namespaceEnv) != "" { // a pid namespace of our own, with its own /proc
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			fmt.Fprintln(os.Stderr, "tests: /proc:", err)
			return 1
		}
	}
	dir, err := os.MkdirTemp("", "procfsd-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests:", err)
		return 1
	}
	base = dir
	code := leaktest.Main(m)
	if left := leftovers(); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: left behind:\n%s\n", strings.Join(left, "\n"))
		return max(code, 1) // and nothing removed, for something may be mounted below
	}
	os.RemoveAll(dir)
	return code
}

// leftovers are mounts of ours in this namespace, and daemons that run our
// binary.
func leftovers() []string {
	var left []string
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, " - fuse.procfsd ") || strings.Contains(line, base) {
			left = append(left, strings.TrimSpace(line))
		}
	}
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if text, err := os.Readlink(link); err == nil && strings.HasPrefix(text, base) {
			left = append(left, link+" -> "+text)
		}
	}
	return left
}

// need is for tests that cannot do without root and FUSE: where one is missing
// they skip, and in CI they fail.
func need(t testing.TB) {
	t.Helper()
	switch {
	case os.Geteuid() != 0:
		lack(t, "not root")
	case unix.Access("/dev/fuse", unix.R_OK|unix.W_OK) != nil:
		lack(t, "no /dev/fuse")
	}
}

func lack(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("cannot run: %s", what)
	}
	t.Skipf("skipped: %s", what)
}

// binary is the procfsd under test: a static one.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(binaryEnv); path != "" {
		return path, nil
	}
	path := filepath.Join(base, "procfsd")
	cmd := exec.Command("go", "build", "-o", path, "../cmd/procfsd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if raceEnabled {
		cmd = exec.Command("go", "build", "-race", "-o", path, "../cmd/procfsd")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return path, nil
})

func procfsd(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// directory makes one that every user can enter.
func directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(base, "d")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func isMounted(dir string) bool {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	return bytes.Contains(mounts, []byte(" "+dir+" "))
}

// waitFor polls a condition that has to come true.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

func processState(pid int) (byte, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return text[bytes.LastIndexByte(text, ')')+2], nil
}

// helper starts this binary in a role. It ends with the test.
func helper(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), helperEnv+"="+role)
	cmd.Stderr = os.Stderr
	cmd.Dir = "/"
	return cmd
}

// as makes a helper run under other ids, without supplementary groups.
func as(cmd *exec.Cmd, uid, gid uint32) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	return cmd
}

// start starts a helper that says one line when it is ready, and gives the line.
func start(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe() // its end tells the helper to end
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	var line []byte
	for b := make([]byte, 1); ; {
		if _, err := out.Read(b); err != nil {
			t.Fatalf("helper: %v", err)
		}
		if b[0] == '\n' {
			return string(line)
		}
		line = append(line, b[0])
	}
}

func atoi(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
