package tests

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/procfsd/procfsd/tests/leaktest"
	"golang.org/x/sys/unix"
)

var (
	soak   = flag.Bool("soak", false, "run the scenarios of TestTrust for as long as their figures need, more than an hour, and not for seconds")
	record = flag.Bool("record", false, "with -soak: write their figures into README.md and tests/README.md")
)

// scenario is one promise that is kept under faults or load: a row of the table
// in tests/README.md.
type scenario struct {
	number int
	name   string // what is done
	pass   string // what must come out
	run    func(t *testing.T, s *trustRun)
}

// trustRun is one run of a scenario.
type trustRun struct {
	mu      sync.Mutex
	figures []string
	took    time.Duration
	passed  bool
}

// figure notes what came out, for the table.
func (s *trustRun) figure(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.figures = append(s.figures, fmt.Sprintf(format, args...))
}

// forSoak chooses: what CI does in seconds, -soak does until a figure means something.
func forSoak[T any](short, long T) T {
	if *soak {
		return long
	}
	return short
}

// scenarios are all of them, in the order of the table.
func scenarios() []scenario {
	all := slices.Concat(trust1(), trust2(), trust3(), races())
	slices.SortFunc(all, func(a, b scenario) int { return a.number - b.number })
	return all
}

// TestTrust runs them one by one; nothing may be left of any.
func TestTrust(t *testing.T) {
	need(t)
	procfsd(t) // is built, or would be a file that a scenario leaves
	builtOnce(t)
	runs := map[int]*trustRun{}
	all := scenarios()
	for _, sc := range all {
		t.Run(fmt.Sprintf("%02d", sc.number), func(t *testing.T) {
			s := new(trustRun)
			runs[sc.number] = s
			before, start := standing(t), time.Now()
			ok := t.Run("run", func(t *testing.T) { sc.run(t, s) })
			s.took = time.Since(start).Round(time.Second)
			if err := before.Nothing(base); err != nil {
				t.Error(err)
			}
			s.passed = ok && !t.Failed()
			t.Logf("%s: %s (%v)", sc.name, strings.Join(s.figures, "; "), s.took)
		})
	}
	if *record {
		recordTrials(t, all, runs)
	}
}

// standing is what a scenario must leave as it found it.
func standing(t testing.TB) leaktest.Look {
	t.Helper()
	look, err := leaktest.Take(base)
	if err != nil {
		t.Fatal(err)
	}
	return look
}

// The table is between these lines of a Markdown file, and nobody's but ours.
const (
	tableBegin = "<!-- trust: written by go test -run TestTrust -soak -record -->"
	tableEnd   = "<!-- /trust -->"
)

func recordTrials(t *testing.T, all []scenario, runs map[int]*trustRun) {
	t.Helper()
	if !*soak || len(runs) != len(all) {
		t.Fatal("-record wants -soak and all scenarios: figures of short or partial runs are none")
	}
	for _, file := range []string{"../README.md", "README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out, err := withTable(string(text), trustTable(all, runs, conditions()))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// conditions are when and where.
func conditions() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	version, _ := exec.Command("go", "env", "GOVERSION").Output()
	return fmt.Sprintf("%s, Linux %s, %d CPUs, %s", time.Now().UTC().Format(time.DateOnly), unix.ByteSliceToString(u.Release[:]), runtime.NumCPU(), strings.TrimSpace(string(version)))
}

func trustTable(all []scenario, runs map[int]*trustRun, conditions string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n\n| # | scenario | pass | figures | time | |\n|---|---|---|---|---|---|\n", conditions)
	for _, sc := range all {
		s := runs[sc.number]
		verdict := "passed"
		if !s.passed {
			verdict = "**failed**"
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %v | %s |\n", sc.number, sc.name, sc.pass, strings.Join(s.figures, "; "), s.took, verdict)
	}
	return b.String()
}

// withTable puts the table between its lines.
func withTable(text, table string) (string, error) {
	before, rest, ok := strings.Cut(text, tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return "", fmt.Errorf("no place for the table: a line %q and a line %q", tableBegin, tableEnd)
	}
	return before + tableBegin + "\n" + table + tableEnd + after, nil
}

func TestTrustTable(t *testing.T) {
	all := []scenario{{number: 1, name: "a", pass: "b"}, {number: 2, name: "c", pass: "d"}}
	runs := map[int]*trustRun{1: {figures: []string{"5 of 5", "2 ms"}, took: time.Second, passed: true}, 2: {}}
	table := trustTable(all, runs, "today")
	for _, line := range []string{"today:", "| 1 | a | b | 5 of 5; 2 ms | 1s | passed |", "| 2 | c | d |  | 0s | **failed** |"} {
		if !strings.Contains(table, line+"\n") {
			t.Errorf("no %q in\n%s", line, table)
		}
	}
	got, err := withTable("x\n"+tableBegin+"\nold\n"+tableEnd+"\ny\n", "new\n")
	if want := "x\n" + tableBegin + "\nnew\n" + tableEnd + "\ny\n"; got != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"", tableBegin, tableEnd, tableEnd + tableBegin} {
		if got, err := withTable(bad, "new"); err == nil || got != "" {
			t.Errorf("%q: %q", bad, got)
		}
	}
}
