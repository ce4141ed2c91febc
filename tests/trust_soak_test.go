package tests

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	soakTargets  = 16
	soakVisitors = 4 // every second one is nobody
)

// board is memory that the test shares with its visitors, who may be killed at
// any moment: whom there is to visit, and what has been done.
type board struct {
	operations, faults atomic.Int64
	targets            [soakTargets]atomic.Int64
}

func openBoard(path string) (*board, func(), error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	b, err := unix.Mmap(int(file.Fd()), 0, int(unsafe.Sizeof(board{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return (*board)(unsafe.Pointer(unsafe.SliceData(b))), func() { unix.Munmap(b) }, nil
}

// helperVisitor: directory and board. It looks at targets until it is killed.
func helperVisitor() {
	b, _, err := openBoard(os.Args[2])
	check(err)
	nodes := []string{"status", "status", "cmdline", "rlimit", "etype", "map", "mem", "file", ""}
	for {
		pid := strconv.FormatInt(b.targets[rand.N(soakTargets)].Load(), 10)
		node := nodes[rand.N(len(nodes))]
		if fault := visit(filepath.Join(os.Args[1], pid, node), node, pid); fault != "" {
			b.faults.Add(1)
			fmt.Fprintf(os.Stderr, "visitor: %s/%s: %s\n", pid, node, fault)
		}
		b.operations.Add(1)
	}
}

// visit is one operation: a name is looked up, opened, read, closed.
func visit(path, node, pid string) (fault string) {
	var text []byte
	var err error
	switch node {
	case "":
		_, err = os.ReadDir(path)
	case "file":
		_, err = os.Readlink(path)
	case "mem":
		err = readFirstByte(path)
	default:
		text, err = os.ReadFile(path)
	}
	switch {
	case err == nil:
		return textFault(node, pid, string(text))
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH), errors.Is(err, os.ErrPermission):
		return ""
	}
	return err.Error()
}

// soaking is the daemon with its visitors and their targets.
type soaking struct {
	*daemon
	board    *board
	path     string // of the board
	targets  [soakTargets]*exec.Cmd
	visitors [soakVisitors]*exec.Cmd
	kills    struct{ targets, visitors int }
}

// leastSamples are enough to compare the first third with the last.
const leastSamples = 9

// trustSoak: processes are looked at all the time, and both they and those who
// look are killed at any moment. The daemon does not grow.
func trustSoak(t *testing.T, s *trustRun) {
	c := newSoaking(t)
	whole, warm := forSoak(4*time.Second, 30*time.Minute), forSoak(time.Second, 3*time.Minute)
	every := forSoak(250*time.Millisecond, 10*time.Second)
	var samples []sample
	base := c.sample(t, time.Now())
	begin := time.Now()
	for next := begin.Add(warm); time.Since(begin) < whole || len(samples) < leastSamples; {
		c.killOne(t)
		if time.Now().After(next) {
			samples = append(samples, c.sample(t, begin))
			next = time.Now().Add(every)
		}
	}
	operations := c.board.operations.Load()
	c.end()
	if c.board.faults.Load() > 0 || operations < forSoak[int64](1000, 5_000_000) || c.kills.targets < 20 || c.kills.visitors < 5 {
		t.Errorf("%d operations, %d faults, %+v killed", operations, c.board.faults.Load(), c.kills)
	}
	waitFor(t, "the descriptors of whom nobody looks at any more to be closed", func() bool { return descriptors(t, c.daemon) <= base.Descriptors })
	slope := slopeOf(samples) * 600 / (1 << 20) // MiB in ten minutes
	first, last := flatness(t, samples)
	if *soak && slope >= 1 || last.Resident > first.Resident+16<<20 {
		t.Errorf("memory grows by %.2f MiB in ten minutes, from %d to %d KiB", slope, first.Resident>>10, last.Resident>>10)
	}
	s.figure("%d operations, %d targets and %d readers killed", operations, c.kills.targets, c.kills.visitors)
	if *soak {
		s.figure("%+.2f MiB in ten minutes", slope)
	}
	s.figure("at most, in the first and in the last third: memory %.1f and %.1f MiB, %d and %d descriptors, %d and %d threads, %d and %d goroutines",
		float64(first.Resident)/(1<<20), float64(last.Resident)/(1<<20), first.Descriptors, last.Descriptors, first.Threads, last.Threads, first.Goroutines, last.Goroutines)
}

func newSoaking(t *testing.T) *soaking {
	t.Helper()
	c := &soaking{daemon: mount(t), path: filepath.Join(directory(t), "board")}
	if err := errors.Join(os.WriteFile(c.path, make([]byte, unsafe.Sizeof(board{})), 0o666), os.Chmod(c.path, 0o666)); err != nil {
		t.Fatal(err)
	}
	b, unmap, err := openBoard(c.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unmap)
	c.board = b
	t.Cleanup(c.end)
	for i := range c.targets {
		c.newTarget(t, i)
	}
	for i := range c.visitors {
		c.newVisitor(t, i)
	}
	return c
}

func (c *soaking) newTarget(t *testing.T, i int) {
	t.Helper()
	cmd := exec.Command("/bin/sleep", "600")
	if i%4 == 0 { // another's, too
		as(cmd, 65534, 65534)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.targets[i] = cmd
	c.board.targets[i].Store(int64(cmd.Process.Pid))
}

// newVisitor does not use helper, which gives nobody more than two minutes.
func (c *soaking) newVisitor(t *testing.T, i int) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", c.dir, c.path)
	cmd.Env, cmd.Stderr = append(os.Environ(), helperEnv+"=visitor"), os.Stderr
	if i%2 == 1 {
		as(cmd, 65534, 65534)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.visitors[i] = cmd
}

// killOne kills somebody after a while, and has another in his place.
func (c *soaking) killOne(t *testing.T) {
	t.Helper()
	time.Sleep(rand.N(forSoak(40*time.Millisecond, 200*time.Millisecond)))
	if rand.N(8) > 0 {
		i := rand.N(soakTargets)
		kill(c.targets[i])
		c.newTarget(t, i)
		c.kills.targets++
		return
	}
	i := rand.N(soakVisitors)
	kill(c.visitors[i])
	c.newVisitor(t, i)
	c.kills.visitors++
}

func kill(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}

func (c *soaking) end() {
	for _, cmd := range append(c.visitors[:], c.targets[:]...) {
		if cmd != nil && cmd.ProcessState == nil {
			kill(cmd)
		}
	}
}

// sample is what the daemon took at some moment.
type sample struct {
	at                                         float64 // seconds
	Resident, Descriptors, Threads, Goroutines int
}

func (c *soaking) sample(t *testing.T, begin time.Time) sample {
	t.Helper()
	now := statOf(t, c.dir).Daemon
	return sample{time.Since(begin).Seconds(), int(now.Resident), now.Descriptors, now.Threads, now.Goroutines}
}

// slopeOf is that of the line through all samples, in bytes a second.
func slopeOf(samples []sample) float64 {
	var n, x, y, xx, xy float64
	for _, s := range samples {
		n, x, y, xx, xy = n+1, x+s.at, y+float64(s.Resident), xx+s.at*s.at, xy+s.at*float64(s.Resident)
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

// flatness compares the most that there was in the first third and in the last.
// How much is under way at a moment is chance: so many may it be more.
func flatness(t *testing.T, samples []sample) (first, last sample) {
	t.Helper()
	if len(samples) < leastSamples {
		t.Fatalf("%d samples", len(samples))
	}
	most := func(part []sample) (m sample) {
		for _, s := range part {
			m.Resident, m.Descriptors = max(m.Resident, s.Resident), max(m.Descriptors, s.Descriptors)
			m.Threads, m.Goroutines = max(m.Threads, s.Threads), max(m.Goroutines, s.Goroutines)
		}
		return m
	}
	first, last = most(samples[:len(samples)/3]), most(samples[2*len(samples)/3:])
	const chance = 16 // a target that was killed stays open for some seconds, with up to seven descriptors
	if *soak && last.Descriptors > first.Descriptors+7*chance || last.Threads > first.Threads+chance/2 || last.Goroutines > first.Goroutines+chance {
		t.Errorf("first %+v, last %+v", first, last)
	}
	return first, last
}
