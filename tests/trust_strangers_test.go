package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// strangers are callers that see nothing: the mount's process ids are not theirs.
var strangers = []struct {
	name  string
	flags uintptr
	uid   uint32
	mode  string
}{
	{"child", unix.CLONE_NEWPID, 0, ""},
	{"child, as nobody", unix.CLONE_NEWPID, 65534, ""},
	{"grandchild", unix.CLONE_NEWPID, 0, "deeper"},
	{"grandchild, as nobody", unix.CLONE_NEWPID, 65534, "userdeeper"},
	{"with a user namespace", unix.CLONE_NEWPID | unix.CLONE_NEWUSER, 0, ""},
	{"with a user namespace, as nobody", unix.CLONE_NEWPID | unix.CLONE_NEWUSER, 65534, ""},
	{"container", containerFlags, 0, "bound"},
	{"container of a user namespace", containerFlags | unix.CLONE_NEWUSER, 0, "bound"},
}

const containerFlags = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP

// ungated is what callers of another user namespace get of processes that are
// not theirs, when the process ids are: what everybody may know.
var ungated = map[string]bool{"entries": true, "lstat": true, "name stat": true, "name access": true, "name open": true, "read status": true, "read rlimit": true, "read cmdline": true, "read etype": true,
	"open etype": true, "open status": true, "open rlimit": true, "open cmdline": true}

// trustStrangers also asks somebody of the mount's own namespaces the same, who
// must get all that the others do not.
func trustStrangers(t *testing.T, s *trustRun) {
	d, apart := mount(t), mountApart(t)
	asked, cached, callers := 0, 0, 0
	ask := func(who string, cmd *exec.Cmd) {
		var r strangerReport
		askStranger(t, &r, cmd)
		checkNothing(t, who, &r)
		asked, cached, callers = asked+r.Asked, cached+r.Cached, callers+1
	}
	held := holdOpen(t, d, os.Getpid())
	own := strangerReport{}
	askStranger(t, &own, strangerCommand(t, d, held, 0, 0, ""))
	for _, what := range []string{"entries", "read curproc", "read status", "read map", "lstat", "open mem", "held entries", "held read", "name stat"} {
		if own.Got[what] == 0 {
			t.Errorf("nobody's stranger gets no %q: the test of the others proves nothing: %+v", what, own)
		}
	}
	for range forSoak(1, 20) {
		for _, c := range strangers {
			ask(c.name, strangerCommand(t, d, held, c.flags, c.uid, c.mode))
		}
		// A namespace that is the mount's sibling, and one above the mount's.
		ask("sibling", strangerCommand(t, apart, nil, unix.CLONE_NEWPID, 0, ""))
		ask("sibling, as nobody", strangerCommand(t, apart, nil, unix.CLONE_NEWPID, 65534, ""))
		ask("parent", strangerCommand(t, apart, nil, 0, 0, ""))
	}
	granted := wantUngated(t, d)
	if *soak {
		asked += strangersInPodman(t, d)
		callers++
	}
	s.figure("%d callers got 0 of %d answers (%d names were in the kernel's cache, and led to nothing), in their own user namespace only the ungated %d, in the mount's namespaces %d of %d",
		callers, asked, cached, granted, own.total(), own.Asked)
}

// mountApart is a mount whose process ids are of a namespace below ours, and
// not below any other of the test's.
func mountApart(t *testing.T) *daemon {
	t.Helper()
	shared := privateTmpfs(t)
	if err := unix.Mount("", shared, "", unix.MS_SHARED, ""); err != nil {
		t.Fatal(err)
	}
	d := &daemon{dir: filepath.Join(shared, "mount"), log: new(bytes.Buffer)}
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command("/bin/sh", "-c", `mount -t proc proc /proc && exec "$0" -f "$1"`, procfsd(t), d.dir)
	d.cmd.Stderr = d.log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop(t) })
	waitFor(t, "the mount on "+d.dir, func() bool { return isMounted(d.dir) || d.ended() })
	if d.ended() {
		t.Fatalf("procfsd ended: %s", d.log)
	}
	return d
}

// holdOpen opens what a stranger shall inherit: rights that were somebody's.
func holdOpen(t *testing.T, d *daemon, pid int) (files []*os.File) {
	t.Helper()
	for _, path := range []string{d.dir, d.path("status"), d.path(pid), d.path(pid, "status"), d.path(pid, "rlimit"), d.path(pid, "cmdline"), d.path(pid, "map"), d.path(pid, "mem")} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		files = append(files, f)
	}
	return files
}

// strangerCommand asks about the mount, under the numbers of root's processes.
func strangerCommand(t *testing.T, d *daemon, held []*os.File, flags uintptr, uid uint32, mode string) *exec.Cmd {
	t.Helper()
	cmd := public(t, helper(t, "stranger", d.dir, strconv.Itoa(os.Getpid()), strconv.Itoa(os.Getppid()), strconv.Itoa(d.cmd.Process.Pid), "1"))
	cmd.Env = append(cmd.Env, "MODE="+mode, "HELD="+strconv.Itoa(len(held)))
	cmd.ExtraFiles = held
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if flags&unix.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: int(uid), ContainerID: int(uid), Size: 1}}
		cmd.SysProcAttr.GidMappings = cmd.SysProcAttr.UidMappings
		cmd.SysProcAttr.Credential.NoSetGroups = true
	}
	return cmd
}

func askStranger(t *testing.T, r *strangerReport, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, r)
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

// checkNothing: no answer, and no other refusal than that there is nothing.
func checkNothing(t *testing.T, who string, r *strangerReport) {
	t.Helper()
	for errno := range r.Errors {
		if errno != "ENOENT" && errno != "ESRCH" {
			t.Errorf("%s: %d times %s", who, r.Errors[errno], errno)
		}
	}
	if r.total() > 0 || len(r.Names) > 0 || r.Asked < 100 {
		t.Errorf("%s, asking %d times, got %v, names %q", who, r.Asked, r.Got, r.Names)
	}
}

// wantUngated asks from user namespaces that have the mount's process ids: what
// natively is closed to them is here, too.
func wantUngated(t *testing.T, d *daemon) (granted int) {
	t.Helper()
	for _, uid := range []uint32{0, 65534} {
		var r strangerReport
		askStranger(t, &r, strangerCommand(t, d, nil, unix.CLONE_NEWUSER, uid, "others"))
		for what, n := range r.Got {
			if !ungated[what] {
				t.Errorf("user %d of a user namespace got %q %d times", uid, what, n)
			}
		}
		if r.Got["read status"] == 0 || r.Errors["ENOENT"]+r.Errors["EACCES"] < 20 {
			t.Errorf("user %d of a user namespace: %+v", uid, r)
		}
		for _, name := range r.Names {
			if _, err := os.Stat("/proc/" + name); err != nil && strings.Trim(name, "0123456789") == "" && (native{atoiOr0(name)}).live() {
				t.Errorf("user %d of a user namespace sees %s", uid, name)
			}
		}
		granted += r.total()
	}
	return granted
}

// strangersInPodman binds the mount into a real container.
func strangersInPodman(t *testing.T, d *daemon) int {
	t.Helper()
	needContainers(t)
	cgroup := fmt.Sprintf("procfsd-trust-%d", os.Getpid())
	t.Setenv(containerDirEnv, buildContainerContext(t))
	t.Setenv(containerCgroupEnv, cgroup)
	t.Cleanup(func() {
		removeContainerCgroups(t, cgroup)
		for _, dir := range []string{"/dev/shm", "/var/lib", "/run"} {
			unix.Unmount(dir, unix.MNT_DETACH)
		}
	})
	p := newPodman(t)
	p.testImage(t)
	var r strangerReport
	out := p.mustRun(t, p.runArgs(t, []string{"--rm", "--env", helperEnv + "=stranger", "--volume", d.dir + ":/mnt"},
		"/mnt", strconv.Itoa(os.Getpid()), strconv.Itoa(d.cmd.Process.Pid), "1")...)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkNothing(t, "podman", &r)
	return r.Asked
}

// total of what was given.
func (r *strangerReport) total() (n int) {
	for v := range maps.Values(r.Got) {
		n += v
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
