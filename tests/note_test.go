package tests

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// shell runs a script for bash in a process's directory, as a user.
func shell(t *testing.T, dir string, uid uint32, script string) ran {
	t.Helper()
	cmd := as(exec.Command("bash", "-c", script), uid, uid)
	cmd.Dir, cmd.Env = dir, []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	cmd.SysProcAttr.Setpgid = true
	return finish(t, cmd)
}

// TestNote: each note arrives as its signal, from the process and the user who
// wrote it.
func TestNote(t *testing.T) {
	d := mount(t)
	for _, uid := range []uint32{0, alice} {
		p := startDebuggee(t, byUser(targetProgram(t, "receive"), uid))
		for _, c := range []struct {
			command string
			signal  int
		}{
			{"echo 15 > note", 15}, {"echo SIGUSR1 > note", 10}, {"echo usr2 > note", 12}, {"echo rtmin+1 > note", 35},
			{"echo SIGRTMAX-2 > note", 62}, {"echo hangup > note", 1}, {"echo interrupt > note", 2}, {"echo alarm > note", 14},
			{"printf Term > note", 15}, {"printf 'winch \\t \\n' > note", 28}, {"echo tstp > note", 20}, {"echo 64 > note", 64},
			{"echo int >> note", 2}, {"echo term > notepg", 15}, {"echo 34 > notepg", 34}, {"cat > note <<< quit", 3},
			{"echo iot | dd of=note seek=1000 conv=notrunc status=none", 6},
		} {
			builtin := strings.HasPrefix(c.command, "echo") && !strings.Contains(c.command, "|") || strings.HasPrefix(c.command, "printf")
			r := shell(t, d.path(p.pid), uid, c.command+"; status=$?; echo $$; exit $status")
			if r.code != 0 || r.stderr != "" {
				t.Fatalf("%s: %v", c.command, r)
			}
			var signal, code, pid, sender int
			line := p.line()
			if _, err := fmt.Sscan(line, &signal, &code, &pid, &sender); err != nil {
				t.Fatalf("%s: %q", c.command, line)
			}
			const siQueue = -1
			if signal != c.signal || code != siQueue || sender != int(uid) || builtin != (fmt.Sprintln(pid) == r.stdout) {
				t.Errorf("%s by uid %d in %q arrives as signal, code, pid, uid %s; want %d %d", c.command, uid, r.stdout, line, c.signal, siQueue)
			}
		}
		if r := shell(t, d.path(p.pid), uid, "echo 0 > note && echo 0 > notepg"); r != (ran{}) || len(p.out) > 0 {
			t.Errorf("0 asks only: %v, %d lines", r, len(p.out))
		}
	}
}

// TestNoteStops: stop and cont are job control's, kill is the end.
func TestNoteStops(t *testing.T) {
	d, p := mount(t), startTarget(t, "wait")
	for range 3 {
		if r := shell(t, d.path(p.pid), 0, "echo stop > note"); r != (ran{}) {
			t.Fatal(r)
		}
		p.wants('T')
		if r := shell(t, d.path(p.pid), 0, "echo cont > note"); r != (ran{}) {
			t.Fatal(r)
		}
		p.wants('S')
	}
	if r := shell(t, d.path(p.pid), 0, "echo kill > note"); r != (ran{}) {
		t.Fatal(r)
	}
	if code := p.exit(); code != 128+9 {
		t.Errorf("exit %d", code)
	}
}

// TestNoteErrors: what is no note is EINVAL, and sends nothing.
func TestNoteErrors(t *testing.T) {
	d, p := mount(t), startTarget(t, "receive")
	for _, node := range []string{"note", "notepg"} {
		for _, word := range []string{"", " ", "foo", " term", "65", "0x9", "term kill", "emt", "rtmin+31"} {
			r := shell(t, d.path(p.pid), 0, "echo '"+word+"' > "+node)
			if want := "echo: write error: Invalid argument\n"; r.code != 1 || !strings.HasSuffix(r.stderr, want) {
				t.Errorf("%q > %s: %v, want %q", word, node, r, want)
			}
		}
		fd := openNode(t, d.path(p.pid, node), unix.O_WRONLY)
		for _, word := range []string{"-1", "+1", "1.0", "info", "sigsigterm", "rtmin-1", "rtmax+1", "attach", "99999999999999999999", "15\nkill", "term\x00", "\x00"} {
			if n, err := unix.Write(fd, []byte(word)); err != unix.EINVAL {
				t.Errorf("%q > %s: %d, %v, want EINVAL", word, node, n, err)
			}
		}
		for size, want := range map[int]error{64: unix.EINVAL, 65: unix.EMSGSIZE, 4096: unix.EMSGSIZE, 2 << 20: unix.EMSGSIZE} {
			if n, err := unix.Write(fd, []byte(strings.Repeat("x", size))); err != want {
				t.Errorf("%d bytes to %s: %d, %v, want %v", size, node, n, err, want)
			}
		}
		if n, err := unix.Write(fd, nil); n != 0 || err != nil {
			t.Errorf("nothing to %s: %d, %v", node, n, err)
		}
		both := openNode(t, d.path(p.pid, node), unix.O_RDWR) // as root may
		if n, err := unix.Read(both, make([]byte, 10)); err != unix.EBADF {
			t.Errorf("read of %s: %d, %v, want EBADF", node, n, err)
		}
	}
	if len(p.out) > 0 {
		t.Errorf("a signal was sent: %s", p.line())
	}
	own := startDebuggee(t, byUser(targetProgram(t, "receive"), alice))
	if got := attempt(t, alice, alice, "open", d.path(own.pid, "note"), "open", d.path(own.pid, "notepg")); got[0] != "EACCES" || got[1] != "EACCES" {
		t.Errorf("reading the own note: %v, want EACCES", got)
	}
}

// TestNoteGroup: a shell's job is ended as a whole, and nothing else.
func TestNoteGroup(t *testing.T) {
	d := mount(t)
	for _, uid := range []uint32{0, alice} {
		r := shell(t, d.dir, uid, `set -m
			sleep 60 | sleep 60 | sleep 60 & job=$!
			sleep 60 & other=$!
			echo kill > $job/notepg || exit 1
			wait $job; echo $?
			kill -0 $other && echo alive
			kill -9 $other`)
		if r.code != 0 || r.stdout != "137\nalive\n" {
			t.Errorf("uid %d: %v", uid, r)
		}
		r = shell(t, d.dir, uid, "sleep 60 & echo kill > $!/notepg; echo still here") // the writer is of the group
		if r.code != 128+9 || r.stdout != "" {
			t.Errorf("uid %d, the own group: %v", uid, r)
		}
	}
}

// TestNoteGroupSpares: a note to a group that the daemon is of does not reach
// the daemon, nor does a user's reach another's process.
func TestNoteGroupSpares(t *testing.T) {
	exe, dir := install(t), directory(t)
	cmd := exec.Command(exe, "-f", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &daemon{dir: dir, cmd: cmd, log: new(bytes.Buffer)}
	t.Cleanup(func() { d.stop(t) })
	waitFor(t, "the mount", func() bool { return isMounted(dir) || d.ended() })
	group := func(uid uint32) *debuggee {
		cmd := byUser(targetProgram(t, "receive"), uid)
		cmd.SysProcAttr.Pgid = d.cmd.Process.Pid
		return startDebuggee(t, cmd)
	}
	hers, another, roots := group(alice), group(alice), group(0)
	if r := shell(t, d.path(hers.pid), alice, "echo term > notepg"); r != (ran{}) {
		t.Fatal(r)
	}
	for _, p := range []*debuggee{hers, another} {
		if line := p.line(); !strings.HasPrefix(line, "15 ") {
			t.Errorf("hers: %s", line)
		}
	}
	if r := shell(t, d.path(hers.pid), 0, "echo hup > notepg"); r != (ran{}) {
		t.Fatal(r)
	}
	for _, p := range []*debuggee{hers, another, roots} {
		if line := p.line(); !strings.HasPrefix(line, "1 ") { // and nothing before, at root's
			t.Errorf("everybody: %s", line)
		}
	}
	answers(t, dir)
	if err := unix.Kill(-d.cmd.Process.Pid, 0); err != nil {
		t.Errorf("the group: %v", err)
	}
}
