package tests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// containerTests selects the tests that must pass inside a container as they do outside.
// They find the binary through PROCFSD_BIN and nothing else of the repository.
const containerTests = `^(TestTree|TestRights)`

// TestContainer is the acceptance test by mount in a privileged container: the tree and rights tests run there, in a
// process namespace of its own and in the host's, and the host's mount names the container in the jail field.
// Its part Uses does what dist/container/README.md documents (see containeruse_test.go).
//
// The test runs itself once more in a private mount namespace with empty directories where podman keeps its state
// (see containerenv_test.go), so that all of it goes with the last process. Only cgroups outlive that; the outer half removes them.
func TestContainer(t *testing.T) {
	if os.Getenv(containerDirEnv) == "" {
		needContainers(t)
		runInPrivateMounts(t, buildContainerContext(t))
		return
	}
	p := newPodman(t)
	t.Run("Image", p.testImage)
	t.Run("OwnPids", func(t *testing.T) { p.testSuite(t) })
	t.Run("HostPids", func(t *testing.T) { p.testSuite(t, "--pid=host") })
	t.Run("Jail", p.testJail)
	t.Run("Uses", p.testUses)
}

// testImage builds the image of the other tests from scratch.
func (p *podman) testImage(t *testing.T) {
	p.mustRun(t, "build", "--pull=never", "--network=none", "--tag", containerImage, p.dir)
}

// testSuite runs containerTests in a container and wants every one of them passed and none skipped, at any depth.
func (p *podman) testSuite(t *testing.T, options ...string) {
	names := p.listTests(t)
	options = append(options, "--rm", "--env", "CI=true", "--env", "PROCFSD_BIN=/bin/procfsd", "--env", helperEnv+"=init")
	limit := max(time.Second, min(containerSuiteTime, time.Until(containerDeadline(t))-5*time.Second))
	out := p.mustRun(t, p.runArgs(t, options, "-test.v", "-test.run="+containerTests, "-test.timeout="+limit.String())...)
	t.Logf("%d tests in the container:\n%s", len(names), out)
	for _, fault := range suiteFaults(names, out) {
		t.Error(fault)
	}
}

// listTests asks the test binary of the image which tests containerTests selects: some of each kind, or it is stale.
func (p *podman) listTests(t *testing.T) []string {
	cmd := exec.CommandContext(p.context(t), filepath.Join(p.dir, "rootfs/bin/tests"), "-test.list="+containerTests)
	cmd.Env = append(os.Environ(), "PROCFSD_BIN="+filepath.Join(p.dir, "rootfs/bin/procfsd"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if name := strings.TrimSpace(line); strings.HasPrefix(name, "Test") {
			names = append(names, name)
		}
	}
	for _, kind := range []string{"TestTree", "TestRights"} {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, kind) }) {
			t.Fatalf("no test named %s… to run in a container, only %q", kind, names)
		}
	}
	return names
}

// suiteFaults reads the output of go test -v and says what is wrong with it.
func suiteFaults(names []string, out string) []string {
	var faults []string
	results, last := map[string]bool{}, ""
	for line := range strings.Lines(out) {
		last = strings.TrimSpace(line)
		if strings.HasPrefix(last, "--- SKIP: ") {
			faults = append(faults, "in the container: "+last)
		}
		if name, found := strings.CutPrefix(line, "--- PASS: "); found {
			results[strings.Fields(name)[0]] = true
		}
	}
	for _, name := range names {
		if !results[name] {
			faults = append(faults, name+" did not pass in the container")
		}
	}
	if last != "PASS" {
		faults = append(faults, fmt.Sprintf("the output in the container ends with %q, not PASS", last))
	}
	return faults
}

func TestContainerSuiteFaults(t *testing.T) {
	const good = "=== RUN   TestTreeA\n--- PASS: TestTreeA (0.10s)\n    --- PASS: TestTreeA/b (0.00s)\nPASS\n"
	for _, c := range []struct {
		out    string
		faults int
	}{
		{good, 0},
		{strings.Replace(good, "PASS: TestTreeA/b", "SKIP: TestTreeA/b", 1), 1},
		{strings.Replace(good, "--- PASS: TestTreeA ", "--- FAIL: TestTreeA ", 1), 1},
		{"testing: warning: no tests to run\nPASS\n", 1},
		{"panic: x\n", 2},
		{"", 2},
	} {
		if faults := suiteFaults([]string{"TestTreeA"}, c.out); len(faults) != c.faults {
			t.Errorf("%q: %d faults, want %d: %q", c.out, len(faults), c.faults, faults)
		}
	}
}

// testJail mounts on the host's side and looks at processes of containers from there: the hostname of a container
// with process ids of its own for those who may see it, nothing for processes that share the host's.
func (p *podman) testJail(t *testing.T) {
	const hostname = "procfsd-jail.example"
	mount := p.mountOutside(t)
	jailed := p.start(t, "--hostname", hostname)
	shared := p.start(t, "--hostname", hostname, "--pid=host")
	checkJail(t, mount, jailed, hostname)
	checkJail(t, mount, shared, "-")
	for _, pid := range hostProcesses(t) {
		checkJail(t, mount, pid, "-")
	}
	status := p.catAsNobody(t, filepath.Join(mount, strconv.Itoa(jailed), "status"))
	if got := jailField(status); got != "?" {
		t.Errorf("process in a container, shown to nobody: jail %q, want ?, in %q", got, status)
	}
}

// checkJail reads the jail field of a process that may meanwhile have gone.
func checkJail(t *testing.T, mount string, pid int, want string) {
	status, err := os.ReadFile(filepath.Join(mount, strconv.Itoa(pid), "status"))
	state, stateErr := processState(pid)
	gone := stateErr != nil || state == 'Z'
	if err != nil && !gone {
		t.Errorf("process %d: %v", pid, err)
	} else if got := jailField(status); got != want && !gone {
		t.Errorf("process %d: jail %q, want %q, in %q", pid, got, want, status)
	}
}

// hostProcesses lists the processes that share this one's process namespace, as far as their links can be read:
// the kernel may refuse those of process 1 even to root.
func hostProcesses(t *testing.T) []int {
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	links, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	var pids []int
	for _, link := range links {
		if ns, err := os.Readlink(link); err != nil || ns != own {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(link, "/")[2]); err == nil {
			pids = append(pids, pid)
		}
	}
	if !slices.Contains(pids, os.Getpid()) {
		t.Errorf("process %d is not among the host's: %v", os.Getpid(), pids)
	}
	return pids
}

// jailField is the last field of a status line.
func jailField(status []byte) string {
	line := strings.TrimSuffix(string(status), "\n")
	return line[strings.LastIndexByte(line, ' ')+1:]
}

// mountOutside serves a mount in the test's own mount namespace until the test ends.
func (p *podman) mountOutside(t *testing.T) string {
	mount := "/run/procfs" // in the private tmpfs, reachable by every uid
	if err := os.MkdirAll(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.context(t))
	cmd := exec.CommandContext(ctx, filepath.Join(p.dir, "rootfs/bin/procfsd"), "-f", mount)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("%v: %v\n%s", cmd, err, stderr.String())
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(filepath.Join(mount, "curproc/status"))
		if err == nil {
			return mount
		}
		if time.Now().After(deadline) || len(ended) > 0 {
			t.Fatalf("%v does not answer: %v", cmd, err)
		}
	}
}

// catAsNobody is what uid 65534 reads in a file.
func (p *podman) catAsNobody(t *testing.T, file string) []byte {
	cmd := exec.CommandContext(p.context(t), "/proc/self/exe", file)
	cmd.Env = append(os.Environ(), helperEnv+"=cat")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s, as nobody: %v", file, err)
	}
	return out
}
