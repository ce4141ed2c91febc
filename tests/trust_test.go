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
	record = flag.Bool("record", false, "with -soak: write the figures of those that ran into README.md and tests/README.md")
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
	ran     bool // and was not skipped
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
			t.Run("run", func(t *testing.T) {
				defer func() { s.ran = !t.Skipped() }()
				sc.run(t, s)
			})
			s.took = time.Since(start).Round(time.Second)
			if err := before.Nothing(base); err != nil {
				t.Error(err)
			}
			s.passed = s.ran && !t.Failed()
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

// recordTrials renews the rows of what has run. Others stay, if they are of the
// same scenarios on the same machine.
func recordTrials(t *testing.T, all []scenario, runs map[int]*trustRun) {
	t.Helper()
	if !*soak {
		t.Fatal("-record wants -soak: figures of short runs are none")
	}
	for _, file := range []string{"../README.md", "README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out, err := withTable(string(text), func(old string) string { return trustTable(all, runs, conditions(), old) })
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// conditions are where it ran.
func conditions() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	version, _ := exec.Command("go", "env", "GOVERSION").Output()
	return fmt.Sprintf("Linux %s, %d CPUs, %s", unix.ByteSliceToString(u.Release[:]), runtime.NumCPU(), strings.TrimSpace(string(version)))
}

func trustTable(all []scenario, runs map[int]*trustRun, conditions, old string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n\n| # | scenario | pass | figures | time | |\n|---|---|---|---|---|---|\n", conditions)
	if !strings.HasPrefix(strings.TrimSpace(old), conditions+":\n") {
		old = ""
	}
	for _, sc := range all {
		row := fmt.Sprintf("| %d | %s | %s | ", sc.number, sc.name, sc.pass)
		if s := runs[sc.number]; s != nil && s.ran {
			fmt.Fprintf(&b, "%s%s | %v | %s %s |\n", row, strings.Join(s.figures, "; "), s.took, s.verdict(), time.Now().UTC().Format(time.DateOnly))
		} else if _, rest, ok := strings.Cut(old, "\n"+row); ok {
			rest, _, _ = strings.Cut(rest, "\n")
			b.WriteString(row + rest + "\n")
		}
	}
	return b.String()
}

func (s *trustRun) verdict() string {
	if s.passed {
		return "passed"
	}
	return "**failed**"
}

// withTable changes what is between its lines.
func withTable(text string, change func(old string) string) (string, error) {
	before, rest, ok := strings.Cut(text, tableBegin)
	old, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return "", fmt.Errorf("no place for the table: a line %q and a line %q", tableBegin, tableEnd)
	}
	return before + tableBegin + "\n" + change(old) + tableEnd + after, nil
}

func TestTrustTable(t *testing.T) {
	all := []scenario{{number: 1, name: "a", pass: "b"}, {number: 2, name: "c", pass: "d"}, {number: 3, name: "e", pass: "f"}}
	today := time.Now().UTC().Format(time.DateOnly)
	old := "\nhere:\n\n| 1 | a | b | old | 0s | passed 2025-01-01 |\n| 2 | c | other | old | 0s | passed 2025-01-01 |\n| 3 | e | f | old | 0s | passed 2025-01-01 |\n"
	runs := map[int]*trustRun{1: {figures: []string{"5 of 5", "2 ms"}, took: time.Second, ran: true, passed: true}, 3: {}}
	head := "here:\n\n| # | scenario | pass | figures | time | |\n|---|---|---|---|---|---|\n"
	want := head + "| 1 | a | b | 5 of 5; 2 ms | 1s | passed " + today + " |\n| 3 | e | f | old | 0s | passed 2025-01-01 |\n"
	if got := trustTable(all, runs, "here", old); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	runs[3].ran = true
	want = strings.Replace(head, "here", "there", 1) + "| 1 | a | b | 5 of 5; 2 ms | 1s | passed " + today + " |\n| 3 | e | f |  | 0s | **failed** " + today + " |\n"
	if got := trustTable(all, runs, "there", old); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestTrustTablePlace(t *testing.T) {
	got, err := withTable("x\n"+tableBegin+"\nold\n"+tableEnd+"\ny\n", func(old string) string { return strings.ToUpper(old[1:]) })
	if want := "x\n" + tableBegin + "\nOLD\n" + tableEnd + "\ny\n"; got != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"", tableBegin, tableEnd, tableEnd + tableBegin} {
		if got, err := withTable(bad, func(string) string { return "new" }); err == nil || got != "" {
			t.Errorf("%q: %q", bad, got)
		}
	}
}
