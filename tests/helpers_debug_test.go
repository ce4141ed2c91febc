package tests

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// debugTarget is testdata/target.c, built once. Every user may execute it.
var debugTarget = sync.OnceValues(func() (string, error) {
	path := filepath.Join(base, "target")
	out, err := exec.Command("gcc", "-O1", "-Wall", "-static", "-pthread", "-o", path, "testdata/target.c").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, os.Chmod(path, 0o755)
})

// compatProgram is testdata/compat, a 32-bit program.
var compatProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(base, "compat")
	cmd := exec.Command("go", "build", "-o", path, "./testdata/compat")
	cmd.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, os.Chmod(path, 0o755)
})

func targetPath(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		lack(t, "no C compiler")
	}
	path, err := debugTarget()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// debuggee is a process to be debugged, alone in its process group.
type debuggee struct {
	t    testing.TB
	pid  int
	says map[string]int64 // of itself, when it is ready
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  chan string  // its lines
	rest string       // what nobody had read when it ended
	end  func() error // ends the wait for more lines
}

// targetProgram is the target in one of its modes.
func targetProgram(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(targetPath(t), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// byUser makes a program run as a user.
func byUser(cmd *exec.Cmd, uid uint32) *exec.Cmd {
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	return cmd
}

func startDebuggee(t testing.TB, cmd *exec.Cmd) *debuggee {
	t.Helper()
	p := &debuggee{t: t, cmd: cmd, says: map[string]int64{}, out: make(chan string, 100)}
	cmd.Dir, cmd.Stderr = "/", os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); p.exit() })
	p.end = out.Close
	p.pid = cmd.Process.Pid
	go func() {
		defer close(p.out)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.out <- lines.Text()
		}
	}()
	for _, pair := range strings.Fields(p.line()) {
		var n int64
		name, value, _ := strings.Cut(pair, "=")
		fmt.Sscan(value, &n)
		p.says[name] = n
	}
	return p
}

// startTarget starts the target as root.
func startTarget(t testing.TB, args ...string) *debuggee {
	t.Helper()
	return startDebuggee(t, targetProgram(t, args...))
}

// line is the next that it says.
func (p *debuggee) line() string {
	p.t.Helper()
	select {
	case line, ok := <-p.out:
		if !ok {
			p.t.Fatalf("%v has ended", p.cmd)
		}
		return line
	case <-time.After(10 * time.Second):
		p.t.Fatalf("%v is silent", p.cmd)
	}
	return ""
}

// exit waits for its end and gives its status as a shell has it.
func (p *debuggee) exit() int {
	p.t.Helper()
	if p.cmd.ProcessState == nil {
		killer := time.AfterFunc(10*time.Second, func() {
			p.t.Errorf("%v does not end, or a child of it", p.cmd)
			p.cmd.Process.Kill()
			p.end()
		})
		defer killer.Stop()
		for line := range p.out { // Wait closes the pipe
			p.rest += line
		}
		p.cmd.Wait()
	}
	return shellStatus(p.cmd.ProcessState)
}

func (p *debuggee) kill(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

func (p *debuggee) stop() {
	p.t.Helper()
	p.kill(unix.SIGSTOP)
	p.wants('T')
}

// wants waits until it is in a state.
func (p *debuggee) wants(want byte) {
	p.t.Helper()
	waitFor(p.t, fmt.Sprintf("%v in state %c", p.cmd, want), func() bool {
		state, err := processState(p.pid)
		return err == nil && state == want
	})
}

// peek reads a number from its memory, natively.
func (p *debuggee) peek(name string) int64 {
	p.t.Helper()
	var value int64
	remote := []unix.RemoteIovec{{Base: uintptr(p.says[name]), Len: 8}}
	local := []unix.Iovec{{Base: (*byte)(unsafe.Pointer(&value)), Len: 8}}
	if n, err := unix.ProcessVMReadv(p.pid, local, remote, 0); n != 8 || err != nil {
		p.t.Fatalf("memory of %v: %d, %v", p.cmd, n, err)
	}
	return value
}
