package tests

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// races is the last scenario, in long runs only: tests/run does the same in every
// run, and in a race build there is nothing to repeat.
func races() []scenario {
	if !*soak || raceEnabled {
		return nil
	}
	return []scenario{{16, "every fault above, and every failed system call of `provider`, in builds with the race detector, short", "clean", trustRaces}}
}

func trustRaces(t *testing.T, s *trustRun) {
	passed := raced(t, `(?m)^    --- PASS: TestTrust/\d\d `, "-run", "^TestTrust$", ".")
	if want := len(scenarios()) - 1; passed != want {
		t.Errorf("%d scenarios of %d passed", passed, want)
	}
	sweeps := 0
	for _, dir := range []string{"../provider", "../nodes", "../fs"} {
		n := raced(t, `(?m)^--- PASS: `, "-tags", "faults", "-run", "Fault", dir)
		if n == 0 {
			t.Errorf("no test of faults in %s", dir)
		}
		sweeps += n
	}
	s.figure("%d scenarios and %d tests with faults in system calls, no race", passed, sweeps)
}

// raced runs tests in a race build, where nothing may be skipped, and counts what
// has passed.
func raced(t *testing.T, passed string, args ...string) int {
	t.Helper()
	cmd := exec.Command("go", append([]string{"test", "-race", "-count=1", "-timeout", "20m", "-v"}, args...)...)
	cmd.Env = append(os.Environ(), "CI=true", "CGO_ENABLED=1", "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "DATA RACE") {
		t.Errorf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return len(regexp.MustCompile(passed).FindAll(out, -1))
}
