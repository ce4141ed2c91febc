package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// systemd is one that runs as process 1 of namespaces of its own, with a
// journal, with our units, and with nothing of the machine's.
type systemd struct {
	pid string // of its process 1, as we see it
}

const systemdProgram = "/lib/systemd/systemd"

func needSystemd(t testing.TB) {
	t.Helper()
	needMountFuse(t)
	if _, err := os.Stat(systemdProgram); err != nil {
		lack(t, "no systemd (Debian: apt-get install systemd)")
	}
}

// enterScript moves itself into the control group $CGROUP before it makes the
// namespaces, so that this group is all that systemd knows of control groups.
const enterScript = `set -e
echo $$ > $CGROUP/cgroup.procs
exec unshare --cgroup --mount --pid --uts --ipc --net --fork --kill-child --propagation private sh -c "$INNER"`

// bootScript gives systemd file systems of its own wherever it, its journal or
// mount(8) write; what it would set for the whole kernel is read-only.
const bootScript = `set -e
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,ro,bind /proc/sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/bin /run/units /run/devices /run/settings/procfsd
cp "$EXE" /run/bin/procfsd
for unit in sysinit.target basic.target shutdown.target systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket; do
	cp /lib/systemd/system/$unit /run/units
done
sed s,@BINDIR@,/run/bin, "$DIST/procfsd@.service.in" > /run/units/procfsd@.service
cp "$DIST/mnt-proc.mount" /run/units
printf '[Unit]\nDescription=Test\n' > /run/units/test.target
cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/alternatives /run/settings
echo 0123456789abcdef0123456789abcdef > /run/settings/machine-id
mount --bind /run/settings /etc
for device in null zero full random urandom tty fuse; do
	touch /run/devices/$device
	mount --bind /dev/$device /run/devices/$device
done
mount --rbind /run/devices /dev
mount -t tmpfs tmpfs /var
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/proc
sbin=$(readlink -f /sbin)
mkdir /run/sbin
mount --bind $sbin /run/sbin
mount -t tmpfs -o mode=755 tmpfs $sbin
ln -s /run/sbin/* $sbin
ln -s /run/bin/procfsd $sbin/mount.fuse.procfsd
mount -t tmpfs tmpfs /lib/systemd/system-generators
cd /
exec env -i container=other PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/run/units SYSTEMD_LOG_TARGET=console \
	/lib/systemd/systemd --system --unit=test.target --show-status=false`

// bootSystemd runs one for the time of the test.
func bootSystemd(t *testing.T) *systemd {
	t.Helper()
	needSystemd(t)
	exe, group := install(t), controlGroup(t)
	dist, err := filepath.Abs("../dist/systemd")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(directory(t), "console"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("sh", "-c", enterScript)
	cmd.Env = append(os.Environ(), "CGROUP="+group, "INNER="+bootScript, "EXE="+exe, "DIST="+dist)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // for Pdeathsig; the test's goroutine ends with its thread
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // --kill-child: and process 1, and so all of its namespace
		cmd.Wait()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("console of systemd:\n%s", text)
		}
	})
	s := &systemd{pid: onlyChild(t, cmd.Process.Pid)}
	s.await(t, "systemd", "systemctl is-active --quiet test.target && systemctl start systemd-journald.service")
	return s
}

// controlGroup makes a group in a hierarchy of version 2, which need not be
// mounted here already, and takes it away with all that systemd made in it.
func controlGroup(t *testing.T) string {
	t.Helper()
	top := directory(t)
	if err := unix.Mount("cgroup2", top, "cgroup2", 0, ""); err != nil {
		lack(t, "cannot mount cgroup2: "+err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(top, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	group := filepath.Join(top, fmt.Sprintf("procfsd-test-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { waitFor(t, "the control groups to be empty", func() bool { return removeGroups(group) }) })
	return group
}

// removeGroups removes the innermost first.
func removeGroups(group string) bool {
	inner, _ := os.ReadDir(group)
	for _, entry := range inner {
		if entry.IsDir() {
			removeGroups(filepath.Join(group, entry.Name()))
		}
	}
	return unix.Rmdir(group) == nil
}

// onlyChild waits for the one child of a process.
func onlyChild(t *testing.T, pid int) (child string) {
	t.Helper()
	waitFor(t, "the child of unshare", func() bool {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		child = strings.TrimSpace(string(text))
		return child != ""
	})
	return child
}

// script runs shell inside, where systemctl and journalctl ask this systemd.
func (s *systemd) script(t *testing.T, text string) ran {
	t.Helper()
	cmd := exec.Command("nsenter", "-t", s.pid, "-m", "-p", "-u", "-i", "-n", "-C", "--", "sh", "-c", systemdScript+text)
	cmd.Env = []string{"PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER="}
	return finish(t, cmd)
}

// systemdScript: what the tests have in common.
const systemdScript = `set -e
U=procfsd@mnt-proc.service
fail() { echo "FAILED: $*" >&2; exit 99; }
asnobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"; }
mounts() { awk '$5 == "/mnt/proc" {print $1}' /proc/self/mountinfo; }
answers() { [ "$(head -n1 /mnt/proc/curproc/status 2>/dev/null | cut -d' ' -f1)" = head ]; }
property() { systemctl show -P $1 ${2:-$U}; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
wait_for() { end=$(($(milliseconds) + 10000)); until eval "$1"; do [ $(milliseconds) -lt $end ] || fail "waited in vain for $1"; sleep 0.02; done; }
`

// inside wants a script to succeed and returns what it prints.
func (s *systemd) inside(t *testing.T, text string) string {
	t.Helper()
	r := s.script(t, text)
	if r.code != 0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// await polls a shell condition.
func (s *systemd) await(t *testing.T, what, condition string) {
	t.Helper()
	waitFor(t, what, func() bool { return s.script(t, condition).code == 0 })
}

// logged is one entry of the journal.
type logged struct {
	Message    string `json:"MESSAGE"`
	Priority   string `json:"PRIORITY"`
	Identifier string `json:"SYSLOG_IDENTIFIER"`
	Transport  string `json:"_TRANSPORT"`
	Unit       string `json:"_SYSTEMD_UNIT"`
}

// journal is what of ours is in it.
func (s *systemd) journal(t *testing.T) (entries []logged) {
	t.Helper()
	for line := range strings.Lines(s.inside(t, "journalctl --sync; journalctl -q -o json -t procfsd")) {
		var e logged
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		entries = append(entries, e)
	}
	return entries
}

// wantLogged waits for an entry of a priority that begins with some words.
func (s *systemd) wantLogged(t *testing.T, priority int, words string) logged {
	t.Helper()
	var all []logged
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		all = s.journal(t)
		for i := len(all) - 1; i >= 0; i-- {
			if e := all[i]; e.Priority == strconv.Itoa(priority) && strings.HasPrefix(e.Message, words) {
				return e
			}
		}
	}
	t.Errorf("the journal has no entry %q of priority %d: %+v", words, priority, all)
	return logged{}
}
