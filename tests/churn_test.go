package tests

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var long = flag.Bool("long", false, "churn for a minute, not for seconds")

func churnTime() time.Duration {
	if *long {
		return time.Minute
	}
	return 3 * time.Second
}

// execLoop is a process that runs one program after another, and a child now
// and then.
const execLoop = `sleep 0.01; exec /bin/sh -c "$0" "$0"`

// Processes come, go and change under eight readers that walk everything:
// nobody sees half a line, another process's line, or an error that does not
// say "gone"; and the daemon keeps nothing of it.
func TestChurn(t *testing.T) {
	if !inPIDNamespace(t) { // where no other test's processes are stuck
		return
	}
	d := mount(t)
	readEverything(t, d, 2, time.Second) // threads and buffers that it may keep
	settled := func() (int, int) { return descriptors(t, d), threadCount(t, d) }
	fdsBefore, threadsBefore := settled()
	stop := startStorm(t)
	reads := readEverything(t, d, 8, churnTime())
	if runs := stop(); runs < 10 {
		t.Errorf("a storm of %d processes only", runs)
	}
	if reads < 1000 {
		t.Errorf("only %d reads", reads)
	}
	if d.ended() {
		t.Fatalf("the daemon has ended: %s", d.log)
	}
	waitFor(t, fmt.Sprintf("the daemon to have %d descriptors again", fdsBefore), func() bool { return descriptors(t, d) <= fdsBefore })
	if _, threads := settled(); threads > threadsBefore+16 { // eight readers, and as many beginning another call
		t.Errorf("the daemon has %d threads, %d before", threads, threadsBefore)
	}
}

func descriptors(t testing.TB, d *daemon) int { return countEntries(t, d, "fd") }
func threadCount(t testing.TB, d *daemon) int { return countEntries(t, d, "task") }

func countEntries(t testing.TB, d *daemon, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", d.cmd.Process.Pid, dir))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// startStorm begins it; the function that it gives ends it, and gives the
// number of processes that were.
func startStorm(t *testing.T) func() int {
	for range 3 {
		startQuietly(t, exec.Command("/bin/sh", "-c", execLoop, execLoop))
	}
	stormer := helper(t, "storm")
	in, err := stormer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	stormer.Stdout = &out
	if err := stormer.Start(); err != nil {
		t.Fatal(err)
	}
	return func() int {
		in.Close()
		if err := stormer.Wait(); err != nil {
			t.Errorf("storm: %v", err)
		}
		return atoi(t, strings.TrimSpace(out.String()))
	}
}

// startQuietly starts a process that is killed, with its children, when the
// test ends.
func startQuietly(t testing.TB, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
			cmd.Wait()
		}
	})
	return cmd
}

// helperStorm runs short processes, up to two hundred a second, until its
// input ends, and says how many there were.
func helperStorm() {
	ended := make(chan struct{})
	go func() {
		os.Stdin.Read(make([]byte, 1))
		close(ended)
	}()
	os.Setenv(helperEnv, "exit")
	runs := 0
	for tick := time.NewTicker(5 * time.Millisecond); ; runs++ {
		select {
		case <-ended:
			fmt.Println(runs)
			return
		case <-tick.C:
		}
		cmd := exec.Command("/bin/sh", "-c", "exec /bin/true")
		if runs%8 == 0 {
			cmd = exec.Command("/proc/self/exe")
		}
		check(cmd.Run())
	}
}

// readEverything runs n walkers, every second of them as nobody, and reports
// their faults. It gives the number of their reads.
func readEverything(t *testing.T, d *daemon, n int, howLong time.Duration) (reads int) {
	t.Helper()
	var group sync.WaitGroup
	outputs, errs := make([][]byte, n), make([]error, n)
	for i := range n {
		cmd := helper(t, "walker", d.dir, strconv.Itoa(d.cmd.Process.Pid), howLong.String())
		if i%2 == 1 {
			as(cmd, 65534, 65534)
		}
		group.Go(func() { outputs[i], errs[i] = cmd.Output() })
	}
	group.Wait()
	for i, out := range outputs {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if errs[i] != nil {
			t.Errorf("walker: %v", errs[i])
			continue
		}
		for _, fault := range lines[:len(lines)-1] {
			t.Error(fault)
		}
		var mine int
		if _, err := fmt.Sscan(lines[len(lines)-1], &mine); err != nil || mine < 10 {
			t.Errorf("walker %d has read %d files only (%v)", i, mine, err)
		}
		reads += mine
	}
	return reads
}
