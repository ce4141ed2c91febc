package tests

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inside is COMMAND run by exe over a private mount.
func inside(exe string, command ...string) *exec.Cmd {
	return exec.Command(exe, append([]string{"exec", "--"}, command...)...)
}

// TestExecStatus: the exit status is COMMAND's, or the shell's for one that
// cannot be run.
func TestExecStatus(t *testing.T) {
	exe, dir := install(t), directory(t)
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "garbage"), []byte{0, 1, 2}, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command string
		code    int
		line    string // on stderr, where COMMAND did not run
	}{
		{"true", 0, ""},
		{"sh -c exit\t7", 7, ""},
		{"sh -c exit\t255", 255, ""},
		{"sh -c kill\t-TERM\t$$", 128 + 15, ""},
		{"sh -c kill\t-KILL\t$$", 128 + 9, ""},
		{"sh -c kill\t-SEGV\t$$", 128 + 11, ""},
		{"./plain", 126, `cannot execute "./plain": permission denied`},
		{dir, 126, "permission denied"},
		{"./garbage", 126, "exec format error"},
		{"no-such-command", 127, `command "no-such-command" not found`},
		{"./missing", 127, `command "./missing" not found`},
		{"./plain/missing", 127, "not found"},
	} {
		t.Run(c.command, func(t *testing.T) {
			command := strings.Split(c.command, " ")
			command[len(command)-1] = strings.ReplaceAll(command[len(command)-1], "\t", " ")
			cmd := inside(exe, command...)
			cmd.Dir = dir
			r := finish(t, cmd)
			if r.code != c.code || r.stdout != "" || (c.line == "" && r.stderr != "") {
				t.Errorf("%v; want %d", r, c.code)
			}
			if c.line != "" {
				oneLine(t, r, c.line)
			}
			nothingLeft(t, exe)
		})
	}
}

// nothingLeft holds at once when exec returns, without waiting.
func nothingLeft(t *testing.T, exe string) {
	t.Helper()
	if pids := processesOf(exe); len(pids) > 0 {
		t.Errorf("processes left: %v", pids)
	}
}

// TestExecPrivate: COMMAND sees the mount over /proc, nobody else does, and
// nothing stays, neither mount nor file.
func TestExecPrivate(t *testing.T) {
	exe, tmp := install(t), directory(t)
	before, _ := os.ReadFile("/proc/self/mountinfo")
	cmd := inside(exe, "sh", "-c", "cat /proc/curproc/status; cat >/dev/null")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	line := strings.Fields(start(t, cmd))
	if len(line) != 15 || line[0] != "cat" {
		t.Errorf("status %q", line)
	}
	during, _ := os.ReadFile("/proc/self/mountinfo")
	if string(before) != string(during) {
		t.Errorf("mounts here: %s, before: %s", during, before)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	nothingLeft(t, exe)
	if files, err := os.ReadDir(tmp); err != nil || len(files) > 0 {
		t.Errorf("files left: %v, %v", files, err)
	}
}

// TestExecOptions: -m DIR leaves /proc alone, -o is mount's.
func TestExecOptions(t *testing.T) {
	exe, dir := install(t), directory(t)
	for _, c := range []struct{ args, script, want string }{
		{"-m " + dir, "test -e /proc/self/maps && cd " + dir + " && cut -d' ' -f1 curproc/status", "cut\n"},
		{"-o hidepid=2 --", "test -e /proc/$PPID && echo root sees it; su nobody -s /bin/sh -c \"test -e /proc/$PPID\" || echo nobody does not", "root sees it\nnobody does not\n"},
		{"-o ro,source=here,subtype=x", "awk '$2 == \"/proc\" {print $1, $3, substr($4, 1, 3)}' $NATIVE/self/mounts | tail -n1", "here fuse.x ro,\n"},
	} {
		cmd := exec.Command(exe, append(append([]string{"exec"}, strings.Fields(c.args)...), "sh", "-c", c.script)...)
		cmd.Env = append(os.Environ(), "NATIVE="+nativeProc(t))
		if r := finish(t, cmd); r.stdout != c.want {
			t.Errorf("%s: %v; want %q", c.args, r, c.want)
		}
	}
	r := finish(t, exec.Command(exe, "exec", "-o", "bogus", "--", "echo", "run"))
	if oneLine(t, r, `unknown mount option "bogus"`); r.code != 1 || r.stdout != "" {
		t.Errorf("%v; want 1", r)
	}
	nothingLeft(t, exe)
}

// nativeProc is the kernel's own /proc for those over whose /proc we are.
func nativeProc(t *testing.T) string {
	t.Helper()
	dir := directory(t)
	if err := unix.Mount("/proc", dir, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// describe prints everything that COMMAND inherits, as the kernel has it.
const describe = `grep -E '^(Uid|Gid|Groups|Umask|NoNewPrivs|Seccomp.*|Cap...|Sig(Blk|Ign)|Cpus_allowed|Mems_allowed|THP_enabled|CoreDumping):' $NATIVE/self/status
cat $NATIVE/self/limits $NATIVE/self/cgroup $NATIVE/self/oom_score_adj $NATIVE/self/coredump_filter $NATIVE/self/personality $NATIVE/self/timerslack_ns
for ns in cgroup ipc net pid time user uts; do readlink $NATIVE/self/ns/$ns; done
readlink $NATIVE/self/fd/3 $NATIVE/self/root; nice; pwd; env | sort; echo "args: $*"`

// TestExecUntouched: nothing of the daemon's hardening reaches COMMAND, and
// nothing of its own gets lost.
func TestExecUntouched(t *testing.T) {
	exe, dir, native := install(t), directory(t), nativeProc(t)
	const setting = `umask 027; ulimit -Sn 300; ulimit -Hn 400; ulimit -c 0; trap "" HUP INT; exec env --block-signal=USR1 nice -n 3 "$@" 3</etc/passwd`
	look := func(groups []uint32, run ...string) string {
		args := append([]string{"-c", setting, "sh"}, run...)
		cmd := exec.Command("/bin/sh", append(args, "sh", "-c", describe, "sh", "a b", "", "-x")...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "NATIVE="+native, "EMPTY=", "ODD=a\nb")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: groups}}
		r := finish(t, cmd)
		if r.code != 0 || r.stderr != "" {
			t.Errorf("%v", r)
		}
		return r.stdout
	}
	for _, groups := range [][]uint32{nil, {4, 24}} {
		want, got := look(groups), look(groups, exe, "exec", "--")
		if got != want || !strings.Contains(want, "/etc/passwd") || !strings.Contains(want, "Umask:\t0027") {
			t.Errorf("inside and outside differ:\n%s", strings.Join(differing(got, want), "\n"))
		}
	}
}

// TestExecSu changes the user inside, which no_new_privs or lost capabilities
// would not allow.
func TestExecSu(t *testing.T) {
	exe := install(t)
	r := finish(t, inside(exe, "su", "nobody", "-s", "/bin/sh", "-c", "id -u; cat /proc/curproc/status; head -c 2 /proc/curproc/map; head -c 1 /proc/$PPID/map"))
	lines := strings.Split(r.stdout, "\n")
	if len(lines) != 3 || lines[0] != "65534" || !strings.HasPrefix(lines[1], "cat ") || !strings.Contains(lines[1], " 65534 65534,") || lines[2] != "0x" {
		t.Errorf("%v; want a status of uid 65534, its own map and not that of root", r)
	}
	nothingLeft(t, exe)
}

// helperSignals prints the first signal that it gets.
func helperSignals() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals)
	signal.Reset(syscall.SIGURG) // the Go runtime's own
	fmt.Println("ready")
	fmt.Println(int((<-signals).(syscall.Signal)))
	os.Exit(5)
}

// TestExecSignals: what procfsd exec gets, COMMAND gets, and has the last word.
func TestExecSignals(t *testing.T) {
	exe, program := install(t), helperProgram(t)
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
		unix.SIGALRM, unix.SIGCONT, unix.SIGWINCH, 40} {
		cmd := inside(exe, program)
		cmd.Env = append(os.Environ(), helperEnv+"=signals")
		out, err := os.CreateTemp(directory(t), "out")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout, cmd.SysProcAttr = out, &syscall.SysProcAttr{Setsid: true} // no terminal to send it twice
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with COMMAND
			}
		})
		said := func() string { text, _ := os.ReadFile(out.Name()); return string(text) }
		waitFor(t, "COMMAND", func() bool { return said() == "ready\n" })
		cmd.Process.Signal(sig)
		waitFor(t, "the end after "+sig.String(), func() bool { s, _ := processState(cmd.Process.Pid); return s == 'Z' })
		cmd.Wait()
		out.Close()
		if want := fmt.Sprintf("ready\n%d\n", sig); said() != want || cmd.ProcessState.ExitCode() != 5 {
			t.Errorf("%v: %v, %q; want exit 5, %q", sig, cmd.ProcessState, said(), want)
		}
		nothingLeft(t, exe)
	}
}

// TestExecKilled: kill -9 of the launcher takes the daemon along, and COMMAND,
// which nobody can tell, lives on with the kernel's /proc.
func TestExecKilled(t *testing.T) {
	exe := install(t)
	cmd := inside(exe, "sh", "-c", "echo $$; cat >/dev/null")
	command := atoi(t, start(t, cmd))
	cmd.Process.Kill()
	if left := waitGone(exe); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/root/proc/%d/maps", command, command)); err != nil {
		t.Error(err)
	}
}

// TestExecStdin: COMMAND reads what is ours to read.
func TestExecStdin(t *testing.T) {
	exe := install(t)
	cmd := inside(exe, "tr", "a-z", "A-Z")
	cmd.Stdin = strings.NewReader(strings.Repeat("some words\n", 20000))
	if r := finish(t, cmd); r.stdout != strings.Repeat("SOME WORDS\n", 20000) || r.stderr != "" {
		t.Errorf("exit %d, %d bytes, stderr %q", r.code, len(r.stdout), r.stderr)
	}
}

// TestExecLookup finds COMMAND as execvp(3) does.
func TestExecLookup(t *testing.T) {
	exe, dir := install(t), directory(t)
	for name, mode := range map[string]os.FileMode{"first/tool": 0o644, "second/tool": 0o755, "here": 0o755} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho $0 $(pwd)\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, command, want string }{
		{"first:second", "tool", "second/tool " + dir},
		{dir + "/first:" + dir + "/second", "tool", dir + "/second/tool " + dir},
		{":/nowhere", "here", "./here " + dir},
		{"", "./second/tool", "./second/tool " + dir},
		{"", "second/../here", "second/../here " + dir},
	} {
		cmd := inside(exe, c.command)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + c.path}
		if r := finish(t, cmd); r.stdout != c.want+"\n" {
			t.Errorf("PATH=%s %s: %v; want %q", c.path, c.command, r, c.want)
		}
	}
}

// TestExecNested: procfsd over procfsd, though the inner one has no Linux /proc.
func TestExecNested(t *testing.T) {
	exe := install(t)
	r := finish(t, inside(exe, exe, "exec", "--", "sh", "-c", "cat /proc/curproc/status; exit 4"))
	if r.code != 4 || !strings.HasPrefix(r.stdout, "cat ") || r.stderr != "" {
		t.Errorf("%v", r)
	}
	nothingLeft(t, exe)
}

// TestExecChildren: what COMMAND leaves in the background lives on, with the
// kernel's /proc again, and keeps neither us nor the mount.
func TestExecChildren(t *testing.T) {
	exe := install(t)
	r := finish(t, inside(exe, "sh", "-c", "sleep 600 </dev/null >/dev/null 2>&1 & echo $!"))
	nothingLeft(t, exe)
	pid := atoi(t, strings.TrimSpace(r.stdout))
	defer syscall.Kill(pid, syscall.SIGKILL)
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/proc/%d/comm", pid, pid)); string(text) != "sleep\n" {
		t.Errorf("the /proc of process %s: %q, %v", strconv.Itoa(pid), text, err)
	}
}
