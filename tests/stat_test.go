package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// counters is as much as these tests want of procfsd stat --json.
type counters struct {
	Options  struct{ Mountpoint, HidePID string }
	Requests []struct {
		Kind          string
		Count, Failed uint64
		P50, P99, Max float64
	}
	Refusals  map[string]uint64
	OpenFiles struct{ Used, Limit int } `json:"open_files"`
	Slots     []struct {
		Kind                 string
		Used, Limit, Waiting int
		Stuck                int
	}
	Waiting int
	Daemon  struct {
		PID, Threads, Goroutines, Descriptors int
		Resident                              uint64
	}
}

// statOf asks the daemon of a mount.
func statOf(t testing.TB, dir string) (c counters) {
	t.Helper()
	r := finish(t, exec.Command(procfsd(t), "stat", "--json", dir))
	if r.code != 0 || r.stderr != "" {
		t.Fatal(r)
	}
	if err := json.Unmarshal([]byte(r.stdout), &c); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	return c
}

func (c *counters) of(kind string) (count, failed uint64) {
	for _, r := range c.Requests {
		if r.Kind == kind {
			return r.Count, r.Failed
		}
	}
	return 0, 0
}

// TestStatCounts: each request once, with the daemon's own state beside.
func TestStatCounts(t *testing.T) {
	d := mount(t, "hidepid=2")
	file, err := os.Open(d.path("self/status"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := statOf(t, d.dir)
	for range 10 {
		if _, err := os.ReadFile(d.path(os.Getpid(), "status")); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(d.path(os.Getpid(), "nothing")); !os.IsNotExist(err) {
			t.Error(err)
		}
	}
	c := statOf(t, d.dir)
	opens, failed := c.of("OPEN")
	opensBefore, _ := before.of("OPEN")
	if opens != opensBefore+10 || failed != 0 || c.Refusals["ENOENT"] < 10 {
		t.Errorf("opens %d, before %d; %+v", opens, opensBefore, c)
	}
	if c.OpenFiles.Used != 1 || c.Options.Mountpoint != d.dir || c.Options.HidePID != "invisible" {
		t.Errorf("%+v", c)
	}
	if c.Daemon.PID != d.cmd.Process.Pid || c.Daemon.Threads < 2 || c.Daemon.Goroutines < 2 || c.Daemon.Resident < 1<<20 {
		t.Errorf("%+v of daemon %d", c.Daemon, d.cmd.Process.Pid)
	}
	for _, r := range c.Requests {
		if r.P50 > r.P99 || r.P99 > r.Max || r.Max <= 0 {
			t.Errorf("%+v", r)
		}
	}
}

// TestStatTable: what people see has a line for all that there is.
func TestStatTable(t *testing.T) {
	d := mount(t, "ro")
	r := finish(t, exec.Command(procfsd(t), "stat", d.dir))
	lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	if r.code != 0 || r.stderr != "" || !strings.HasPrefix(lines[0], d.dir+"  procfsd ") || !strings.HasSuffix(lines[0], ",ro") {
		t.Fatal(r)
	}
	for _, word := range []string{"request", "INIT", "refused", "slots", "files", "memory", "daemon"} {
		if !strings.Contains(r.stdout, "\n"+word+" ") && !strings.Contains(r.stdout, " "+word+" ") {
			t.Errorf("no %s in\n%s", word, r.stdout)
		}
	}
}

// TestStatFailures: one line, and the exit code of a system error.
func TestStatFailures(t *testing.T) {
	d := mount(t)
	asUser := exec.Command(procfsd(t), "stat", d.dir)
	asUser.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	for _, c := range []struct {
		cmd   *exec.Cmd
		code  int
		words string
	}{
		{exec.Command(procfsd(t), "stat"), 1, "want one MOUNTPOINT"},
		{exec.Command(procfsd(t), "stat", d.dir, d.dir), 1, "want one MOUNTPOINT"},
		{exec.Command(procfsd(t), "stat", "/"), 2, "/ is not the root of a procfsd mount"},
		{exec.Command(procfsd(t), "stat", "/proc"), 2, "/proc is not the root of a procfsd mount"},
		{exec.Command(procfsd(t), "stat", d.path(1)), 2, "/1 is not the root of a procfsd mount"},
		{exec.Command(procfsd(t), "stat", d.path("status")), 2, "/status is not the root of a procfsd mount"},
		{exec.Command(procfsd(t), "stat", directory(t)+"/missing"), 2, "no such file or directory"},
		{asUser, 2, "not permitted: run as root"},
	} {
		r := finish(t, c.cmd)
		oneLine(t, r, c.words)
		if r.code != c.code || r.stdout != "" {
			t.Errorf("%v: %v", c.cmd, r)
		}
	}
}

// TestStatDead: neither a dead mount nor a daemon that does not answer can
// hold it up.
func TestStatDead(t *testing.T) {
	need(t)
	dir, pid := hungDaemon(t)
	r := finish(t, exec.Command(procfsd(t), "stat", dir))
	oneLine(t, r, "the daemon does not answer within 5s")
	if r.code != 2 {
		t.Error(r)
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the daemon's end", func() bool { return unix.Kill(pid, 0) != nil })
	r = finish(t, exec.Command(procfsd(t), "stat", dir))
	oneLine(t, r, "the daemon of this mount has ended: mount again")
	if r.code != 2 {
		t.Error(r)
	}
}

func allThreadsIn(pid int, state byte) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil || text[bytes.LastIndexByte(text, ')')+2] != state {
			return false
		}
	}
	return len(stats) > 0
}

// TestStatForeign: the mount of another user is not asked, for who serves it may
// never answer.
func TestStatForeign(t *testing.T) {
	need(t)
	dir := filepath.Join(directory(t), "theirs")
	unanswered(t, dir)
	for _, args := range [][]string{{"stat", dir}, {"none", dir, "-o", "remount,ro"}} {
		oneLine(t, finish(t, exec.Command(procfsd(t), args...)), "not permitted")
	}
}
