package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	// exposure is what systemd-analyze security may say of the unit, of 100: what
	// is left needs a mount namespace, which a mount must not have, or is what
	// serving needs.
	exposure = 50

	restartTime = 1000 // milliseconds from a kill to a mount that answers
)

// TestSystemdUnits: systemd has no complaint about the units.
func TestSystemdUnits(t *testing.T) {
	needSystemd(t)
	dist, err := filepath.Abs("../dist/systemd")
	if err != nil {
		t.Fatal(err)
	}
	r := inRoom(t, `mkdir /run/units
		sed s,@BINDIR@,/usr/local/bin, "$DIST/procfsd@.service.in" > /run/units/procfsd@.service
		cp "$DIST/mnt-proc.mount" /run/units
		cd /run/units
		systemd-analyze verify --man=no ./procfsd@mnt-proc.service ./mnt-proc.mount
		systemd-analyze security --offline=true --threshold=$EXPOSURE ./procfsd@.service >report || fail "$(cat report)"`,
		"DIST="+dist, fmt.Sprint("EXPOSURE=", exposure))
	if r.stdout+r.stderr != "" {
		t.Errorf("complaints: %s%s", r.stdout, r.stderr)
	}
}

// TestSystemdNoMountNamespace: with any of these the mount would be the
// service's own.
func TestSystemdNoMountNamespace(t *testing.T) {
	text, err := os.ReadFile("../dist/systemd/procfsd@.service.in")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, "=")
		switch name {
		case "ProtectSystem", "ProtectHome", "ProtectProc", "ProcSubset", "ProtectKernelTunables", "ProtectKernelModules",
			"ProtectKernelLogs", "ProtectControlGroups", "PrivateTmp", "PrivateDevices", "PrivateMounts", "PrivateIPC", "PrivateUsers",
			"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths", "TemporaryFileSystem",
			"BindPaths", "BindReadOnlyPaths", "MountFlags", "MountAPIVFS", "RootDirectory", "RootImage", "ExtensionImages", "ExtensionDirectories",
			"DynamicUser", "LogNamespace", "ImportCredential", "LoadCredential", "SetCredential":
			t.Errorf("%s makes a mount namespace", strings.TrimSpace(line))
		}
	}
}

// TestSystemd runs the service under a systemd of its own.
func TestSystemd(t *testing.T) {
	s := bootSystemd(t)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *systemd)
	}{
		{"start", systemdStarts},
		{"hardened", systemdHardened},
		{"serves", systemdServes},
		{"killed", systemdKilled},
		{"crashed", systemdCrashed},
		{"stopped", systemdStopped},
		{"options", systemdOptions},
		{"missing", systemdMissing},
		{"background", systemdBackground},
		{"mount unit", systemdMountUnit},
	} {
		if !t.Run(c.name, func(t *testing.T) { c.run(t, s) }) {
			t.Logf("status: %s", s.script(t, "systemctl status $U; journalctl -q -n 60").stdout)
		}
	}
}

// systemdStarts: when systemctl returns, the mount answers.
func systemdStarts(t *testing.T, s *systemd) {
	got := s.inside(t, `systemctl start $U
		answers || fail "active, and does not answer"
		echo $(property ActiveState) $(property Type) $(property StatusText)`)
	if got != "active notify Serving /mnt/proc" {
		t.Errorf("got %q", got)
	}
	e := s.wantLogged(t, 6, "mounted mountpoint=/mnt/proc options=")
	if e.Unit != "procfsd@mnt-proc.service" || e.Transport != "stdout" || !strings.Contains(e.Message, "version=") {
		t.Errorf("%+v", e)
	}
}

// systemdHardened: what the unit says has reached the process.
func systemdHardened(t *testing.T, s *systemd) {
	const six = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_KILL | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID |
		1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_SYS_ADMIN
	got := s.inside(t, `p=/proc/$(property MainPID)
		sed -n 's/^\(CapBnd\|CapEff\|CapAmb\|NoNewPrivs\|Seccomp\):\t/\1=/p' $p/status
		[ "$(readlink $p/ns/mnt)" = "$(readlink /proc/1/ns/mnt)" ] || fail "a mount namespace of its own"
		mknod /run/mem c 1 1 && rm /run/mem
		group=/sys/fs/cgroup$(property ControlGroup)
		! sh -c "echo \$\$ > $group/cgroup.procs; mknod /run/mem c 1 1" 2>/dev/null || fail "all devices are open"
		grep -q '^Max core file size *0 *0 ' $p/limits || fail "core: $(cat $p/limits)"
		tr '\0' '\n' < $p/environ | grep -c ^NOTIFY_SOCKET= >/dev/null || fail "no NOTIFY_SOCKET"`)
	want := fmt.Sprintf("CapEff=%016x\nCapBnd=%016x\nCapAmb=%016x\nNoNewPrivs=1\nSeccomp=2", six, six, 0)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// serveScript has every node of a process asked for by $AS, its user.
const serveScript = `cd /mnt/proc
	$AS setsid sleep 60 >/dev/null 2>&1 &
	pid=$!
	wait_for "grep -q ^sleep $pid/status"
	trap "kill $pid 2>/dev/null || true" EXIT
	$AS cat status curproc/map >/dev/null
	$AS ls -l . $pid >/dev/null
	for node in status map rlimit cmdline etype; do [ $($AS head -c 4096 $pid/$node | wc -c) -gt 0 ] || fail "no $node"; done
	$AS readlink $pid/file $pid/exe >/dev/null
	[ $($AS head -c 4 $pid/osrel | wc -c) -gt 0 ] || fail "no osrel"
	$AS sh -c "echo 7 > $pid/osrel"
	start=$(head -c 14 $pid/map)
	[ $($AS perl -e 'open F, "<", $ARGV[0]; sysseek F, hex $ARGV[1], 0; print sysread F, $b, 4096' $pid/mem ${start%% *}) = 4096 ] || fail "no mem"
	$AS sh -c "echo stop > $pid/note"
	wait_for "grep -q do_signal_stop $pid/status"
	for node in regs fpregs dbregs; do [ $($AS head -c 4096 $pid/$node | wc -c) -gt 0 ] || fail "no $node"; done
	$AS head -c 4096 $pid/regs > /run/regs.$pid
	$AS sh -c "cat > $pid/regs" < /run/regs.$pid
	$AS sh -c "echo cont > $pid/note"
	$AS sh -c "echo term > $pid/notepg"
	wait $pid || [ $? = 143 ] || fail "not terminated"
`

// systemdServes: the filter of system calls lets everything pass that serving
// takes, for root, for others, and of a container.
func systemdServes(t *testing.T, s *systemd) {
	for _, as := range []string{"", "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all"} {
		s.inside(t, "AS='"+as+"'\n"+serveScript)
	}
	s.inside(t, `cp "$(command -v sleep)" "/run/sleep (deleted)" # which only openat2 can tell from a deleted one
		"/run/sleep (deleted)" 60 >/dev/null 2>&1 & named=$!
		trap "kill $named" EXIT
		wait_for 'grep -q ^sleep /mnt/proc/'$named/status
		[ "$(readlink /mnt/proc/$named/file)" = "/run/sleep (deleted)" ] || fail "file: $(readlink /mnt/proc/$named/file)"
		grep -q ' vnode /run/sleep (deleted) ' /mnt/proc/$named/map || fail "map: $(cat /mnt/proc/$named/map)"`)
	s.inside(t, `unshare --uts --pid --fork --kill-child sh -c 'hostname other; exec sleep 60' >/dev/null 2>&1 & container=$!
		trap "kill -9 $container" EXIT
		wait_for '[ "$(pgrep -x sleep)" ]'
		pid=$(pgrep -x sleep)
		grep -q ' other$' /mnt/proc/$pid/status || fail "jail: $(cat /mnt/proc/$pid/status)"
		[ $(property NRestarts) = 0 ] || fail "the filter killed it: $(systemctl status $U)"`)
}

// systemdKilled: kill -9, and the mount is back at once. One round may meet a
// moment in which this machine does something else.
func systemdKilled(t *testing.T, s *systemd) {
	out := s.inside(t, `for round in 1 2 3 4 5; do
			main=$(property MainPID) began=$(milliseconds)
			kill -9 $main
			until ! pgrep -x procfsd | grep -qx $main && answers; do
				[ $(milliseconds) -lt $((began + 10000)) ] || fail "not back"
			done
			echo $(($(milliseconds) - began))
			[ $(mounts | wc -l) = 1 ] || fail "mounts: $(mounts)"
			wait_for '[ $(property ActiveState) = active ]'
		done`)
	var times []int
	for _, word := range strings.Fields(out) {
		times = append(times, atoi(t, word))
	}
	slices.Sort(times)
	if t.Logf("milliseconds from the kill to the answer: %v", times); times[len(times)/2] > restartTime {
		t.Errorf("the median is above %d", restartTime)
	}
	s.wantLogged(t, 6, "dead mount replaced mountpoint=/mnt/proc")
}

// systemdCrashed: a crash leaves its words in the journal, as an error, and the
// mount is back.
func systemdCrashed(t *testing.T, s *systemd) {
	for _, name := range []string{"ABRT", "SEGV"} {
		s.inside(t, `main=$(property MainPID)
			kill -`+name+` $main
			wait_for 'answers && [ $(property MainPID) != $main ] && [ $(property ActiveState) = active ]'`)
		s.wantLogged(t, 3, map[string]string{"ABRT": "SIGABRT: abort", "SEGV": "SIGSEGV: segmentation violation"}[name])
		s.wantLogged(t, 3, "goroutine ")
	}
}

// systemdStopped: nothing stays.
func systemdStopped(t *testing.T, s *systemd) {
	s.inside(t, `main=$(property MainPID)
		systemctl stop $U
		[ -z "$(mounts)" ] || fail "mounted"
		[ ! -e /proc/$main ] || fail "process $main is left"
		[ $(property Result) = success ] || fail "$(systemctl status $U)"
		! systemctl reload $U 2>/dev/null || fail "there is nothing to reload"`)
	s.wantLogged(t, 6, "unmounted mountpoint=/mnt/proc why=terminated")
}

// systemdOptions: a file says which. An umount by hand is no failure.
func systemdOptions(t *testing.T, s *systemd) {
	s.inside(t, `echo PROCFSD_OPTIONS=ro,hidepid=2 > /etc/procfsd/mnt-proc.conf
		systemctl start $U
		grep -q ' /mnt/proc fuse.procfsd ro,' /proc/mounts || fail "$(cat /proc/mounts)"
		! asnobody test -e /mnt/proc/1 || fail "hidepid=2 is lost"
		umount /mnt/proc
		wait_for '[ $(property ActiveState) = inactive ]'
		[ $(property Result) = success ] || fail "$(systemctl status $U)"
		rm /etc/procfsd/mnt-proc.conf`)
	s.wantLogged(t, 6, `unmounted mountpoint=/mnt/proc why="by others"`)
}

// systemdMissing: what cannot work fails once, and says why.
func systemdMissing(t *testing.T, s *systemd) {
	got := s.inside(t, `U=procfsd@mnt-missing.service
		! systemctl start $U 2>/dev/null || fail started
		sleep 0.3
		echo $(property ActiveState) $(property ExecMainStatus) $(property NRestarts)
		systemctl status $U || true`)
	const line = "mountpoint /mnt/missing does not exist: create it (mkdir -p /mnt/missing)"
	if !strings.HasPrefix(got, "failed 32 0\n") || strings.Count(got, line) != 2 || !strings.Contains(got, `Status: "`+line) {
		t.Errorf("got %s", got)
	}
}

// systemdBackground: a daemon that nobody watches logs to the journal too, and
// crashes into it.
func systemdBackground(t *testing.T, s *systemd) {
	s.inside(t, `mkdir -p /mnt/background
		procfsd /mnt/background
		pid=$(pgrep -x procfsd)
		kill -ABRT $pid
		wait_for '[ ! -e /proc/$pid ]'
		procfsd /mnt/background
		umount /mnt/background
		wait_for '! pgrep -x procfsd >/dev/null'`)
	for _, words := range []string{"mounted mountpoint=/mnt/background", "dead mount replaced mountpoint=/mnt/background", `unmounted mountpoint=/mnt/background why="by others"`} {
		if e := s.wantLogged(t, 6, words); e.Transport != "stdout" || e.Unit == "procfsd@mnt-proc.service" {
			t.Errorf("%+v", e)
		}
	}
	s.inside(t, `[ $(journalctl -q -t procfsd -p err -o cat | grep -c '^SIGABRT: abort') = 2 ] || fail "no words of the crash"`)
}

// systemdMountUnit: mount(8) on behalf of systemd.
func systemdMountUnit(t *testing.T, s *systemd) {
	s.inside(t, `systemctl start mnt-proc.mount
		answers || fail "does not answer"
		[ "$(property ActiveState mnt-proc.mount)" = active ]
		asnobody cat /mnt/proc/curproc/map >/dev/null
		systemctl stop mnt-proc.mount
		[ -z "$(mounts)" ] || fail mounted
		wait_for '! pgrep -x procfsd >/dev/null'`)
}
