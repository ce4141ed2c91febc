package tests

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// userScript gives /dev/fuse in this namespace a node of $MODE, for the
// machine's own is as its administrator wants it.
const userScript = `mkdir $D/dev
mount -t tmpfs -o mode=755 tmpfs $D/dev
mknod $D/dev/fuse c 10 229
chmod $MODE $D/dev/fuse
mount --bind $D/dev/fuse /dev/fuse
`

// needUserNamespaces of ordinary users, as Debian allows them.
func needUserNamespaces(t testing.TB) {
	t.Helper()
	need(t)
	cmd := as(exec.Command("unshare", "--user", "true"), 65534, 65534)
	if out, err := cmd.CombinedOutput(); err != nil {
		lack(t, fmt.Sprintf("no user namespaces for users: %v %s", err, out))
	}
}

// TestExecUser: an ordinary user gets the same in a user namespace of his own.
func TestExecUser(t *testing.T) {
	needUserNamespaces(t)
	for _, c := range []struct {
		script, want string
		code         int
	}{
		{"asnobody procfsd exec -- cut -d' ' -f1 /proc/curproc/status", "cut\n", 0},
		{"asnobody procfsd exec -- sh -c 'exit 7' || exit $?", "", 7},
		{"asnobody procfsd exec -- sh -c 'kill -TERM $$' || exit $?", "", 143},
		{"asnobody procfsd exec -- no-such-command || exit $?", "", 127},
		{"asnobody procfsd exec -- /etc/passwd || exit $?", "", 126},
		{"echo words | asnobody procfsd exec -- cat", "words\n", 0},
		{"asnobody procfsd exec -m $D -o ro -- sh -c 'cut -d\" \" -f1 $D/curproc/status; test -e /proc/self/maps'", "cut\n", 0},
		{"asnobody procfsd exec -m $D -o source=here -- grep -c \"^here $D fuse.procfsd \" /proc/self/mounts", "1\n", 0},
		{"asnobody procfsd exec -- sh -c 'id -u; id -g; head -c 2 /proc/curproc/map; readlink /proc/curproc/file; head -c 1 /proc/1/map' || true", "65534\n65534\n0x/usr/bin/readlink\n", 0},
		{"asnobody procfsd exec -- procfsd exec -- true || exit $?", "", 32}, // has no way to map ids without Linux's /proc
		{"unshare --user --map-root-user procfsd exec -- cut -d' ' -f1 /proc/curproc/status", "cut\n", 0},
	} {
		t.Run(c.script, func(t *testing.T) {
			if r := room(t, userScript+c.script, "MODE=666"); r.code != c.code || r.stdout != c.want {
				t.Errorf("%v; want %d and %q", r, c.code, c.want)
			}
		})
	}
}

// TestExecUserUntouched: a user's COMMAND gains nothing by its namespace but
// the namespace.
func TestExecUserUntouched(t *testing.T) {
	needUserNamespaces(t)
	look := func(run string) string {
		r := inRoom(t, userScript+"cd $D\nasnobody "+run+" sh -c 'exec 3</etc/passwd; "+strings.ReplaceAll(describe, "'", `'\''`)+"'",
			"MODE=666", "NATIVE="+nativeProc(t))
		lines := strings.SplitAfter(r.stdout, "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "user:") || strings.Contains(line, base) {
				lines[i] = "" // the namespace itself, and the paths of this run
			}
		}
		return strings.Join(lines, "")
	}
	want, got := look(""), look("procfsd exec --")
	if diff := differing(got, want); len(diff) > 0 {
		t.Errorf("inside and outside differ:\n%s", strings.Join(diff, "\n"))
	}
}

// TestExecUserDaemon: the user's daemon is out of his own reach.
func TestExecUserDaemon(t *testing.T) {
	needUserNamespaces(t)
	exe := install(t)
	cmd := roomCommand(t, exe, userScript+"exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all procfsd exec -- sh -c 'echo $$; cat >/dev/null'", "MODE=666")
	command := atoi(t, start(t, cmd))
	found := false
	for _, pid := range processesOf(exe) {
		status := statusFields(t, pid)
		if status["NoNewPrivs"] != "1" {
			continue // a launcher
		}
		found = true
		info, err := os.Stat(fmt.Sprintf("/proc/%d/maps", pid))
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 || status["Uid"] == "0\t0\t0\t0" {
			t.Errorf("the daemon %d of %q is dumpable: %v, %v", pid, status["Uid"], info, err)
		}
	}
	if status := statusFields(t, command); !found || status["NoNewPrivs"] != "0" || status["CapPrm"] != strings.Repeat("0", 16) {
		t.Errorf("daemon found: %v; COMMAND: %v", found, status)
	}
	if link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", command)); err != nil || link == ownLink(t, "ns/user") {
		t.Errorf("COMMAND's user namespace %q, %v", link, err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
}

func ownLink(t *testing.T, name string) string {
	link, err := os.Readlink("/proc/self/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// TestExecUserRefused: what stands in the way is said in one line, with what to
// do, and COMMAND is not run.
func TestExecUserRefused(t *testing.T) {
	needUserNamespaces(t)
	for _, c := range []struct{ name, mode, script, line string }{
		{"device closed", "600", "asnobody procfsd exec -- echo run || exit $?", "/dev/fuse is closed to you (mode -rw-------): ask the administrator for chmod 0666 /dev/fuse"},
		{"chroot", "666", `mkdir $D/root; mount --rbind / $D/root; chroot --userspec=65534:65534 $D/root /usr/local/bin/procfsd exec -- echo run || exit $?`,
			"the kernel refuses a user namespace (operation not permitted), as in a chroot"},
		{"option", "666", "asnobody procfsd exec -o proc=/tmp -- echo run || exit $?", `mount option "proc=/tmp": not a procfs`},
		{"mountpoint", "666", "asnobody procfsd exec -m $D/missing -- echo run || exit $?", "/missing does not exist"},
		{"mountpoint closed", "666", "mkdir -m 700 -p $D/closed/x; chmod 700 $D/closed; asnobody procfsd exec -m $D/closed/x -- echo run || exit $?", "/closed/x is not accessible to you"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := room(t, userScript+c.script, "MODE="+c.mode)
			if oneLine(t, r, c.line); r.code != 32 || r.stdout != "" {
				t.Errorf("%v; want 32", r)
			}
		})
	}
}

// helperNoNamespaces forbids user namespaces below a user namespace of its own:
// the limit is each namespace's. Then it runs its arguments as uid 65534.
func helperNoNamespaces() {
	must(os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0))
	args := append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, os.Args[1:]...)
	path, err := exec.LookPath("setpriv")
	must(err)
	must(syscall.Exec(path, args, os.Environ()))
}

func TestExecUserNoNamespaces(t *testing.T) {
	needUserNamespaces(t)
	cmd := helper(t, "nonamespaces", install(t), "exec", "--", "echo", "run")
	all := []syscall.SysProcIDMap{{Size: 1 << 16}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: all, GidMappings: all, GidMappingsEnableSetgroups: true}
	before, _ := os.ReadFile("/proc/sys/user/max_user_namespaces")
	r := finish(t, cmd)
	if oneLine(t, r, "user namespaces are disabled (user.max_user_namespaces is 0)"); r.code != 32 || r.stdout != "" {
		t.Errorf("%v; want 32", r)
	}
	if after, _ := os.ReadFile("/proc/sys/user/max_user_namespaces"); string(after) != string(before) {
		t.Errorf("the machine's own limit changed: %s, %s", before, after)
	}
}

// differing are the lines that are in one of two texts only.
func differing(a, b string) (lines []string) {
	for line := range strings.Lines(a) {
		if !strings.Contains("\n"+b, "\n"+line) {
			lines = append(lines, "> "+line)
		}
	}
	for line := range strings.Lines(b) {
		if !strings.Contains("\n"+a, "\n"+line) {
			lines = append(lines, "< "+line)
		}
	}
	return lines
}
