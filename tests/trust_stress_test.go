package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// stressed are stress-ng's workers as root, who may not run exec.
var stressed = []string{"fork", "vfork", "clone", "zombie", "kill", "mmapmany"}

// walkers walk at once. The race detector is so slow that with eight of them
// a request would last longer than it may.
func walkers() int {
	if raceEnabled {
		return 2
	}
	return 8
}

// stress is a stress-ng that runs.
type stress struct {
	cmd *exec.Cmd
	out *bytes.Buffer
}

// startStress starts it; the command ends in the words that run stress-ng.
func startStress(t testing.TB, howLong time.Duration, cmd *exec.Cmd) *stress {
	t.Helper()
	s := &stress{cmd, new(bytes.Buffer)}
	seconds := strconv.Itoa(int(howLong.Seconds()))
	temp := directory(t)
	if err := os.Chown(temp, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	cmd.Args = append(cmd.Args, "--timeout", seconds, "--metrics-brief", "--temp-path", temp)
	cmd.Stdout, cmd.Stderr = s.out, s.out
	startQuietly(t, cmd)
	return s
}

// operations waits for its end, wants success, and gives what each kind of
// worker has done, as stress-ng counts.
func (s *stress) operations(t testing.TB, kinds ...string) map[string]int {
	t.Helper()
	killer := time.AfterFunc(time.Minute, func() { s.cmd.Process.Kill() })
	defer killer.Stop()
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("stress-ng: %v\n%s", err, s.out)
	}
	done := map[string]int{}
	for _, kind := range kinds {
		found := regexp.MustCompile(`\] ` + kind + ` +(\d+) `).FindSubmatch(s.out.Bytes())
		if found == nil || string(found[1]) == "0" {
			t.Errorf("stress-ng has done no %s:\n%s", kind, s.out)
			continue
		}
		done[kind] = atoi(t, string(found[1]))
	}
	return done
}

func trustStress(t *testing.T, s *trustRun) {
	needProgram(t, "stress-ng", "stress-ng")
	if !s.inNamespace(t) {
		return
	}
	d := mount(t)
	howLong := forSoak(4*time.Second, 120*time.Second)
	most := forSoak("64", "256") // or they fill the table of processes
	root := exec.Command("stress-ng", "--clone-max", most, "--zombie-max", most)
	for _, kind := range stressed {
		root.Args = append(root.Args, "--"+kind, "1")
	}
	user := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "stress-ng", "--exec", "1")
	byRoot, byUser := startStress(t, howLong, root), startStress(t, howLong, user)
	reads, start := 0, time.Now()
	for time.Since(start) < howLong && !t.Failed() { // walkers live for less than two minutes
		reads += readEverything(t, d, walkers(), min(howLong, 20*time.Second))
	}
	done := byRoot.operations(t, stressed...)
	done["exec"] = byUser.operations(t, "exec")["exec"]
	if d.ended() {
		t.Fatalf("the daemon has ended: %s", d.log)
	}
	answers(t, d.dir)
	s.figure("%d reads without fault, under %s", reads, fmt.Sprint(done)[len("map"):])
}
