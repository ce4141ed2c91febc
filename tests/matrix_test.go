package tests

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The one rule of rights is never more than native. TestRightsMatrix holds it
// against the kernel: callers of many kinds try every operation on each node of
// targets of many kinds, here and natively (/proc, ptrace, kill), in the same
// process. Not one may be granted here only, and those that are granted natively
// only are the ones that testdata/less.txt lists, no fewer and no more.

// cell is one try of one caller: what of whom, and who granted it.
type cell struct {
	target, node, op string
	native, ours     bool
}

func (c *cell) name() string { return c.target + " " + c.node + " " + c.op }

func TestRightsMatrix(t *testing.T) {
	d := mount(t)
	lines := readLess(t)
	targets := startVictims(t, d)
	cells := map[string][]cell{}
	for _, caller := range callers {
		cells[caller.name] = try(t, caller.as, d.dir, targets)
	}
	for i, v := range targets {
		if v.Own && v.Name != "traced" { // whom the tracer would have to continue
			stopVictim(t, v.PID)
			targets[i].Name += "/stopped"
		}
	}
	prepareOsrel(t, d, targets)
	stopped := slices.DeleteFunc(slices.Clone(targets), func(v target) bool { return !strings.HasSuffix(v.Name, "/stopped") })
	for _, caller := range callers {
		cells[caller.name] = append(cells[caller.name], try(t, caller.as, d.dir, stopped)...)
	}
	for _, caller := range callers {
		t.Run(caller.name, func(t *testing.T) { compareCells(t, caller.name, cells[caller.name], lines) })
	}
	checkLess(t, lines)
	checkMatrixSize(t, cells)
}

func compareCells(t *testing.T, caller string, cells []cell, lines []*lessLine) {
	granted, less := 0, 0
	for _, c := range cells {
		line := findLess(lines, caller, &c)
		switch {
		case c.ours && !c.native:
			t.Errorf("EXCESS: %s is granted, natively refused", c.name())
		case c.ours == c.native && line != nil && c.native:
			t.Errorf("%s is granted, and less.txt:%d says it is not", c.name(), line.number)
		case c.ours == c.native && line != nil && !line.loose:
			t.Errorf("%s is refused natively too, and less.txt:%d lists it", c.name(), line.number)
		case c.native && !c.ours && line == nil:
			t.Errorf("%s is refused, natively granted, and not listed", c.name())
		}
		switch {
		case c.ours && c.native:
			granted++
		case c.native:
			less++
		}
	}
	t.Logf("of %d cells %d are granted, %d natively only", len(cells), granted, less)
	if path := os.Getenv("PROCFSD_LESS"); path != "" {
		dumpLess(t, path, caller, cells)
	}
}

// checkMatrixSize: a matrix in which little was tried, or in which little is
// granted or refused on both sides, would agree with anything.
func checkMatrixSize(t *testing.T, cells map[string][]cell) {
	t.Helper()
	type sums struct{ granted, refused int }
	nodes := map[string]*sums{}
	total := 0
	for _, list := range cells {
		total += len(list)
		for _, c := range list {
			s := nodes[c.node]
			if s == nil {
				s = new(sums)
				nodes[c.node] = s
			}
			if c.ours && c.native {
				s.granted++
			} else if !c.ours && !c.native {
				s.refused++
			}
		}
	}
	if total < 10_000 || len(nodes) != 18 { // 14, 3 at the root, and wchan
		t.Errorf("%d cells of %d nodes only", total, len(nodes))
	}
	for name, s := range nodes {
		if s.granted < 5 || s.refused < 5 {
			t.Errorf("%s: %d cells granted, %d refused", name, s.granted, s.refused)
		}
	}
}

// lessLine lists cells that are granted natively only.
type lessLine struct {
	number                      int
	callers, targets, nodes, op []string
	reason                      string
	loose                       bool // ~: process 1 is the system's own, which may also be refused natively
	used                        int
}

var lessReasons = []string{
	"user namespace", "pid namespace", "no_new_privs or LSM", "the daemon itself", "hidden like FreeBSD",
}

func readLess(t *testing.T) []*lessLine {
	text := lessText(t)
	var lines []*lessLine
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if line == "" {
			continue
		}
		f := strings.SplitN(strings.TrimPrefix(line, "~"), " | ", 5)
		if len(f) != 5 {
			t.Fatalf("less.txt:%d: %d columns, want 5", number, len(f))
		}
		list := func(i int) []string { return strings.Split(strings.TrimSpace(f[i]), ",") }
		l := &lessLine{number: number, loose: strings.HasPrefix(line, "~"), callers: list(0), targets: list(1), nodes: list(2), op: list(3), reason: strings.TrimSpace(f[4])}
		if !slices.Contains(lessReasons, l.reason) {
			t.Errorf("less.txt:%d: %q is no reason", number, l.reason)
		}
		lines = append(lines, l)
	}
	return lines
}

func findLess(lines []*lessLine, caller string, c *cell) *lessLine {
	has := func(list []string, name string) bool { return slices.Contains(list, name) }
	for _, l := range lines {
		if has(l.callers, caller) && has(l.targets, c.target) && has(l.nodes, c.node) && has(l.op, c.op) {
			l.used++
			return l
		}
	}
	return nil
}

// checkLess: full root, and a user with his own dumpable processes, are granted
// what is native; every line is of use.
func checkLess(t *testing.T, lines []*lessLine) {
	t.Helper()
	for _, l := range lines {
		if l.loose && !slices.Equal(l.targets, []string{"init"}) {
			t.Errorf("less.txt:%d: only process 1 may be what it likes", l.number)
		}
		if l.used == 0 && !absentTargets(l.targets) {
			t.Errorf("less.txt:%d: no such cell", l.number)
		}
		for _, caller := range []string{"root", "alice"} {
			if slices.Contains(l.callers, caller) && l.reason != "the daemon itself" && l.reason != "hidden like FreeBSD" {
				t.Errorf("less.txt:%d: %s gets less for %q", l.number, caller, l.reason)
			}
		}
		if l.reason == "the daemon itself" && !slices.Equal(l.targets, []string{"daemon"}) ||
			l.reason == "hidden like FreeBSD" && len(slices.DeleteFunc(slices.Clone(l.targets), func(s string) bool { return s == "zombie" || s == "kernel" })) > 0 {
			t.Errorf("less.txt:%d: %q is no reason for %v", l.number, l.reason, l.targets)
		}
	}
}

// absentTargets: a container of its own pids has no kernel threads.
func absentTargets(targets []string) bool {
	return slices.Equal(targets, []string{"kernel"}) && !native{2}.kernelThread()
}

// dumpLess appends the cells that natively alone are granted, for whoever
// writes less.txt.
func dumpLess(t *testing.T, path, caller string, cells []cell) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range cells {
		if c.native && !c.ours {
			fmt.Fprintf(f, "%s | %s | %s | %s\n", caller, c.target, c.node, c.op)
		}
	}
}

// try runs the matrix as a caller.
func try(t *testing.T, who func(*exec.Cmd) *exec.Cmd, dir string, targets []target) []cell {
	t.Helper()
	args := []string{dir}
	for _, v := range targets {
		args = append(args, v.argument())
	}
	out, err := who(public(t, helper(t, "matrix", args...))).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var cells []cell
	for line := range strings.Lines(string(out)) {
		var c cell
		if _, err := fmt.Sscan(line, &c.target, &c.node, &c.op, &c.native, &c.ours); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		cells = append(cells, c)
	}
	if len(cells) < len(targets)*50 {
		t.Fatalf("%d cells of %d targets", len(cells), len(targets))
	}
	return cells
}

func stopVictim(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a victim to stop", func() bool { s, err := processState(pid); return err == nil && s == 'T' })
}
