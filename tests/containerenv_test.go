package tests

import (
	"context"
	"debug/elf"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	containerImage     = "localhost/procfsd-test"
	containerDirEnv    = "PROCFSD_CONTAINER_DIR"    // the image's build context; set in the inner half of TestContainer
	containerCgroupEnv = "PROCFSD_CONTAINER_CGROUP" // the parent cgroup of its containers
	containerTime      = 8 * time.Minute            // for all of TestContainer, if go test sets no earlier end
	containerSuiteTime = 3 * time.Minute            // for one run of containerTests
)

// needContainers skips, or in CI fails, where containers cannot be run.
func needContainers(t *testing.T) {
	lacking := t.Skipf
	if os.Getenv("CI") != "" {
		lacking = t.Fatalf
	}
	if os.Geteuid() != 0 {
		lacking("a privileged container wants root")
	}
	for _, tool := range []string{"podman", "runc", "go", "busybox", "newuidmap", "setpriv"} {
		if _, err := exec.LookPath(tool); err != nil {
			lacking("containers cannot be tested (Debian: apt-get install podman runc busybox-static uidmap catatonit): %v", err)
		}
	}
	if !staticProgram(t, "busybox") {
		lacking("busybox is not the static one (Debian: apt-get install busybox-static)")
	}
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		lacking("no FUSE here: %v", err)
	} else {
		f.Close()
	}
}

// staticProgram: it runs where nothing else is.
func staticProgram(t *testing.T, name string) bool {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	program, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	return !slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// buildContainerContext makes the directory that an image from scratch is built of: two static binaries in an else empty tree.
func buildContainerContext(t *testing.T) string {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{
		"": 0o755, "bin": 0o755, "dev": 0o755, "etc": 0o755, "mnt": 0o755, "proc": 0o755, "run": 0o755, "sys": 0o755, "tmp": 0o777 | os.ModeSticky,
	} {
		path := filepath.Join(dir, "rootfs", name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"Containerfile":     "FROM scratch\nCOPY rootfs /\n",
		"rootfs/etc/passwd": "root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n",
		"rootfs/etc/group":  "root:x:0:\nnogroup:x:65534:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	buildStatic(t, "build", "-o", filepath.Join(dir, "rootfs/bin/procfsd"), "./cmd/procfsd")
	buildStatic(t, "test", "-c", "-o", filepath.Join(dir, "rootfs/bin/tests"), "./tests")
	return dir
}

// buildStatic runs the go command in the repository's root without cgo.
func buildStatic(t *testing.T, args ...string) {
	ctx, cancel := context.WithDeadline(t.Context(), containerDeadline(t))
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

// runInPrivateMounts runs the inner half of the test in a mount namespace of its own, and afterwards ends whatever is left of it.
func runInPrivateMounts(t *testing.T, dir string) {
	cgroup := fmt.Sprintf("procfsd-test-%d", os.Getpid())
	ctx, cancel := context.WithDeadline(t.Context(), containerDeadline(t))
	defer cancel()
	timeout := time.Until(containerDeadline(t)) - 5*time.Second
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.v", "-test.run="+containerSelection(t), "-test.timeout="+timeout.String())
	cmd.Env = append(os.Environ(), containerDirEnv+"="+dir, containerCgroupEnv+"="+cgroup, "PROCFSD_BIN="+filepath.Join(dir, "rootfs/bin/procfsd"))
	// Unshareflags makes every mount of the new namespace private, so that nothing comes back to the host's.
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS, Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // a daemon that outlived its test
	}
	removeContainerCgroups(t, cgroup)
	if t.Logf("%s", out); err != nil || !strings.Contains(string(out), "\n--- PASS: "+t.Name()+" ") {
		t.Errorf("%v: %v", cmd, err)
	}
}

// containerSelection is the test, or the part of it that the command line selects, as in TestContainer/Uses.
func containerSelection(t *testing.T) string {
	part, found := strings.CutPrefix(flag.Lookup("test.run").Value.String(), t.Name()+"/")
	if found {
		return "^" + t.Name() + "$/" + part
	}
	return "^" + t.Name() + "$"
}

// removeContainerCgroups kills what still runs in the containers of the test and removes their cgroups:
// podman leaves the parent and conmon's in place. Works on version 1, hybrid and version 2 hierarchies.
func removeContainerCgroups(t *testing.T, cgroup string) {
	var left []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left = containerCgroups(cgroup); len(left) == 0 {
			return
		}
		for _, dir := range left {
			procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			for _, field := range strings.Fields(string(procs)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			syscall.Rmdir(dir)
		}
	}
	t.Errorf("cgroups left over: %q", left)
}

// containerCgroups lists the directories of a cgroup in all hierarchies, children before their parents.
func containerCgroups(cgroup string) []string {
	tops, _ := filepath.Glob("/sys/fs/cgroup/*/" + cgroup)
	var dirs []string
	for _, top := range append(tops, "/sys/fs/cgroup/"+cgroup) {
		filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
	}
	slices.Reverse(dirs)
	return dirs
}

// podman runs containers from the inner half of the test.
type podman struct {
	dir    string // build context
	cgroup string // parent of the containers' cgroups
	names  int    // containers named so far
}

// newPodman hides the places where podman keeps images, containers, locks and runtime state behind empty file systems.
func newPodman(t *testing.T) *podman {
	for _, dir := range []string{"/run", "/var/lib", "/dev/shm"} {
		if err := unix.Mount("procfsd-test", dir, "tmpfs", 0, "mode=755"); err != nil {
			t.Fatalf("tmpfs over %s: %v", dir, err)
		}
	}
	return &podman{dir: os.Getenv(containerDirEnv), cgroup: os.Getenv(containerCgroupEnv)}
}

// command is podman on hosts without systemd, overlay or the unified cgroup hierarchy; crun refuses hybrid cgroups.
func (p *podman) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "podman", append([]string{"--runtime", "runc", "--storage-driver=vfs", "--cgroup-manager=cgroupfs"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR=/run")
	cmd.Dir = "/"
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// mustRun is the output of a podman command that succeeds.
func (p *podman) mustRun(t *testing.T, args ...string) string {
	t.Helper()
	cmd := p.command(p.context(t), args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// runArgs is podman's command line for the test binary with args in a privileged container. The limits are below
// podman's defaults because raising them needs CAP_SYS_RESOURCE, which a virtual machine's root may lack.
func (p *podman) runArgs(t *testing.T, options []string, args ...string) []string {
	run := []string{"run", "--privileged", "--network=none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--device", "/dev/fuse",
		"--pull=never", "--cgroup-parent=/" + p.cgroup, fmt.Sprintf("--timeout=%d", max(1, int(time.Until(containerDeadline(t)).Seconds())))}
	return slices.Concat(run, options, []string{containerImage, "/bin/tests"}, args)
}

// start runs a container that only waits, until the test ends, and gives its first process.
func (p *podman) start(t *testing.T, options ...string) int {
	p.names++
	name := fmt.Sprintf("%s-%d", p.cgroup, p.names)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if out, err := p.command(ctx, "rm", "--force", "--ignore", "--time=0", name).CombinedOutput(); err != nil {
			t.Errorf("podman rm: %v\n%s", err, out)
		}
	})
	p.mustRun(t, p.runArgs(t, append(options, "--detach", "--name", name, "--env", helperEnv+"=pause"))...)
	pid, err := strconv.Atoi(strings.TrimSpace(p.mustRun(t, "inspect", "--format={{.State.Pid}}", name)))
	if err != nil || pid <= 0 {
		t.Fatalf("container %s has process %d, %v", name, pid, err)
	}
	return pid
}

// context ends with the test, at the latest at its deadline.
func (p *podman) context(t *testing.T) context.Context {
	ctx, cancel := context.WithDeadline(t.Context(), containerDeadline(t))
	t.Cleanup(cancel)
	return ctx
}

// containerDeadline leaves time to clean up before go test's own end.
func containerDeadline(t *testing.T) time.Time {
	end := time.Now().Add(containerTime)
	if own, ok := t.Deadline(); ok && own.Before(end) {
		end = own
	}
	return end.Add(-10 * time.Second)
}

// The helpers below are the test binary in another role, chosen by helperEnv; TestMain calls them.

// helperInit runs the test binary with the same arguments and reaps what is orphaned to it, as process 1 must.
func helperInit() {
	os.Unsetenv(helperEnv)
	child, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
		os.Exit(1)
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if pid == child.Pid {
			os.Exit(status.ExitStatus())
		}
		if err != nil && err != syscall.EINTR {
			fmt.Fprintln(os.Stderr, "init:", err)
			os.Exit(1)
		}
	}
}

// helperPause waits to be killed.
func helperPause() {
	for {
		time.Sleep(time.Hour)
	}
}

// helperCat copies a file to standard output.
func helperCat() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(text)
}
