package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// killed ends the daemon as it should not end, and leaves its mount.
func (d *daemon) killed(t testing.TB) {
	t.Helper()
	d.cmd.Process.Kill()
	d.cmd.Wait()
	t.Cleanup(func() {
		for isMounted(d.dir) {
			if err := unix.Unmount(d.dir, unix.MNT_DETACH); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func mountCount(t testing.TB, dir string) int {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(mounts, []byte(" "+dir+" "))
}

func TestKillAndMountAgain(t *testing.T) {
	d := mount(t)
	fd := openNode(t, d.path("status"), unix.O_RDONLY)
	piece(t, fd, 4096, 0)
	for range 3 {
		d.killed(t)
		wantErrno(t, "lstat", unix.ENOTCONN, d.dir, d.path("status"))
		if _, err := unix.Pread(fd, make([]byte, 10), 0); err != unix.ENOTCONN && err != unix.ECONNABORTED {
			t.Errorf("read of a file left open: %v, want ENOTCONN", err)
		}
		again := &daemon{dir: d.dir, log: new(bytes.Buffer), cmd: exec.Command(procfsd(t), "-f", d.dir)}
		again.cmd.Stderr = again.log
		if err := again.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { again.stop(t) })
		waitFor(t, "the tree to be back", func() bool {
			text, err := os.ReadFile(d.path("curproc/status"))
			return err == nil && len(text) > 0
		})
		if n := mountCount(t, d.dir); n != 1 {
			t.Errorf("%d mounts on %s", n, d.dir)
		}
		d = again
	}
}

// A daemon that is killed lets go of those who wait for it.
func TestKillFreesReaders(t *testing.T) {
	d, p := mount(t), startProbe(t)
	paths := []string{d.path("status"), d.path(p.pid, "cmdline"), d.path(p.pid, "map")}
	for _, path := range paths {
		lstat(t, path) // looking up one name, they would wait for each other
	}
	d.cmd.Process.Signal(syscall.SIGSTOP)
	var reports []*reporter
	for _, path := range paths {
		reports = append(reports, startReporter(t, path, 0))
	}
	for _, r := range reports {
		r.blocked(t)
	}
	d.killed(t)
	for _, r := range reports {
		if errno := r.outcome(t); errno != "ENOTCONN" && errno != "ECONNABORTED" {
			t.Errorf("a reader got %s", errno)
		}
	}
}

// reporter is a process that reads one file.
type reporter struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

func startReporter(t testing.TB, path string, offset int) *reporter {
	t.Helper()
	cmd := helper(t, "report", path, strconv.Itoa(offset))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	startQuietly(t, cmd)
	r := &reporter{cmd, bufio.NewReader(out)}
	if line, err := r.out.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("reporter: %q, %v", line, err)
	}
	return r
}

// blocked waits until a thread of it waits for FUSE.
func (r *reporter) blocked(t testing.TB) {
	t.Helper()
	waitFor(t, "a reader to wait", func() bool { return waitsIn(r.cmd.Process.Pid, "request_wait_answer") })
}

// waitsIn reports whether a thread of a process waits in that kernel function.
func waitsIn(pid int, function string) bool {
	wchans, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", pid))
	return slices.ContainsFunc(wchans, func(path string) bool {
		text, _ := os.ReadFile(path)
		return string(text) == function
	})
}

// outcome is how its reading ended.
func (r *reporter) outcome(t testing.TB) string {
	t.Helper()
	killer := time.AfterFunc(20*time.Second, func() { r.cmd.Process.Kill() })
	defer killer.Stop()
	line, err := r.out.ReadString('\n')
	if err != nil {
		t.Errorf("a reader said nothing: %v", err)
	}
	return strings.TrimSpace(line)
}

func TestKillPolitely(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		d := mount(t)
		fd := openNode(t, d.path("status"), unix.O_RDONLY)
		dir := openNode(t, d.path(os.Getpid()), unix.O_RDONLY|unix.O_DIRECTORY)
		piece(t, fd, 4096, 0)
		d.cmd.Process.Signal(signal)
		killer := time.AfterFunc(30*time.Second, func() { d.cmd.Process.Kill() })
		if err := d.cmd.Wait(); err != nil {
			t.Errorf("after %v: %v\n%s", signal, err, d.log)
		}
		killer.Stop()
		if isMounted(d.dir) {
			t.Errorf("%v leaves the mount", signal)
		}
		if entries, err := os.ReadDir(d.dir); err != nil || len(entries) > 0 {
			t.Errorf("after %v the mountpoint is %v, %v", signal, entries, err)
		}
		if _, err := unix.Pread(fd, make([]byte, 10), 0); err != unix.ENOTCONN && err != unix.ECONNABORTED {
			t.Errorf("read of a file left open: %v, want ENOTCONN", err)
		}
		if _, err := unix.Getdents(dir, make([]byte, 4096)); err == nil {
			t.Error("a directory left open can be listed")
		}
	}
}

func TestKillHangup(t *testing.T) {
	d := mount(t)
	fd := openNode(t, d.path("curproc/status"), unix.O_RDONLY)
	for range 5 {
		d.cmd.Process.Signal(syscall.SIGHUP)
		time.Sleep(20 * time.Millisecond) // for it to be wrong
		if len(piece(t, fd, 4096, 0)) == 0 || len(whole(t, d.path("status"))) == 0 || d.ended() {
			t.Fatalf("SIGHUP has ended it: %s", d.log)
		}
	}
}

// No descriptor of the daemon would pass on to a program that it ran; the
// three standard ones must.
func TestKillDescriptors(t *testing.T) {
	d := mount(t)
	openNode(t, d.path("curproc/mem"), unix.O_RDONLY)
	openNode(t, d.path("curproc/map"), unix.O_RDONLY)
	infos, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", d.cmd.Process.Pid))
	if err != nil || len(infos) < 8 {
		t.Fatalf("%d descriptors, %v", len(infos), err)
	}
	flags := regexp.MustCompile(`(?m)^flags:\s+0([0-7]+)$`)
	for _, info := range infos {
		text, err := os.ReadFile(info)
		found := flags.FindSubmatch(text)
		if err != nil || found == nil {
			t.Fatalf("%s: %v, %q", info, err, text)
		}
		value, err := strconv.ParseUint(string(found[1]), 8, 64)
		if err != nil {
			t.Fatal(err)
		}
		if fd := atoi(t, filepath.Base(info)); fd > 2 && value&unix.O_CLOEXEC == 0 {
			what, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", d.cmd.Process.Pid, fd))
			t.Errorf("descriptor %d (%s) is inherited", fd, what)
		}
	}
}

// traced mounts with a log of requests, in the file that it gives.
func traced(t testing.TB) (*daemon, string) {
	t.Helper()
	need(t)
	file := filepath.Join(directory(t), "log")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	d := &daemon{dir: directory(t), log: new(bytes.Buffer)}
	d.cmd = exec.Command(procfsd(t), "-f", "-d", d.dir)
	d.cmd.Stderr = out
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop(t) })
	waitFor(t, "the mount", func() bool { return isMounted(d.dir) })
	return d, file
}

var request = regexp.MustCompile(`(?:msg=|INFO |DEBUG )([A-Z]+) target=(\d+) node=(\S+) `)

// requests that were logged beyond some size of the log.
func requests(t testing.TB, log string, from int64) []string {
	t.Helper()
	file, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.NewSectionReader(file, from, 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, found := range request.FindAllSubmatch(text, -1) {
		all = append(all, fmt.Sprintf("%s %s/%s", found[1], found[2], found[3]))
	}
	return all
}

// TestKillRequests counts what a name that was looked up before costs.
func TestKillRequests(t *testing.T) {
	d, log := traced(t)
	p := startProbe(t)
	for _, node := range textNodes {
		path := d.path(p.pid, node)
		lstat(t, path)
		checkRequests(t, path, log, loggedSoFar(t, d, log), fmt.Sprintf("%d/%s", p.pid, node))
	}
}

// loggedSoFar is the size of the log when all that was asked before is in it:
// lines are written soon after the answer, in their order.
func loggedSoFar(t *testing.T, d *daemon, log string) (size int64) {
	t.Helper()
	isMark := func(r string) bool { return strings.HasPrefix(r, "STATFS ") }
	marks := func() int {
		return len(slices.DeleteFunc(requests(t, log, 0), func(r string) bool { return !isMark(r) }))
	}
	before := marks()
	if err := unix.Statfs(d.dir, new(unix.Statfs_t)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the log", func() bool { return marks() > before })
	info, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func checkRequests(t *testing.T, path, log string, from int64, name string) {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := unix.Read(fd, make([]byte, 128<<10))
	if unix.Close(fd); err != nil || n == 0 {
		t.Errorf("%s: %d, %v", path, n, err)
	}
	release := "RELEASE " + name
	waitFor(t, release, func() bool { return slices.Contains(requests(t, log, from), release) })
	want := []string{"OPEN " + name, "READ " + name, release}
	if got := requests(t, log, from); !slices.Equal(got, want) {
		t.Errorf("%s: requests %q, want %q", path, got, want)
	}
}
