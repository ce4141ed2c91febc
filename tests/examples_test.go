package tests

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// example builds an example program of the library.
func example(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-o", path, module+"/provider/examples/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return path
}

// The ps of the library's examples says on a terminal what ps(1) says there.
func TestExamplePs(t *testing.T) {
	ours := example(t, "ps")
	script := fmt.Sprintf("sleep 100 & sleep 101 & ps; %s; kill %%1 %%2; wait", ours)
	theirs, mine := psLines(t, onTerminal(t, "bash", "-c", script))
	if !slices.Equal(theirs, mine) || len(mine) < 3 {
		t.Errorf("ps says\n%s\nours\n%s", strings.Join(theirs, "\n"), strings.Join(mine, "\n"))
	}
}

// psLines takes two outputs of ps apart, without the lines about ps itself and
// with single blanks.
func psLines(t *testing.T, out string) (first, second []string) {
	t.Helper()
	var parts [][]string
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 4:
		case fields[0] == "PID":
			parts = append(parts, nil)
		case len(parts) > 0 && fields[3] != "ps":
			parts[len(parts)-1] = append(parts[len(parts)-1], strings.Join(fields, " "))
		}
	}
	if len(parts) != 2 {
		t.Fatalf("not two lists: %q", out)
	}
	return parts[0], parts[1]
}

// onTerminal runs a command on a terminal of its own and gives what it writes.
func onTerminal(t *testing.T, name string, args ...string) string {
	t.Helper()
	master, slave := openTerminal(t)
	defer master.Close()
	defer slave.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }).Stop()
	said := make(chan string)
	go func() { text, _ := io.ReadAll(master); said <- string(text) }() // EIO at the end
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	slave.Close()
	return <-said
}

// What selfmemory says of itself lies where ps(1) sees it, too.
func TestExampleSelfmemory(t *testing.T) {
	cmd := exec.Command(example(t, "selfmemory"), "-again")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	lines := bufio.NewScanner(out)
	before := selfMemory(t, lines)
	space, memory := psMemory(t, cmd.Process.Pid)
	fmt.Fprintln(in)
	after := selfMemory(t, lines)
	if before.pid != cmd.Process.Pid || space < before.space || space > after.space {
		t.Errorf("ps: %d KiB of address space; %+v before, %+v after", space, before, after)
	}
	const slack = 1024 // the kernel's counts are kept per processor, and summed now and then
	if memory < before.memory-slack || memory > after.memory+slack {
		t.Errorf("ps: %d KiB of memory; %+v before, %+v after", memory, before, after)
	}
}

type memoryUse struct{ pid, space, memory int }

func selfMemory(t *testing.T, lines *bufio.Scanner) (m memoryUse) {
	t.Helper()
	if !lines.Scan() {
		t.Fatal("it says nothing: ", lines.Err())
	}
	if _, err := fmt.Sscanf(lines.Text(), "PID %d: %d KiB of address space, %d KiB", &m.pid, &m.space, &m.memory); err != nil {
		t.Fatalf("%q: %v", lines.Text(), err)
	}
	return m
}

func psMemory(t *testing.T, pid int) (space, memory int) {
	t.Helper()
	out, err := exec.Command("ps", "-o", "vsz=,rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(out), &space, &memory); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return space, memory
}
