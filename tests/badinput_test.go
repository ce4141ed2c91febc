package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBadInput: what cannot be mounted is one clear line and the right exit
// code, in the background, in the foreground and as mount(8)'s helper, and
// leaves neither mount nor process. DIR is a good mountpoint.
func TestBadInput(t *testing.T) {
	exe := install(t)
	helper := filepath.Join(directory(t), "mount.fuse.procfsd")
	if err := os.Symlink(exe, helper); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		line string
	}{
		{"none DIR -o bogus", 1, `unknown mount option "bogus"`},
		{"none DIR -o ro,bogus=x,other", 1, `unknown mount option "bogus"`},
		{"none DIR -o hidepid=3", 1, `mount option "hidepid=3": want 0 (off), 1 (noaccess), 2 (invisible) or 4 (ptraceable)`},
		{"none DIR -o hidepid", 1, `mount option "hidepid"`},
		{"none DIR -o hidepid=", 1, `mount option "hidepid="`},
		{"none DIR -o gid=no-such-group", 1, `mount option "gid=no-such-group": want a group id`},
		{"none DIR -o gid=4294967295", 1, `mount option "gid=4294967295"`},
		{"none DIR -o gid=-1", 1, `mount option "gid=-1"`},
		{"none DIR -o ro=1", 1, `mount option "ro=1": takes no value`},
		{"none DIR -o subtype=", 1, `mount option "subtype="`},
		{"none DIR -o remount", 32, "remount: DIR is not the root of a procfsd mount"},
		{"none DIR -o ro,remount,hidepid=2", 32, "remount: "},
		{"none DIR -o", 1, "needs an argument"},
		{"none DIR --bogus", 1, "bogus"},
		{"none DIR third", 1, ""},
		{"", 1, ""},
		{"none /dev/fd/3", 1, `mountpoint /dev/fd/3: mount option "drop_privileges" is not supported`},
		{"none DIR -o proc=/tmp", 32, `mount option "proc=/tmp": not a procfs`},
		{"none DIR -o proc=/proc/self", 32, `mount option "proc=/proc/self": not a procfs`},
		{"none DIR -o proc=DIR/missing", 32, `no such file or directory: name a directory with a procfs`},
		{"none DIR/missing", 32, "DIR/missing does not exist: create it (mkdir -p DIR/missing)"},
		{"none DIR/missing/deep", 32, "does not exist"},
		{"none /etc/passwd", 32, "mountpoint /etc/passwd is not a directory: name a directory"},
		{"none /etc/passwd/x", 32, "mountpoint /etc/passwd/x: not a directory"},
	} {
		for how, start := range map[string][]string{"background": {exe}, "foreground": {exe, "-f"}, "helper": {helper}} {
			t.Run(c.args+" "+how, func(t *testing.T) {
				dir := directory(t)
				args := append(start[1:len(start):len(start)], strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))...)
				r := refused(t, exe, exec.Command(start[0], args...), c.code)
				oneLine(t, r, strings.ReplaceAll(c.line, "DIR", dir))
			})
		}
	}
}

// refused wants the code, silence on stdout, and nothing mounted or running.
func refused(t *testing.T, exe string, cmd *exec.Cmd, code int) ran {
	t.Helper()
	before, _ := os.ReadFile("/proc/self/mountinfo")
	r := finish(t, cmd)
	after, _ := os.ReadFile("/proc/self/mountinfo")
	if r.code != code || r.stdout != "" {
		t.Errorf("%v: %v; want exit %d", cmd, r, code)
	}
	if string(after) != string(before) {
		t.Errorf("%v: the mounts are\n%s, were\n%s", cmd, after, before)
	}
	if pids := processesOf(exe); len(pids) > 0 {
		t.Errorf("%v: processes left: %v", cmd, pids)
	}
	return r
}

// TestBadInputOdd: empty arguments and line ends, which a table of words cannot
// hold.
func TestBadInputOdd(t *testing.T) {
	exe := install(t)
	for _, args := range [][]string{{""}, {"none", ""}, {"exec", "--", ""}, {"exec", "--"}, {"exec"}, {"exec", "-m", "", "--", "true"},
		{"/mnt", "-o", "no\nsuch"}, {"/mnt", "--no\nsuch"}, {"/mnt", "/mnt", "three\r\n"}, {"/mnt", "-o", "gid=a\n\nb"}} {
		oneLine(t, refused(t, exe, exec.Command(exe, args...), 1), "")
	}
}

// TestBadInputUser: an ordinary user cannot mount, and is told what he can do.
func TestBadInputUser(t *testing.T) {
	exe, dir := install(t), directory(t)
	for _, args := range [][]string{{dir}, {"-f", dir}, {"none", dir, "-o", "noallow_other"}} {
		r := refused(t, exe, as(exec.Command(exe, args...), 65534, 65534), 32)
		oneLine(t, r, "no permission to mount on "+dir+": run as root (CAP_SYS_ADMIN), or use `procfsd exec -- COMMAND`")
	}
}

// TestBadInputMark: the mark of the hardened daemon, set by hand, hardens
// nothing and is not believed.
func TestBadInputMark(t *testing.T) {
	exe, dir := install(t), directory(t)
	cmd := exec.Command(exe, "-f", dir)
	cmd.Env = append(os.Environ(), "PROCFSD_HARDENED=1")
	oneLine(t, refused(t, exe, cmd, 2), "is PROCFSD_HARDENED set by hand?")
}

// TestBadInputNoCwd: a relative mountpoint needs a working directory.
func TestBadInputNoCwd(t *testing.T) {
	exe, dir := install(t), filepath.Join(directory(t), "gone")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `rmdir "$PWD"; exec "$0" x`, exe)
	cmd.Dir = dir
	oneLine(t, refused(t, exe, cmd, 2), "the working directory is gone")
}

// TestBadInputSetuid: a set-uid procfsd would mount for everybody.
func TestBadInputSetuid(t *testing.T) {
	exe, dir := install(t), directory(t)
	if err := os.Chmod(exe, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	if nosuid(t, exe) {
		lack(t, "the tests' directory is mounted nosuid")
	}
	oneLine(t, refused(t, exe, as(exec.Command(exe, dir), 65534, 65534), 2), "must not be installed set-uid")
}

func nosuid(t *testing.T, path string) bool {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Flags&syscall.MS_NOSUID != 0
}

// TestBadInputDevice: without a usable /dev/fuse nothing is mounted. A /dev of
// our own in a private namespace has as much of it as we want.
func TestBadInputDevice(t *testing.T) {
	const dev = `mkdir $D/dev $D/mnt
		mount -t tmpfs -o mode=755 tmpfs $D/dev
		mknod -m 666 $D/dev/null c 1 3
		mknod -m 666 $D/dev/urandom c 1 9
		[ -z "$NODE" ] || mknod -m 666 $D/dev/fuse c $NODE
		mount --move $D/dev /dev
		cat /proc/self/mountinfo > $D/before
		exits $CODE eval $COMMAND
		cmp $D/before /proc/self/mountinfo`
	for name, c := range map[string]struct {
		node, line string
		code       int
	}{
		"none":          {"", "/dev/fuse is missing (no such file or directory): load the module (modprobe fuse)", 32},
		"no driver":     {"10 254", "/dev/fuse is missing (no such device", 32},
		"another thing": {"1 3", "", 32}, // /dev/null takes no protocol
	} {
		for _, command := range []string{"procfsd $D/mnt", "procfsd -f $D/mnt", "procfsd exec -- echo run", "procfsd exec -m $D/mnt -- echo run"} {
			t.Run(name+" "+command, func(t *testing.T) {
				r := inRoom(t, dev, "NODE="+c.node, "COMMAND="+command, fmt.Sprint("CODE=", c.code))
				if oneLine(t, r, c.line); r.stdout != "" {
					t.Errorf("%v; COMMAND ran", r)
				}
			})
		}
	}
}
