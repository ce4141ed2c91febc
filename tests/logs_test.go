package tests

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const secret = "Zq7hush"

// startSecretive starts a process that has the secret in its name, its path,
// its arguments and its environment.
func startSecretive(t *testing.T) *exec.Cmd {
	t.Helper()
	path := filepath.Join(directory(t), secret)
	copyProgram(t, "/proc/self/exe", path)
	cmd := exec.Command(path, secret)
	cmd.Env = append(os.Environ(), helperEnv+"=pause", "SECRET="+secret)
	cmd.Dir = filepath.Dir(path)
	startQuietly(t, cmd)
	waitFor(t, "its name", func() bool {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid))
		return string(text) == secret+"\n"
	})
	return cmd
}

// provoke does to each node of process $P what succeeds and what fails.
const provoke = `cd $D || exit
ls -l . $P; cat status
cat ` + secret + ` $P/` + secret + ` $P/$SECRET/x; mkdir $P/` + secret + `; ln -s ` + secret + ` ` + secret + `; mv $P/map ` + secret + `; rm $P/status
for node in $(ls $P); do
	head -c 4096 $P/$node | head -c 1; readlink $P/$node; stat -L $P/$node; ls $P/$node/
	echo ` + secret + ` > $P/$node; echo $(head -c 8192 /dev/zero | tr '\0' Z)` + secret + ` > $P/$node
	dd if=$P/$node bs=1 skip=100 count=1; chmod 0 $P/$node; setfattr -n user.` + secret + ` -v x $P/$node
done
true`

// TestLogsNoSecrets: what a process can choose never gets into the log, however
// it is asked for, even into the log of all requests.
func TestLogsNoSecrets(t *testing.T) {
	d, log := traced(t)
	p := startSecretive(t)
	for _, user := range []uint32{0, 65534} {
		cmd := exec.Command("sh", "-c", provoke)
		cmd.Env = append(os.Environ(), "D="+d.dir, fmt.Sprint("P=", p.Process.Pid), "SECRET="+secret)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		r := finish(t, cmd)
		if seen := strings.Contains(r.stdout, secret); !seen {
			t.Errorf("user %d did not see it: %v", user, r)
		}
	}
	fd := openNode(t, d.path(p.Process.Pid, "map"), unix.O_RDONLY)
	p.Process.Kill()
	p.Wait()
	if _, err := unix.Pread(fd, make([]byte, 100), 0); err != unix.ESRCH {
		t.Errorf("read of what is gone: %v, want ESRCH", err)
	}
	loggedSoFar(t, d, log)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, secret) {
			t.Errorf("logged: %s", line)
		}
	}
	for _, op := range []string{"LOOKUP", "OPEN", "READ", "WRITE", "READLINK", "READDIR", "SETATTR"} {
		if !strings.Contains(string(text), "level=DEBUG msg="+op+" target=") {
			t.Errorf("the log has no %s", op)
		}
	}
	if strings.Contains(string(text), "log lines were lost") {
		t.Error("some of the log is missing")
	}
}

// TestLogsForeground: what happened to the mount, on stderr, with its time.
func TestLogsForeground(t *testing.T) {
	d := mount(t, "ro")
	d.stop(t)
	want := regexp.MustCompile(`^time=\S+ level=INFO msg=mounted mountpoint=` + d.dir + ` options="\S*,ro" version=\S+
time=\S+ level=INFO msg=unmounted mountpoint=` + d.dir + ` why=terminated
$`)
	if !want.MatchString(d.log.String()) {
		t.Errorf("%s", d.log)
	}
}

// TestLogsStuck: a log that nobody reads holds up no request, nor the end.
func TestLogsStuck(t *testing.T) {
	need(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dir := directory(t)
	cmd := exec.Command(procfsd(t), "-f", "-d", dir)
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	unmountAtEnd(t, dir)
	defer cmd.Process.Kill()
	waitFor(t, "the mount", func() bool { return isMounted(dir) })
	for range 5000 { // 20,000 lines, which neither the pipe nor the queue holds
		if text, err := os.ReadFile(filepath.Join(dir, "curproc/status")); err != nil || len(text) == 0 {
			t.Fatalf("%q, %v", text, err)
		}
	}
	cmd.Process.Signal(syscall.SIGTERM)
	killer := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
	defer killer.Stop()
	if err := cmd.Wait(); err != nil || isMounted(dir) {
		t.Errorf("%v, mounted: %v", err, isMounted(dir))
	}
}

// devices gives a room a /dev of its own with a log, which leads to the test.
const devices = `mkdir /run/dev /run/systemd /run/systemd/journal
touch /run/dev/null /run/dev/fuse
mount --bind /dev/null /run/dev/null
mount --bind /dev/fuse /run/dev/fuse
mount --rbind /run/dev /dev
ln -s $SYSLOG /dev/log
[ -z "$JOURNAL" ] || ln -s $JOURNAL /run/systemd/journal/stdout
`

// TestLogsSyslog: where no journal is, the log of a daemon in the background
// goes to syslog, once one is there.
func TestLogsSyslog(t *testing.T) {
	path := filepath.Join(directory(t), "syslog")
	cmd := roomCommand(t, install(t), devices+`procfsd $D
		alive $D
		echo mounted
		read go
		umount $D`, "SYSLOG="+path, "JOURNAL=")
	in, out := pipes(t, cmd)
	line(t, out, "mounted")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(in, "go")
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	// Daemon's messages (3) of the levels info (6) and warning (4).
	for _, want := range []string{
		`^<30>.* procfsd\[\d+\]: unmounted mountpoint=\S+/mnt why="by others"\n$`,
		`^<28>.* procfsd\[\d+\]: log lines were lost count=1\n$`,
	} {
		b := make([]byte, 4096)
		n, err := conn.Read(b)
		if err != nil || !regexp.MustCompile(want).Match(b[:n]) {
			t.Errorf("%q, %v; want %s", b[:n], err, want)
		}
	}
	succeeds(t, cmd)
}

// pipes starts a command that the test talks with, for half a minute at most.
func pipes(t *testing.T, cmd *exec.Cmd) (io.Writer, *bufio.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		killer.Stop()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return in, bufio.NewReader(out)
}

func line(t *testing.T, out *bufio.Reader, want string) {
	t.Helper()
	if got, err := out.ReadString('\n'); err != nil || got != want+"\n" {
		t.Fatalf("%q, %v; want %q", got, err, want)
	}
}

func succeeds(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestLogsHostile: sockets at which nobody reads, or accepts, hold up nobody,
// in the background and in exec, and a crash neither.
func TestLogsHostile(t *testing.T) {
	dir := directory(t)
	journal, syslog := filepath.Join(dir, "journal"), filepath.Join(dir, "syslog")
	for name, c := range map[string]struct{ journal, syslog int }{
		"journal": {unix.SOCK_STREAM, unix.SOCK_DGRAM},
		"syslog":  {unix.SOCK_DGRAM, unix.SOCK_STREAM}, // no journal at all, by its kind
		"full":    {unix.SOCK_DGRAM, unix.SOCK_DGRAM},
	} {
		t.Run(name, func(t *testing.T) {
			defer deaf(t, journal, c.journal)()
			defer deaf(t, syslog, c.syslog)()
			if name == "full" {
				fillQueue(t, syslog)
			}
			exe := install(t)
			cmd := roomCommand(t, exe, devices+`procfsd $D
				alive $D
				procfsd exec -- true
				procfsd exec -m $D -- sh -c 'cat $D/curproc/status' >/dev/null
				umount $D
				procfsd $D
				echo mounted
				read crashed
				procfsd $D
				alive $D
				umount $D`, "SYSLOG="+syslog, "JOURNAL="+journal)
			in, out := pipes(t, cmd)
			line(t, out, "mounted")
			waitFor(t, "one daemon", func() bool { return len(processesOf(exe)) == 1 }) // those before unmounted
			syscall.Kill(theDaemon(t, exe), syscall.SIGABRT)
			if left := waitGone(exe); len(left) > 0 {
				t.Errorf("a crash hangs: %v", left)
			}
			fmt.Fprintln(in, "crashed")
			succeeds(t, cmd)
		})
	}
}

// deaf binds a socket that never reads, nor accepts more than one waits for.
func deaf(t *testing.T, path string, kind int) (close func()) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	}
	if err == nil && kind == unix.SOCK_STREAM {
		err = unix.Listen(fd, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { unix.Close(fd); os.Remove(path) }
}
