package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fuzzYard is what came of it.
type fuzzYard struct {
	Fuzzers []fuzzReport
	Targets int // that there were, one after the other
	Stuck   int // requests in the end
	Exit    string
	Log     string
}

const (
	yardMount = "/mnt/mount"
	yardFile  = "/mnt/targets" // their numbers
)

// helperFuzzYard: PROCFSD TIME SEED, as process 1 of its own namespaces: it
// serves a mount, keeps targets alive and has them fuzzed as root and as nobody.
// All goes with it.
func helperFuzzYard() {
	limit, err := time.ParseDuration(os.Args[2])
	must(err)
	must(unix.Mount("proc", "/proc", "proc", 0, ""))
	must(unix.Mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755"))
	must(os.Mkdir(yardMount, 0o755))
	var y fuzzYard
	log := new(bytes.Buffer)
	daemon := exec.Command(os.Args[1], "-f", yardMount, "-o", "sample")
	daemon.Stderr = log
	must(daemon.Start())
	for end := time.Now().Add(20 * time.Second); !isMounted(yardMount) && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	targets := newYardTargets()
	var group sync.WaitGroup
	y.Fuzzers = make([]fuzzReport, 2)
	for i, uid := range []uint32{0, 65534} {
		group.Go(func() { y.Fuzzers[i] = fuzzAs(uid, limit, os.Args[3]) })
	}
	group.Wait()
	y.Targets = targets.end()
	y.Stuck = stuckIn(os.Args[1])
	y.Exit = endDaemon(daemon)
	y.Log = cut(log.String(), 10_000)
	out, err := json.Marshal(y)
	must(err)
	os.Stdout.Write(out)
}

// role is this program in another one.
func role(name string, uid uint32, args ...string) *exec.Cmd {
	cmd := as(exec.Command("/proc/self/exe", args...), uid, uid)
	cmd.Env = append(os.Environ(), helperEnv+"="+name)
	cmd.Stderr, cmd.Dir = os.Stderr, "/"
	return cmd
}

func fuzzAs(uid uint32, limit time.Duration, seed string) (f fuzzReport) {
	cmd := role("fuzzer", uid, yardMount, limit.String(), seed)
	killer := time.AfterFunc(limit+time.Minute, func() { cmd.Process.Kill() })
	defer killer.Stop()
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		f.Hangs = append(f.Hangs, fmt.Sprintf("the fuzzer of user %d itself: %v", uid, err))
	}
	return f
}

// stuckIn is how many requests of the mount are still waited for.
func stuckIn(program string) (n int) {
	out, err := exec.Command(program, "stat", "--json", yardMount).Output()
	var c counters
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	must(err)
	for _, s := range c.Slots {
		n += s.Stuck
	}
	return n
}

func endDaemon(daemon *exec.Cmd) string {
	daemon.Process.Signal(syscall.SIGTERM)
	killer := time.AfterFunc(10*time.Second, func() { daemon.Process.Kill() })
	defer killer.Stop()
	daemon.Wait()
	return daemon.ProcessState.String()
}

// yardTargets are processes to be read, written, stopped and killed. Each that
// ends has a successor.
type yardTargets struct {
	mu    sync.Mutex
	live  [4]*exec.Cmd
	count int
	ended bool
}

func newYardTargets() *yardTargets {
	y := new(yardTargets)
	for i := range y.live {
		y.begin(i)
	}
	return y
}

func (y *yardTargets) begin(i int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.ended {
		return
	}
	cmd := role("fuzztarget", uint32(i%2)*65534)
	cmd.SysProcAttr.Setpgid, cmd.Stderr = true, nil // what breaks, breaks
	in, err := cmd.StdinPipe()
	must(err)
	must(cmd.Start())
	y.live[i] = cmd
	y.count++
	var text strings.Builder
	for _, c := range y.live {
		if c != nil {
			fmt.Fprintln(&text, c.Process.Pid)
		}
	}
	must(os.WriteFile(yardFile+".new", []byte(text.String()), 0o644))
	must(os.Rename(yardFile+".new", yardFile))
	go func() {
		cmd.Wait()
		in.Close()
		y.begin(i)
	}()
}

func (y *yardTargets) end() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.ended = true
	return y.count
}

// helperFuzzTarget has something to be read and does nothing.
func helperFuzzTarget() {
	go func() {
		for {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}
