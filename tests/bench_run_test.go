package tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benchCases are the rows of tests/bench, in order.
var benchCases = []string{
	"status of 5 processes, one CPU", "status of 5 processes, unpinned",
	"status of one process, one CPU", "status of one process, unpinned",
	"root status, per process", "map of 1000 mappings", "map of 16 MiB resident",
	"rlimit", "listing the root, per name", "mem, reads of 1 MiB",
	"pread of an open status", "first byte, 64 readers, p50", "first byte, 64 readers, p99",
}

// TestBench runs every case of the benchmark for a moment. What it measures is
// its own affair; here it has to measure something, and to leave nothing.
func TestBench(t *testing.T) {
	b := newBench(t)
	out, err := b.command("-rounds", "1", "-time", "1ms").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b.leavesNothing(t)
	rows := benchRows(string(out))
	if len(rows) != len(benchCases) {
		t.Fatalf("%d cases, want %d:\n%s", len(rows), len(benchCases), out)
	}
	for i, row := range rows {
		if row[0] != benchCases[i] {
			t.Errorf("case %q, want %q", row[0], benchCases[i])
		}
		for _, column := range []int{1, 2, 3, 6, 7} {
			if n, err := strconv.ParseFloat(row[column], 64); err != nil || n <= 0 || n > 1e9 {
				t.Errorf("%s: column %d is %q", row[0], column, row[column])
			}
		}
	}
}

// TestBenchLong: the longest map there can be, on request.
func TestBenchLong(t *testing.T) {
	b := newBench(t)
	out, err := b.command("-rounds", "1", "-time", "1ms", "-long", "-only", "map of [0-9]{5,} mappings").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b.leavesNothing(t)
	if rows := benchRows(string(out)); len(rows) != 1 || !strings.HasSuffix(rows[0][0], " mappings") {
		t.Errorf("%s", out)
	}
}

// TestBenchInterrupted stops it while it measures.
func TestBenchInterrupted(t *testing.T) {
	b := newBench(t)
	cmd := b.command("-rounds", "1000000", "-only", "rlimit")
	cmd.Stderr = nil
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said.Read(make([]byte, 1)) // that it begins
	cmd.Process.Signal(syscall.SIGINT)
	killer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer killer.Stop()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("interrupted: %v, want exit status 1", err)
	}
	b.leavesNothing(t)
}

// builtBench is the program, and where all its files are.
type builtBench struct{ path, tmp, mark string }

func newBench(t *testing.T) builtBench {
	t.Helper()
	need(t)
	dir := directory(t)
	b := builtBench{path: filepath.Join(dir, "bench"), tmp: filepath.Join(dir, "tmp")}
	b.mark = "PROCFSD_TEST_MARK=" + dir
	cmd := exec.Command("go", "build", "-o", b.path, "./bench")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	if err := os.Mkdir(b.tmp, 0o755); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b builtBench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.path, append([]string{"-markdown", "-processes", "5", "-resident", "16"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+b.tmp, b.mark)
	cmd.Stderr = os.Stderr
	return cmd
}

// leavesNothing: no file, no mount, and no process that was started by it, all
// of which have the mark in their environment.
func (b builtBench) leavesNothing(t *testing.T) {
	t.Helper()
	if files, err := os.ReadDir(b.tmp); err != nil || len(files) > 0 {
		t.Errorf("left in %s: %v, %v", b.tmp, files, err)
	}
	if mounts, _ := os.ReadFile("/proc/self/mountinfo"); bytes.Contains(mounts, []byte(b.tmp)) {
		t.Errorf("left mounted:\n%s", mounts)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(processes) == 0 {
		t.Fatalf("%v, %v", processes, err)
	}
	for _, path := range processes {
		if text, _ := os.ReadFile(path); bytes.Contains(text, []byte(b.mark)) {
			t.Errorf("left running: %s", path)
		}
	}
}

// benchRows takes the markdown table apart, without its head.
func benchRows(out string) (rows [][]string) {
	for line := range strings.Lines(out) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) == 10 && cells[0] != "case" {
			rows = append(rows, cells)
		}
	}
	return rows
}
