package tests

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMountBackground looks at the daemon that stays when the command has
// returned: nothing of its invoker's may be left in it, nor rights that serving
// does not need.
func TestMountBackground(t *testing.T) {
	exe, dir := install(t), directory(t)
	unmountAtEnd(t, dir)
	secret, err := os.Create(filepath.Join(directory(t), "secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	cmd := exec.Command("/bin/sh", "-c", `umask 0; ulimit -Sn 300; ulimit -Sc 0; exec "$0" "$@"`, exe, dir)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SECRET=1")
	cmd.ExtraFiles = []*os.File{secret}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: []uint32{4, 24}}}
	if r := finish(t, cmd); r != (ran{}) {
		t.Fatalf("%v; want silence", r)
	}
	answers(t, dir) // at once
	pid := theDaemon(t, exe)
	t.Run("descriptors", func(t *testing.T) { checkDescriptors(t, pid, secret.Name()) })
	t.Run("hardened", func(t *testing.T) { checkHardened(t, pid) })
	t.Run("surroundings", func(t *testing.T) { checkSurroundings(t, pid) })
	if err := unix.Unmount(dir, 0); err != nil {
		t.Error(err)
	}
}

func checkDescriptors(t *testing.T, pid int, secret string) {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if len(links) < 4 {
		t.Fatalf("descriptors: %v", links)
	}
	for _, link := range links {
		to, err := os.Readlink(link)
		number := filepath.Base(link)
		standard := number == "0" || number == "1" || number == "2"
		journal := number == "2" && strings.HasPrefix(to, "socket:") // where one runs
		if standard && to != "/dev/null" && !journal || to == secret || strings.HasPrefix(to, "pipe:") {
			t.Errorf("descriptor %s is %s, %v", number, to, err)
		}
	}
}

func checkHardened(t *testing.T, pid int) {
	const six = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_KILL | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID |
		1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_SYS_ADMIN
	status := statusFields(t, pid)
	want := map[string]string{"NoNewPrivs": "1", "Groups": "", "Umask": "0077", "Name": "procfsd",
		"CapInh": fmt.Sprintf("%016x", 0), "CapAmb": fmt.Sprintf("%016x", 0)}
	for _, set := range []string{"CapBnd", "CapPrm", "CapEff"} {
		want[set] = fmt.Sprintf("%016x", six)
	}
	for name, value := range want {
		if status[name] != value {
			t.Errorf("%s %q, want %q", name, status[name], value)
		}
	}
}

func checkSurroundings(t *testing.T, pid int) {
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); cwd != "/" {
		t.Errorf("cwd %q, %v", cwd, err)
	}
	if sid, err := unix.Getsid(pid); sid != pid {
		t.Errorf("session %d, %v; want its own, %d", sid, err, pid)
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || bytes.Contains(environ, []byte("SECRET")) || !bytes.Contains(environ, []byte("PATH=/")) {
		t.Errorf("environment %q, %v", environ, err)
	}
	var files, core unix.Rlimit
	if err := errors.Join(unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &files), unix.Prlimit(pid, unix.RLIMIT_CORE, nil, &core)); err != nil {
		t.Fatal(err)
	}
	if files.Cur != files.Max || files.Cur <= 300 || core != (unix.Rlimit{}) {
		t.Errorf("limits: files %v, core %v", files, core)
	}
}

// TestMountSignals: TERM and INT unmount and succeed, whether or not somebody
// has a file open.
func TestMountSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, busy := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v busy=%v", sig, busy), func(t *testing.T) { stopBySignal(t, sig, busy) })
		}
	}
}

func stopBySignal(t *testing.T, sig syscall.Signal, busy bool) {
	d := mount(t)
	if busy {
		file, err := os.Open(d.path("curproc", "status"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
	}
	d.cmd.Process.Signal(sig)
	awaitEnd(t, d)
	if state := d.cmd.ProcessState; state.ExitCode() != 0 || isMounted(d.dir) {
		t.Errorf("%v, mounted: %v\n%s", state, isMounted(d.dir), d.log)
	}
	if _, err := os.Lstat(d.path("curproc")); !os.IsNotExist(err) {
		t.Errorf("the mountpoint afterwards: %v", err)
	}
}

// awaitEnd waits for a daemon that should end by itself.
func awaitEnd(t *testing.T, d *daemon) {
	t.Helper()
	waitFor(t, "the end of the daemon", d.ended)
	d.cmd.Wait()
}

// TestMountHangup: a closed terminal is nothing to a daemon, in front or behind.
func TestMountHangup(t *testing.T) {
	d := mount(t)
	exe := install(t)
	behind := directory(t)
	daemons := map[int]string{d.cmd.Process.Pid: d.dir, background(t, exe, behind): behind}
	for pid, dir := range daemons {
		if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
			t.Error(err)
		}
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); cwd != "/" {
			t.Errorf("cwd %q, %v; a daemon holds no directory", cwd, err)
		}
		for range 20 {
			answers(t, dir)
			time.Sleep(time.Millisecond)
		}
	}
}

// TestMountSignalBackground: the same end for a daemon without a launcher.
func TestMountSignalBackground(t *testing.T) {
	exe, dir := install(t), directory(t)
	pid := background(t, exe, dir)
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if left := waitGone(exe); len(left) > 0 || isMounted(dir) {
		t.Errorf("left: %v, mounted: %v", left, isMounted(dir))
	}
}

// TestMountExternalUmount: who unmounts ends the daemon, which calls that a
// success.
func TestMountExternalUmount(t *testing.T) {
	for name, flags := range map[string]int{"plain": 0, "lazy": unix.MNT_DETACH} {
		t.Run(name, func(t *testing.T) {
			d := mount(t)
			if err := unix.Unmount(d.dir, flags); err != nil {
				t.Fatal(err)
			}
			awaitEnd(t, d)
			code, log := d.cmd.ProcessState.ExitCode(), d.log.String()
			if code != 0 || strings.Count(log, "\n") != 2 || !strings.HasSuffix(log, " msg=unmounted mountpoint="+d.dir+" why=\"by others\"\n") {
				t.Errorf("exit %d\n%s", code, log)
			}
		})
	}
}

// TestMountStale: what a killed daemon leaves is replaced by the next mount.
func TestMountStale(t *testing.T) {
	exe, dir := install(t), directory(t)
	for range 2 {
		killed(t, exe, dir, background(t, exe, dir))
	}
	pid := background(t, exe, dir)
	if n := mountsOn(dir); n != 1 {
		t.Errorf("%d mounts, want 1", n)
	}
	syscall.Kill(pid, syscall.SIGTERM)
	waitGone(exe)
	if isMounted(dir) {
		t.Error("still mounted")
	}
}

// killed kills a daemon without warning and wants the dead mount that is left.
func killed(t *testing.T, exe, dir string, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitGone(exe)
	waitFor(t, "ENOTCONN after kill -9", func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, syscall.ENOTCONN)
	})
}

// TestMountDying: the next mount need not wait until the killed daemon is gone.
func TestMountDying(t *testing.T) {
	exe, dir := install(t), directory(t)
	for range 20 {
		if err := syscall.Kill(background(t, exe, dir), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	background(t, exe, dir)
	if n := mountsOn(dir); n != 1 {
		t.Errorf("%d mounts, want 1", n)
	}
}

// TestMountStaleForeign: a dead mount that nobody can tell to be ours stays.
func TestMountStaleForeign(t *testing.T) {
	exe, dir := install(t), directory(t)
	killed(t, exe, dir, background(t, exe, dir, "-o", "subtype=other"))
	r := finish(t, exec.Command(exe, dir))
	oneLine(t, r, "it is not procfsd's but of type fuse.other")
	if r.code != 32 || mountsOn(dir) != 1 {
		t.Errorf("exit %d with %d mounts; want 32 and the dead mount", r.code, mountsOn(dir))
	}
	background(t, exe, dir, "-o", "subtype=other")
}

// TestMountStaleProc: the same over /proc itself, where the daemon that comes
// next has no /proc to look into.
func TestMountStaleProc(t *testing.T) {
	r := inRoom(t, `procfsd /proc
		pid=$(awk '$1 == "procfsd" {print $2}' /proc/status)
		[ "$pid" ] || fail "no daemon in $(cat /proc/status)"
		kill -9 $pid
		until ! ls /proc >/dev/null 2>&1; do sleep 0.01; done
		procfsd /proc
		cat /proc/curproc/status
		umount -i /proc
		test -e /proc/self/maps`)
	if !strings.HasPrefix(r.stdout, "cat ") {
		t.Errorf("%v", r)
	}
}

// TestMountTwo: mounts have nothing to do with each other.
func TestMountTwo(t *testing.T) {
	exe, one, two := install(t), directory(t), directory(t)
	first := background(t, exe, one, "-o", "source=one")
	background(t, exe, two)
	syscall.Kill(first, syscall.SIGTERM)
	waitFor(t, "the end of one", func() bool { return !isMounted(one) })
	answers(t, two)
}

// TestMountOtherProc: inside a new pid namespace proc=DIR shows the processes
// outside, numbers everybody as the procfs at DIR does, and keeps their rights.
func TestMountOtherProc(t *testing.T) {
	r := inRoom(t, `mkdir $D/host $D/ours
		mount --bind /proc $D/host
		cat > $D/inside <<'END'
			procfsd $D/ours -o proc=$D/host
			[ "$(readlink /proc/self)" -lt 100 ] || fail "no namespace of its own"
			set -- $(readlink $D/ours/curproc $D/ours/self $D/host/self)
			[ $1 = $3 -a $2 = $3 ] || fail "curproc $1, self $2, outside $3"
			[ "$(cut -d' ' -f2 $D/ours/curproc/status)" -gt 0 ] || fail "no status of its own"
			[ "$(cut -d' ' -f2 $D/ours/$OUTSIDE/status)" = $OUTSIDE ] || fail "$OUTSIDE is not shown"
			[ "$(head -c 2 $D/ours/$OUTSIDE/map)" = 0x ] || fail "root may read a map"
			[ "$(asnobody head -c 4 $D/ours/curproc/cmdline)" = head ] || fail "no cmdline for nobody"
			[ "$(asnobody head -c 2 $D/ours/curproc/map)" = 0x ] || fail "no own map for nobody"
			! asnobody cat $D/ours/$OUTSIDE/map 2>/dev/null || fail "nobody reads a map of root's"
			umount $D/ours
END
		printf %s "$ROOM" | grep -E "^(fail|asnobody)\(" > $D/script
		cat $D/inside >> $D/script
		unshare --pid --fork --mount-proc --propagation unchanged sh -e $D/script`,
		fmt.Sprint("OUTSIDE=", os.Getpid()))
	if r.stderr != "" {
		t.Errorf("%v", r)
	}
}
