package tests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What make builds for these tests: of a fixed version and time.
const (
	releaseVersion = "1.2.3"
	releaseTime    = "1700000000"
)

// buildTime is how long make deb may take, where Go's cache is empty too.
const buildTime = 5 * time.Minute

// releaseSources are what a tarball of the product holds.
var releaseSources = []string{"Makefile", "go.mod", "go.sum", "README.md", "CHANGELOG.md", "LICENSE", "dist", "cmd", "fs", "nodes", "provider", "render"}

// copySources makes a tree as of a tarball: without git, and without what make
// built before.
func copySources(dir string) error {
	args := []string{"-R", "--no-preserve=all"}
	for _, name := range releaseSources {
		args = append(args, filepath.Join("..", name))
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("cp", append(args, dir)...).CombinedOutput(); err != nil {
		return fmt.Errorf("cp: %w\n%s", err, out)
	}
	return os.Chmod(filepath.Join(dir, "dist/debian/build"), 0o755)
}

// packageName is what make deb builds for an architecture.
func packageName(arch string) string {
	return "procfsd_" + releaseVersion + "_" + arch + ".deb"
}

// makeDeb runs make deb in a tree, by a shell that may first set something.
func makeDeb(tree, arch, first string) error {
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-ec", first+`make deb ARCH="$0" VERSION="$1"`, arch, releaseVersion)
	cmd.Dir, cmd.Env, cmd.WaitDelay = tree, append(os.Environ(), "SOURCE_DATE_EPOCH="+releaseTime), time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make deb: %w\n%s", err, out)
	}
	return nil
}

// releaseTree is a tree in which everything is built for this machine, once for
// all tests; they only read it.
var releaseTree = sync.OnceValues(func() (string, error) {
	tree := filepath.Join(base, "release")
	if err := copySources(tree); err != nil {
		return "", err
	}
	return tree, makeDeb(tree, runtime.GOARCH, "")
})

func needRelease(t testing.TB) string {
	t.Helper()
	need(t)
	for name, from := range map[string]string{"make": "make", "dpkg-deb": "dpkg", "man": "man-db"} {
		if _, err := exec.LookPath(name); err != nil {
			lack(t, fmt.Sprintf("no %s (Debian: apt-get install %s)", name, from))
		}
	}
	tree, err := releaseTree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// machineScript makes the whole machine a copy on write of this one, where
// installing is for real and leaves nothing: overlayfs over the root, and no
// network. The release's tree is /mnt/tree. It is the first process of a pid
// namespace, whose end ends the daemons too.
//
// changes prints the paths whose kind, mode, owner, target or content are other
// than this machine's. Whatever was touched is in the overlay's upper directory.
const machineScript = `umask 022
mount -t tmpfs tmpfs "$R"
mkdir "$R/upper" "$R/work" "$R/root"
mount -t overlay -o "lowerdir=/,upperdir=$R/upper,workdir=$R/work" overlay "$R/root" || exit 97
cd "$R/root"
mount -t tmpfs -o mode=755 tmpfs mnt
mount -t tmpfs -o mode=755 tmpfs run
mount -t proc proc proc
mount --rbind /dev dev
mkdir mnt/lower mnt/upper mnt/tree mnt/old mnt/proc
mount --bind / mnt/lower
mount --bind "$R/upper" mnt/upper
mount --bind "$TREE" mnt/tree
pivot_root . mnt/old
cd /mnt/tree # not /, where mount(8) takes the source "proc" for the directory
umount -l /mnt/old
rmdir /mnt/old
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

touched() { (cd /mnt/upper; find . -mindepth 1 | sort); }
describe() {
	touched | xargs -rd '\n' stat -c '%n %F %a %u:%g %N' 2>/dev/null || true
	touched | while read -r path; do [ -L "$path" ] || [ ! -f "$path" ] || sha256sum "$path"; done | awk '{print $2, $1}'
}
changes() {
	(cd /mnt/lower; describe) > /run/before
	(cd /; describe) > /run/after
	diff /run/before /run/after | sed -n 's/^[<>] \.\([^ ]*\) .*/\1/p' | sort -u
}
unchanged() { [ -z "$(changes)" ] || fail "changed: $(changes)"; }
gone() {
	for _ in $(seq 200); do
		ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q '/procfsd' || return 0
		sleep 0.05
	done
	fail "a daemon is left"
}
`

// machine runs a script as root of such a machine and wants it to succeed.
func machine(t *testing.T, script string) ran {
	t.Helper()
	tree := needRelease(t)
	functions, _, _ := strings.Cut(roomScript, "mount -t tmpfs") // fail, exits, mounted, …
	cmd := exec.Command("/bin/sh", "-c", functions+machineScript+script)
	cmd.Env = []string{"R=" + directory(t), "TREE=" + tree, "ARCH=" + runtime.GOARCH, "VERSION=" + releaseVersion, "DEB=/mnt/tree/build/" + packageName(runtime.GOARCH)}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWPID | syscall.CLONE_NEWNET,
		Unshareflags: syscall.CLONE_NEWNS,
	}
	r := finish(t, cmd)
	switch r.code {
	case 0:
	case 97:
		lack(t, "no overlayfs: "+r.stderr)
	default:
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	return r
}
