package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	crowdReaders = 1000
	crowdTargets = 200
	crowdThreads = 400 // of the daemon, at most
)

// sight is a node, and what whoever reads it must see.
type sight struct {
	Path   string
	Offset int64
	Want   []byte
}

// sights are nodes of processes that never change, no two processes alike.
func sights(t *testing.T, d *daemon, pids []int) (all []sight) {
	t.Helper()
	seen := map[string]string{}
	for i, pid := range pids {
		limit := unix.Rlimit{Cur: uint64(i), Max: uint64(i)}
		if err := unix.Prlimit(pid, unix.RLIMIT_CORE, &limit, nil); err != nil {
			t.Fatal(err)
		}
		for node, offset := range map[string]int64{"status": 0, "rlimit": 0, "map": 0, "cmdline": 0, "etype": 0, "mem": argStart(t, pid)} {
			path := d.path(pid, node)
			want, err := once(path, 4096, offset)
			if other := seen[string(want)]; err != nil || len(want) == 0 || other != "" && node != "etype" {
				t.Fatalf("%s: %q, %v, as %s", path, want, err, other)
			}
			seen[string(want)] = path
			all = append(all, sight{path, offset, want})
		}
	}
	return all
}

// crowdReport is what many readers found, and how long an answer took.
type crowdReport struct {
	Reads, Wrong  int
	P50, P99, Max time.Duration // of an open and the read after it
	Faults        []string
}

// crowd reads with many threads at once.
type crowd struct {
	sights []sight
	end    time.Time
	mu     sync.Mutex
	took   []time.Duration
	faults []string
}

// helperCrowd: READERS TIME, and what they read as JSON on its input.
func helperCrowd() {
	howLong, err := time.ParseDuration(os.Args[2])
	must(err)
	c := &crowd{end: time.Now().Add(howLong)}
	must(json.NewDecoder(os.Stdin).Decode(&c.sights))
	var group sync.WaitGroup
	for range atoiOr0(os.Args[1]) {
		group.Go(c.reader)
	}
	group.Wait()
	slices.Sort(c.took)
	n := len(c.took)
	r := crowdReport{n, len(c.faults), c.took[n/2], c.took[n*99/100], c.took[n-1], c.faults[:min(len(c.faults), 20)]}
	must(json.NewEncoder(os.Stdout).Encode(r))
}

func (c *crowd) reader() {
	runtime.LockOSThread() // one thread each
	var took []time.Duration
	var faults []string
	b := make([]byte, 4096)
	for len(took) == 0 || time.Now().Before(c.end) {
		s := c.sights[rand.N(len(c.sights))]
		begin := time.Now()
		fault := s.look(b)
		took = append(took, time.Since(begin))
		if fault != "" {
			faults = append(faults, fault)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took, c.faults = append(c.took, took...), append(c.faults, faults...)
}

// look opens and reads once.
func (s *sight) look(b []byte) (fault string) {
	var fd, n int
	err := untilDone(func() (err error) { fd, err = unix.Open(s.Path, unix.O_RDONLY|unix.O_CLOEXEC, 0); return })
	if err != nil {
		return fmt.Sprintf("open %s: %v", s.Path, err)
	}
	defer unix.Close(fd)
	err = untilDone(func() (err error) { n, err = unix.Pread(fd, b, s.Offset); return })
	if err != nil || !bytes.Equal(b[:n], s.Want) {
		return fmt.Sprintf("%s: %q, %v; want %q", s.Path, b[:max(n, 0)], err, s.Want)
	}
	return ""
}

// most remembers the largest number of entries that a directory had.
type most struct {
	dir string
	n   int
}

func (m *most) look() {
	entries, _ := os.ReadDir(m.dir)
	m.n = max(m.n, len(entries))
}

func trustReaders(t *testing.T, s *trustRun) {
	d := mount(t)
	answers(t, d.dir)
	before := descriptors(t, d)
	program := sittingProgram(t, "sitting")
	var pids []int
	t.Cleanup(func() {
		for _, pid := range pids {
			reap(pid)
		}
	})
	for i := range crowdTargets {
		pids = append(pids, sitting(t, program, fmt.Sprintf("target %d", i)))
	}
	r := runCrowd(t, s, d, sights(t, d, pids))
	for _, fault := range r.Faults {
		t.Error(fault)
	}
	if limit := forSoak(10*time.Second, 250*time.Millisecond); r.P99 > limit {
		t.Errorf("a hundredth of the readers waited for longer than %v, want %v", r.P99, limit)
	}
	waitFor(t, fmt.Sprintf("the daemon to have %d descriptors again", before), func() bool { return descriptors(t, d) <= before })
	s.figure("%d reads, %d wrong; open and read: p50 %v, p99 %v, longest %v", r.Reads, r.Wrong, r.P50.Round(time.Millisecond), r.P99.Round(time.Millisecond), r.Max.Round(time.Millisecond))
}

func runCrowd(t *testing.T, s *trustRun, d *daemon, all []sight) (r crowdReport) {
	t.Helper()
	howLong := forSoak(3*time.Second, time.Minute)
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := helper(t, "crowd", strconv.Itoa(crowdReaders), howLong.String())
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = bytes.NewReader(text), &out
	startQuietly(t, cmd)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	threads := &most{dir: fmt.Sprintf("/proc/%d/task", d.cmd.Process.Pid)}
	fds := &most{dir: fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid)}
	readers := &most{dir: fmt.Sprintf("/proc/%d/task", cmd.Process.Pid)}
	for tick := time.Tick(50 * time.Millisecond); ; <-tick {
		threads.look()
		fds.look()
		readers.look()
		if len(ended) > 0 {
			break
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if readers.n < crowdReaders || r.Reads < forSoak(1, 20)*crowdReaders {
		t.Errorf("only %d threads of readers and %d reads", readers.n, r.Reads)
	}
	if threads.n > crowdThreads {
		t.Errorf("the daemon had %d threads, want %d at most", threads.n, crowdThreads)
	}
	s.figure("daemon: %d threads and %d descriptors at most", threads.n, fds.n)
	return r
}
