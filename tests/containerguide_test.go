package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	containerGuide = "../dist/container/README.md"
	guideLanguage  = "sh-container " // a fence's info string: this and the name of the block
	guideWait      = 60 * time.Second
)

// guide runs the named blocks of the container guide as they stand. What only this environment needs (podman's
// storage, limits, cgroups, no network) is added by a podman of its own that comes first in PATH.
type guide struct {
	*podman
	tree   string            // stands for the repository's root after the build
	blocks map[string]string // by name
	app    string            // the COPY line of the guide, for images of applications
	ran    map[string]bool
}

// guidePodman stands before podman in PATH.
const guidePodman = `#!/bin/sh
command=$1
shift
case $command in
run) set -- --pull=never --network=none --ulimit=nofile=1024:1024 --ulimit=nproc=1000:1000 --timeout=300 "$@"
	[ "$(id -u)" != 0 ] || set -- --cgroup-parent=/%s "$@" ;;
build) set -- --pull=never --network=none "$@" ;;
esac
exec %s --runtime runc --storage-driver=vfs --cgroup-manager=cgroupfs $command "$@"
`

// newGuide makes, in the private mounts of the test, the host that the guide is for, and builds the images.
func newGuide(t *testing.T, p *podman) *guide {
	g := &guide{podman: p, tree: "/run/tree", blocks: map[string]string{}, ran: map[string]bool{}}
	g.read(t)
	g.prepareHost(t)
	g.copyTree(t)
	if out := g.run(t, "build"); !strings.Contains(out, "\nprocfsd mounts ") {
		t.Errorf("--help says %q", out)
	}
	g.buildApp(t)
	return g
}

func (g *guide) read(t *testing.T) {
	text, err := os.ReadFile(containerGuide)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range fenced(string(text)) {
		name, found := strings.CutPrefix(b.language, guideLanguage)
		switch {
		case found && g.blocks[name] != "":
			t.Errorf("line %d: a second block %q", b.line, name)
		case found:
			g.blocks[name] = b.text
		case b.language == "containerfile":
			g.app = b.text
		default:
			t.Errorf("line %d: a block %q, which nothing runs", b.line, b.language)
		}
	}
}

// prepareHost makes what the guide takes for granted: a shared /run, ranges of ids for user namespaces,
// and a /dev/fuse that is open to users.
func (g *guide) prepareHost(t *testing.T) {
	g.must(t, `mkdir /run/bin /run/etc
cp -a /etc/. /run/etc
mount --bind /run/etc /etc
printf 'containers:200000:1000000\nnobody:1300000:65536\n' | tee /etc/subuid > /etc/subgid
mknod -m 666 /run/fuse c 10 229
mount --bind /run/fuse /dev/fuse
chmod 1777 /dev/shm
mount --make-shared /run`)
	t.Cleanup(func() { g.must(t, "mount --make-private /run; umount /dev/fuse; umount -l /etc") })
	program, err := exec.LookPath("podman")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/run/bin/podman", fmt.Appendf(nil, guidePodman, g.cgroup, program), 0o755); err != nil {
		t.Fatal(err)
	}
}

// copyTree copies what the image may be made of, and something that it may not.
func (g *guide) copyTree(t *testing.T) {
	g.must(t, `mkdir -p /run/tree/dist
cp -a ../dist/container /run/tree/dist
cp ../.dockerignore /run/tree
cp "$DIR/rootfs/bin/procfsd" /run/tree
echo big > /run/tree/decoy`)
}

// buildApp makes the image of an application: busybox, and procfsd by the guide's line.
func (g *guide) buildApp(t *testing.T) {
	g.must(t, `mkdir -p /run/app/bin /run/app/mnt /run/app/etc
cp "$(command -v busybox)" /run/app/bin/busybox
for name in sh head ls sleep su true cat readlink grep; do ln -s busybox /run/app/bin/$name; done
cp "$DIR"/rootfs/etc/* /run/app/etc`)
	if err := os.WriteFile("/run/app.containerfile", []byte("FROM scratch\nCOPY . /\n"+g.app), 0o644); err != nil {
		t.Fatal(err)
	}
	g.must(t, "podman build --quiet --file=/run/app.containerfile --tag=localhost/app /run/app")
}

// run runs a block, which succeeds, and gives its output.
func (g *guide) run(t *testing.T, name string) string {
	t.Helper()
	g.ran[name] = true
	return g.inTree(t, g.block(t, name))
}

func (g *guide) block(t *testing.T, name string) string {
	t.Helper()
	if g.blocks[name] == "" {
		t.Fatalf("no block %q in %s", name, containerGuide)
	}
	return g.blocks[name]
}

func (g *guide) inTree(t *testing.T, script string) string {
	t.Helper()
	cmd := g.shell(script)
	cmd.Dir = g.tree
	return succeed(t, cmd)
}

// must runs a script of the test's own, in the directory of the tests.
func (g *guide) must(t *testing.T, script string) string {
	t.Helper()
	return succeed(t, g.shell(script))
}

// shell is a script as the guide's reader types it.
func (g *guide) shell(script string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-ec", script)
	cmd.Env = append(os.Environ(), "PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR=/run", "DIR="+g.dir)
	return cmd
}

func succeed(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	r := finish(t, cmd)
	if r.code != 0 {
		t.Fatalf("%q: %v", cmd.Args, r)
	}
	return r.stdout
}

// asNobody runs a block with rootless podman and the image of the application.
func (g *guide) asNobody(t *testing.T, name string) string {
	t.Helper()
	g.must(t, `mkdir -p /run/home/run
podman save --quiet --output=/run/home/app.tar localhost/app
chown -R nobody /run/home`)
	t.Cleanup(func() { endPause(t, "/run/home/run/libpod/tmp/pause.pid") })
	nobody := func(script string) string {
		cmd := g.shell(script)
		cmd.Dir = "/run/home"
		cmd.Env = []string{"PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/run/home", "XDG_RUNTIME_DIR=/run/home/run", "TMPDIR=/run/home"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		return succeed(t, cmd)
	}
	nobody("podman load --quiet --input=app.tar")
	return nobody(g.block(t, name))
}

// endPause ends the process that keeps a user's namespace for the next rootless podman.
func endPause(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("rootless podman left no pause process? %v", err)
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && pid > 1 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// allRan wants no block of the guide to go untried.
func (g *guide) allRan(t *testing.T) {
	for name := range g.blocks {
		if !g.ran[name] {
			t.Errorf("the guide's block %q was not run", name)
		}
	}
}

// removeAtEnd removes containers, the later ones first, and what they leave mounted on dir.
func (g *guide) removeAtEnd(t *testing.T, dir string, names ...string) {
	unmountAtEnd(t, dir)
	for _, name := range names {
		t.Cleanup(func() { g.remove(t, name) })
	}
}

// remove kills and removes a container. Whoever removes it meets the cleanup that conmon starts after its death,
// and may find busy what that one is about to unmount.
func (g *guide) remove(t *testing.T, name string) {
	var r ran
	for range 5 {
		if r = finish(t, g.shell("podman rm --force --ignore --time=0 "+name)); r.code == 0 {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("podman rm %s: %v", name, r)
}

// eventually polls a condition that takes containers to start.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(guideWait); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// mounted: the mount on dir is alive and shows this process, of the host.
func mounted(dir string) bool {
	link, _ := os.Readlink(filepath.Join(dir, "curproc"))
	return link == strconv.Itoa(os.Getpid())
}

// kill9 kills the daemon of a container and waits until the restart policy has put another into its place.
func (g *guide) kill9(t *testing.T, name string) {
	t.Helper()
	before := g.pidOf(t, name)
	exe := fmt.Sprintf("/proc/%d/exe", before)
	if link, err := os.Readlink(exe); link != "/procfsd" {
		t.Fatalf("%s is %q, %v; want the daemon", exe, link, err)
	}
	if err := unix.Kill(before, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the restart of "+name, func() bool { pid := g.pidOf(t, name); return pid != 0 && pid != before })
}

func (g *guide) pidOf(t *testing.T, name string) int {
	t.Helper()
	return atoi(t, strings.TrimSpace(g.must(t, "podman inspect --format='{{.State.Pid}}' "+name)))
}
