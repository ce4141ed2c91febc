package tests

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestTreeEveryProcess compares each node of every live process with native
// /proc, as root and as users who may see less. The comparison runs as the
// caller that it is about.
func TestTreeEveryProcess(t *testing.T) {
	d := mount(t)
	start(t, helper(t, "pause2"))
	start(t, as(helper(t, "pause2"), 65534, 65534))
	start(t, as(helper(t, "pause2"), 1234, 1234))
	for _, uid := range []uint32{0, 65534, 1234} {
		t.Run(fmt.Sprint("uid ", uid), func(t *testing.T) {
			out, err := as(helper(t, "tree", d.dir, strconv.Itoa(d.cmd.Process.Pid)), uid, uid).Output()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// helperTree compares the tree at its first argument with native /proc, but
// for the daemon, whose number is the second.
func helperTree() {
	dir, daemon := os.Args[1], atoiOr0(os.Args[2])
	faults, compared := 0, map[string]int{}
	for _, pid := range processes() {
		if pid == daemon {
			continue
		}
		for _, c := range comparisons {
			fault, ok := settle(c, dir, pid)
			if fault != "" {
				faults++
				fmt.Printf("%d %s: %s\n", pid, c.node, fault)
			} else if ok {
				compared[c.node]++
			}
		}
	}
	fmt.Println("equal:", compared)
	for _, c := range comparisons {
		if compared[c.node] == 0 {
			fmt.Println("nothing compared:", c.node)
			faults++
		}
	}
	if faults > 0 {
		os.Exit(1)
	}
}

// comparison is how a node is compared: what native says, and what we say in
// the same form.
type comparison struct {
	node   string
	native func(native) (string, error)
	ours   func(dir string, pid int) (string, error)
}

var comparisons = []comparison{
	{"status", native.status, func(dir string, pid int) (string, error) {
		text, err := readNode(dir, pid, "status")
		return comparable(text), err
	}},
	{"rlimit", native.rlimit, text("rlimit")},
	{"etype", native.etype, text("etype")},
	{"cmdline", func(n native) (string, error) { return n.read("cmdline") }, text("cmdline")},
	{"file", func(n native) (string, error) { return n.executable() }, link("file")},
	{"exe", func(n native) (string, error) { return n.executable() }, link("exe")},
	{"map", func(n native) (string, error) {
		if n.kernelThread() {
			return "", syscall.ENOENT // where native has an empty file we have none
		}
		columns, err := n.mapColumns()
		return strings.Join(columns, "\n"), err
	}, func(dir string, pid int) (string, error) {
		text, err := readNode(dir, pid, "map")
		return strings.Join(ourColumns(text), "\n"), err
	}},
}

func (n native) executable() (string, error) {
	if n.kernelThread() {
		return "", syscall.ENOENT
	}
	return n.link()
}

func text(node string) func(string, int) (string, error) {
	return func(dir string, pid int) (string, error) { return readNode(dir, pid, node) }
}

func link(node string) func(string, int) (string, error) {
	return func(dir string, pid int) (string, error) { return os.Readlink(nodePath(dir, pid, node)) }
}

func nodePath(dir string, pid int, node string) string {
	return filepath.Join(dir, strconv.Itoa(pid), node)
}

func readNode(dir string, pid int, node string) (string, error) {
	b, err := os.ReadFile(nodePath(dir, pid, node))
	return string(b), err
}

// settle compares until native says the same before and after, and the process
// has not run in between: what changes all the time, or has gone, is left out
// (not ok).
func settle(c comparison, dir string, pid int) (fault string, ok bool) {
	for range 20 {
		quiet := native{pid}.activity()
		before := outcome(c.native(native{pid}))
		ours := outcome(c.ours(dir, pid))
		after := outcome(c.native(native{pid}))
		if before != after || quiet != (native{pid}.activity()) {
			fault = ""
			continue
		}
		if ours == before {
			return "", true
		}
		if state, err := processState(pid); before == "ok " && err == nil && state == 'Z' {
			return "", false // the main thread has exited: native shows an empty map where we show another thread's
		}
		fault = fmt.Sprintf("differs\nnative %.2000s\nours   %.2000s", before, ours)
		if before == "gone" {
			return "", false
		}
	}
	if pid == os.Getpid() || !(native{pid}).live() { // it changes by looking, or has become a zombie
		return "", false
	}
	return fault, false
}

func outcome(text string, err error) string {
	if err != nil {
		return errnoName(err)
	}
	return "ok " + text
}

// TestTreeTable: the root's status is every process's status, by pid.
func TestTreeTable(t *testing.T) {
	d := mount(t)
	start(t, helper(t, "pause2"))
	text, err := os.ReadFile(d.path("status"))
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for line := range strings.Lines(string(text)) {
		f := strings.Split(line, " ")
		if len(f) != 15 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("torn line %q", line)
		}
		pids = append(pids, atoi(t, f[1]))
	}
	if !slices.IsSorted(pids) {
		t.Errorf("not sorted: %v", pids)
	}
	live := processes()
	for _, pid := range []int{os.Getpid(), d.cmd.Process.Pid} {
		if !slices.Contains(pids, pid) {
			t.Errorf("%d is missing", pid)
		}
	}
	if len(pids) < len(live)/2 || len(pids) > 2*len(live) {
		t.Errorf("%d lines for %d processes", len(pids), len(live))
	}
}

// TestTreeListing: what is listed is there, and what is there is listed.
func TestTreeListing(t *testing.T) {
	d := mount(t)
	names := list(t, d.dir)
	for _, want := range []string{"curproc", "self", "status", strconv.Itoa(os.Getpid())} {
		if !slices.Contains(names, want) {
			t.Errorf("the root lacks %s", want)
		}
	}
	want := []string{"cmdline", "dbregs", "etype", "fpregs", "map", "mem", "note", "notepg", "regs", "rlimit", "status", "osrel", "file", "exe"}
	if got := list(t, d.path(os.Getpid())); !slices.Equal(got, want) {
		t.Errorf("a process has %v, want %v", got, want)
	}
	for _, node := range want {
		if _, err := os.Lstat(d.path(os.Getpid(), node)); err != nil {
			t.Error(err)
		}
	}
}

// list gives the names in the order of the directory.
func list(t testing.TB, dir string) []string {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestTreeCurproc: every thread of a process finds its process, never itself.
func TestTreeCurproc(t *testing.T) {
	d := mount(t)
	out, err := helper(t, "threads", d.dir).Output()
	if err != nil || string(out) != "16\n" {
		t.Errorf("%d threads found their process: %s, %v", 16, out, err)
	}
}

func helperThreads() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	right, tids := 0, map[int]bool{}
	var ready sync.WaitGroup
	ready.Add(16)
	for range 16 {
		wg.Go(func() {
			lockThread()
			ready.Done()
			ready.Wait()
			link, _ := os.Readlink(filepath.Join(os.Args[1], "curproc"))
			self, _ := os.Readlink(filepath.Join(os.Args[1], "self"))
			status, _ := os.ReadFile(filepath.Join(os.Args[1], "curproc/status"))
			mu.Lock()
			defer mu.Unlock()
			tids[syscall.Gettid()] = true
			if pid := strconv.Itoa(os.Getpid()); link == pid && self == pid && strings.Fields(string(status))[1] == pid {
				right++
			}
		})
	}
	wg.Wait()
	if len(tids) != 16 {
		right = -len(tids)
	}
	fmt.Println(right)
}

// TestTreeZombies: a zombie is not there; a zombie leader with a live thread is.
func TestTreeZombies(t *testing.T) {
	d := mount(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), helperEnv+"=exit")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	waitFor(t, "the zombie", func() bool { s, _ := processState(pid); return s == 'Z' })
	if _, err := os.Lstat(d.path(pid)); !os.IsNotExist(err) {
		t.Errorf("a zombie: %v", err)
	}
	if slices.Contains(list(t, d.dir), strconv.Itoa(pid)) {
		t.Error("a zombie is listed")
	}
	cmd.Wait()

	leader := helper(t, "zombieleader")
	start(t, leader)
	waitFor(t, "the zombie leader", func() bool { s, _ := processState(leader.Process.Pid); return s == 'Z' })
	text, err := os.ReadFile(d.path(leader.Process.Pid, "status"))
	if err != nil || len(strings.Fields(string(text))) != 15 {
		t.Errorf("a zombie leader with a live thread: %q, %v", text, err)
	}
	text, err = os.ReadFile(d.path(leader.Process.Pid, "map"))
	if err != nil || !strings.Contains(string(text), " vnode ") {
		t.Errorf("the map of a zombie leader with a live thread: %q, %v", text, err)
	}
}

// helperPause2 says that it is there and waits for its input to end.
func helperPause2() {
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}
