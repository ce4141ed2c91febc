package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// helperVolley opens files, given as pairs of a path and an offset, waits for
// the end of its input, and reads all of them at once: of each it says which it
// was, how that ended, after how many microseconds, and when.
func helperVolley() {
	args := os.Args[1:]
	fds := make([]int, len(args)/2)
	for i := range fds {
		fd, err := unix.Open(args[2*i], unix.O_RDONLY|unix.O_CLOEXEC, 0)
		check(err)
		fds[i] = fd
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	var readers sync.WaitGroup
	for i, fd := range fds {
		readers.Go(func() {
			var offset int64
			fmt.Sscan(args[2*i+1], &offset)
			begin := time.Now()
			err := untilDone(func() error { _, err := unix.Pread(fd, make([]byte, 4), offset); return err })
			fmt.Println(i, errnoText(err), time.Since(begin).Microseconds(), time.Now().UnixMicro())
		})
	}
	readers.Wait()
}

// volley is a process that reads many files at once, when it is told to.
type volley struct {
	cmd   *exec.Cmd
	in    io.Closer
	out   *bufio.Scanner
	files int
}

// shot is how one reading of a volley ended.
type shot struct {
	file  int
	errno string
	took  time.Duration
	at    time.Time
}

func startVolley(t testing.TB, uid uint32, files ...string) *volley {
	t.Helper()
	cmd := as(helper(t, "volley", files...), uid, uid)
	v := &volley{cmd: cmd, files: len(files) / 2}
	v.in, v.out = startTalking(t, cmd)
	return v
}

// startTalking starts a helper that says it is ready, and then more. It is
// killed when the test ends.
func startTalking(t testing.TB, cmd *exec.Cmd) (io.WriteCloser, *bufio.Scanner) {
	t.Helper()
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
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("%v says %q, want that it is ready", cmd.Args[:1], lines.Text())
	}
	return in, lines
}

func (v *volley) fire() { v.in.Close() }

// ended gives what came of each reading; those that did not end in time are
// missing.
func (v *volley) ended(t testing.TB) (all []shot) {
	t.Helper()
	killer := time.AfterFunc(20*time.Second, func() { v.cmd.Process.Kill() })
	defer killer.Stop()
	for v.out.Scan() {
		var s shot
		var took, at int64
		if _, err := fmt.Sscan(v.out.Text(), &s.file, &s.errno, &took, &at); err != nil {
			t.Fatalf("a volley says %q: %v", v.out.Text(), err)
		}
		s.took, s.at = time.Duration(took)*time.Microsecond, time.UnixMicro(at)
		all = append(all, s)
	}
	if err := v.cmd.Wait(); err != nil || len(all) != v.files {
		t.Errorf("a volley: %d of %d readings ended: %v", len(all), v.files, err)
	}
	return all
}

// stuckTargets are processes that have a page of memory which nobody can read, as
// long as the server of its file lives.
type stuckTargets struct {
	pids   []int
	files  []string // the node, and the offset, of each: a volley
	server *exec.Cmd
}

// startStuckTargets: with "locked" they are such that nobody can even read their
// arguments, see helperStuck.
func startStuckTargets(t *testing.T, d *daemon, uid uint32, n int, node string, args ...string) *stuckTargets {
	t.Helper()
	dir := directory(t)
	s := &stuckTargets{server: helper(t, "silent", dir)}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	start(t, s.server)
	for range n {
		process := as(helper(t, "stuck", append([]string{filepath.Join(dir, "file")}, args...)...), uid, uid)
		page := start(t, process)
		if node == "cmdline" {
			page = "0"
		}
		s.pids = append(s.pids, process.Process.Pid)
		s.files = append(s.files, d.path(process.Process.Pid, node), page)
	}
	t.Cleanup(func() { s.server.Process.Kill() }) // before the others: it lets them go
	for _, pid := range s.pids {
		waitFor(t, "a target to be stuck", func() bool { return len(args) == 0 || blockedThreads(pid) >= 2 })
	}
	return s
}

// inKernel: threads of the daemon that a silent file server holds. Who has asked
// it may be interruptible, and who waits for what another asked for is not.
func inKernel(pid int) (n int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, task := range tasks {
		stat, _ := os.ReadFile(task + "/stat")
		wchan, _ := os.ReadFile(task + "/wchan")
		if bytes.Contains(stat, []byte(") D ")) || string(wchan) == "request_wait_answer" {
			n++
		}
	}
	return n
}

// blocking are the slots of calls that may block.
func (c *counters) blocking() (used, stuck int) {
	for _, s := range c.Slots {
		if s.Kind == "blocking" {
			used, stuck = s.Used, s.Stuck
		}
	}
	return used, stuck
}

// percentile of times that are sorted.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// milliseconds as a figure shows them.
func milliseconds(d time.Duration) string {
	return strings.TrimSuffix(strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64), ".0") + " ms"
}
