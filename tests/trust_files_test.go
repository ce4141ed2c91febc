package tests

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const wantedFiles = 300

// trustFiles: more files are opened than the daemon may have descriptors. It was
// started so, and counts on it, or is surprised by it later.
func trustFiles(t *testing.T, s *trustRun) {
	for _, limit := range []int{64, 256} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel() // most of it is waiting
			dir := directory(t)
			script := fmt.Sprintf(`ulimit -n %d; exec "$0" -f "$1"`, limit)
			newScarcity(t, mountBy(t, dir, exec.Command("/bin/sh", "-c", script, procfsd(t), dir))).run(t, s, limit)
		})
		t.Run(fmt.Sprintf("%d later", limit), func(t *testing.T) {
			t.Parallel()
			d := mount(t)
			var files unix.Rlimit
			if err := unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &files); err != nil {
				t.Fatal(err)
			}
			c := newScarcity(t, d)
			files.Cur = uint64(limit)
			if err := unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_NOFILE, &files, nil); err != nil {
				t.Fatal(err)
			}
			c.run(t, s, limit)
		})
	}
}

// scarcity is a daemon that has too few descriptors, and what it should say all
// the same of a process that does not change.
type scarcity struct {
	*daemon
	target *probe
	before int // descriptors
	texts  map[string]string

	mu      sync.Mutex
	refused map[error]int
	right   int
}

func newScarcity(t *testing.T, d *daemon) *scarcity {
	c := &scarcity{daemon: d, target: startProbe(t, "argument"), texts: map[string]string{}, refused: map[error]int{}}
	c.target.stop()
	for range 2 { // the first may be before the stop shows
		for _, node := range []string{"status", "map", "cmdline", "rlimit", "etype"} {
			waitFor(t, "what was closed before to be so for the daemon", func() bool {
				text, err := os.ReadFile(d.path(c.target.pid, node))
				c.texts[node] = string(text)
				return err == nil
			})
		}
		link, err := os.Readlink(d.path(c.target.pid, "file"))
		if err != nil {
			t.Fatal(err)
		}
		c.texts["file"] = link
	}
	c.before = descriptors(t, d)
	return c
}

func (c *scarcity) run(t *testing.T, s *trustRun, limit int) {
	fds := c.fill(t)
	c.readAll(t, fds)
	refused := fmt.Sprintf("%d ENFILE, %d EMFILE", c.refused[unix.ENFILE], c.refused[unix.EMFILE])
	c.crowd(t)
	if c.refused[unix.ENFILE]+c.refused[unix.EMFILE] == 0 || c.right == 0 {
		t.Errorf("refused %v, right %d: want both", c.refused, c.right)
	}
	had := len(fds)
	closeFiles(fds)
	waitFor(t, "the files to be closed", func() bool { return statOf(t, c.dir).OpenFiles.Used == 0 })
	again := c.fill(t)
	if len(again) < had/2 { // what is shared with others, and so costs nothing, differs
		t.Errorf("%d files can be opened, %d before", len(again), had)
	}
	closeFiles(again)
	checkAnswers(t, c.daemon, c.target.pid, "status", "map", "cmdline", "rlimit", "etype")
	waitFor(t, "the descriptors to be back", func() bool { return descriptors(t, c.daemon) <= c.before })
	s.figure("%s: %d open, %s; then %d descriptors, %d before", t.Name()[len("TestTrust/07/run/"):], had, refused, descriptors(t, c.daemon), c.before)
}

// fill opens as many as it gets.
func (c *scarcity) fill(t *testing.T) (fds map[int]string) {
	t.Helper()
	fds = map[int]string{}
	nodes := []string{"map", "mem", "map", "mem", "status", "map", "mem", "map", "mem"}
	for i := range wantedFiles {
		node := nodes[i%len(nodes)]
		fd, err := unix.Open(c.path(c.target.pid, node), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			c.note(t, "open of "+node, "", "", err)
			continue
		}
		fds[fd] = node
	}
	if len(fds) < 8 || len(fds) == wantedFiles {
		t.Errorf("%d of %d files could be opened", len(fds), wantedFiles)
	}
	return fds
}

func closeFiles(fds map[int]string) {
	for fd := range fds {
		unix.Close(fd)
	}
}

// note wants the right answer, or that there are too many open files.
func (c *scarcity) note(t *testing.T, what, got, want string, err error) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, full := range []error{unix.EMFILE, unix.ENFILE} {
		if errors.Is(err, full) {
			c.refused[full]++
			return
		}
	}
	if err != nil || got != want {
		t.Errorf("%s: %v, %q, want %q, EMFILE or ENFILE", what, err, got, want)
		return
	}
	c.right++
}

// readAll reads what is open already.
func (c *scarcity) readAll(t *testing.T, fds map[int]string) {
	for fd, node := range fds {
		if node == "mem" {
			b := make([]byte, pageSize)
			n, err := unix.Pread(fd, b, c.target.Big)
			c.note(t, "read of mem", string(b[:max(n, 0)]), string(fill(pageSize, 0)), err)
			continue
		}
		b := make([]byte, 1<<20)
		n, err := unix.Pread(fd, b, 0)
		c.note(t, "read of "+node, string(b[:max(n, 0)]), c.texts[node], err)
	}
}

// crowd asks for everything at once, while there is nothing to be had.
func (c *scarcity) crowd(t *testing.T) {
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for end := time.Now().Add(forSoak(300*time.Millisecond, 5*time.Second)); time.Now().Before(end); {
				c.askAll(t)
			}
		})
	}
	readers.Wait()
}

func (c *scarcity) askAll(t *testing.T) {
	for _, node := range []string{"status", "map", "cmdline", "rlimit", "etype"} {
		text, err := os.ReadFile(c.path(c.target.pid, node))
		c.note(t, node, string(text), c.texts[node], err)
	}
	link, err := os.Readlink(c.path(c.target.pid, "file"))
	c.note(t, "file", link, c.texts["file"], err)
	table, err := os.ReadFile(c.path("status"))
	c.note(t, "the table has the target", fmt.Sprint(bytes.Contains(table, []byte(c.texts["status"]))), "true", err)
	entries, err := os.ReadDir(c.dir)
	c.note(t, "the root lists many", fmt.Sprint(len(entries) > 3), "true", err)
}
