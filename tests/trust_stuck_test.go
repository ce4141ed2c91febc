package tests

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

const (
	stuckCount = 64   // targets
	hostileUID = 1001 // who has them, and reads them
	slotsOfUID = 16   // what one user's calls may hold
)

// trustStuck: a user has 64 processes whose memory nobody can read, and reads
// all of it at once. That costs others nothing, the readers two seconds, and
// the daemon sixteen threads, until the memory can be read again.
func trustStuck(t *testing.T, s *trustRun) {
	if scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil && string(scope) != "0\n" {
		lack(t, "Yama lets no user read the memory of his own processes")
	}
	d := mount(t)
	targets := startStuckTargets(t, d, hostileUID, stuckCount, "mem")
	waitFor(t, "no thread to be held", func() bool { return inKernel(d.cmd.Process.Pid) == 0 })
	readers := startVolley(t, hostileUID, targets.files...)
	other := startNeighbour(t, d, targets.pids)
	readers.fire()
	waitFor(t, "the readers to hold all that one user may", func() bool { return inKernel(d.cmd.Process.Pid) >= slotsOfUID })
	times := other.while(t, forSoak(1500*time.Millisecond, 1900*time.Millisecond))
	checkRefused(t, s, readers.ended(t))
	checkQuick(t, s, times)
	checkHeld(t, s, d)

	targets.server.Process.Kill()
	waitFor(t, "the daemon's threads to be free", func() bool {
		c := statOf(t, d.dir)
		used, stuck := c.blocking()
		return used == 0 && stuck == 0 && inKernel(d.cmd.Process.Pid) == 0
	})
	s.figure("%d once it was killed", inKernel(d.cmd.Process.Pid))
	checkAnswers(t, d, os.Getpid(), "status", "map")
}

// checkRefused wants every reader to have been told, in time, that the target
// does not answer or that too many ask.
func checkRefused(t *testing.T, s *trustRun, shots []shot) {
	t.Helper()
	count := map[string]int{}
	var longest time.Duration
	for _, shot := range shots {
		count[shot.errno]++
		longest = max(longest, shot.took)
		if !outOfTime(shot.errno) {
			t.Errorf("target %d: %s, want ETIMEDOUT or EBUSY", shot.file, shot.errno)
		}
	}
	if count["ETIMEDOUT"] == 0 || count["EBUSY"] == 0 || count["ETIMEDOUT"] > slotsOfUID {
		t.Errorf("%v: want some stuck, %d at most, and the others waiting for them", count, slotsOfUID)
	}
	onTime(t, "a blocked call", longest, 2500*time.Millisecond)
	s.figure("%d ETIMEDOUT and %d EBUSY after %s at most", count["ETIMEDOUT"], count["EBUSY"], milliseconds(longest))
}

// onTime wants a time to be in its limit, where the machine is ours.
func onTime(t *testing.T, what string, took, limit time.Duration) {
	t.Helper()
	if bound := forSoak(10*limit, limit); took > bound {
		t.Errorf("%s took %v, want %v at most", what, took, bound)
	}
}

func checkQuick(t *testing.T, s *trustRun, times []time.Duration) {
	t.Helper()
	slices.Sort(times)
	if len(times) < 100 {
		t.Errorf("only %d answers to another user", len(times))
	}
	p99 := percentile(times, 99)
	onTime(t, "the slowest but 1% of another user's status", p99, 50*time.Millisecond)
	s.figure("%d status of another uid meanwhile, p99 %s", len(times), milliseconds(p99))
}

// checkHeld: the calls that nobody waits for any more hold threads, but no more
// than one user's share.
func checkHeld(t *testing.T, s *trustRun, d *daemon) {
	t.Helper()
	var used, stuck, held int
	waitFor(t, "a thread for each stuck call and no more", func() bool {
		c := statOf(t, d.dir)
		used, stuck = c.blocking()
		held = inKernel(d.cmd.Process.Pid)
		return held == stuck && stuck == used
	})
	if stuck < 1 || stuck > slotsOfUID {
		t.Errorf("%d threads held, want 1 to %d", stuck, slotsOfUID)
	}
	s.figure("%d threads held", held)
}

// helperNeighbour reads files in turn, and its own map between, from when its
// input says for how long; then it says how long each file took, in microseconds.
func helperNeighbour() {
	fmt.Println("ready")
	var text string
	_, err := fmt.Scan(&text)
	check(err)
	howLong, err := time.ParseDuration(text)
	check(err)
	var times []time.Duration
	for end := time.Now().Add(howLong); time.Now().Before(end); {
		for _, path := range os.Args[2:] {
			begin := time.Now()
			_, err := os.ReadFile(path)
			times = append(times, time.Since(begin))
			check(err)
		}
		_, err := os.ReadFile(os.Args[1] + "/curproc/map")
		check(err)
	}
	for _, took := range times {
		fmt.Println(took.Microseconds())
	}
}

// neighbour is another user, who reads status: his own, ours, and those of the
// targets.
type neighbour struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startNeighbour(t testing.TB, d *daemon, targets []int) *neighbour {
	t.Helper()
	paths := []string{d.dir, d.path("curproc/status"), d.path(os.Getpid(), "status")}
	for _, pid := range targets {
		paths = append(paths, d.path(pid, "status"))
	}
	n := &neighbour{cmd: as(helper(t, "neighbour", paths...), 65534, 65534)}
	n.in, n.out = startTalking(t, n.cmd)
	return n
}

// while gives how long each of his readings took.
func (n *neighbour) while(t testing.TB, howLong time.Duration) (times []time.Duration) {
	t.Helper()
	fmt.Fprintln(n.in, howLong)
	for n.out.Scan() {
		times = append(times, time.Duration(atoi(t, n.out.Text()))*time.Microsecond)
	}
	if err := n.cmd.Wait(); err != nil {
		t.Errorf("another user: %v", err)
	}
	return times
}
