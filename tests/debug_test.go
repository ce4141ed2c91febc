//go:build amd64

package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// counterScript sets the counter register of the loop in the process directory
// that is $1, to 42, by nothing but files: r12 is at 24 of struct reg. As after
// kill(1), the process has not stopped yet when the note is written.
const counterScript = `cd "$1"
set=$(mktemp) && trap 'rm $set' EXIT
echo stop > note
for i in $(seq 500); do dd if=regs of=$set bs=176 count=1 status=none 2>/dev/null && break; sleep 0.01; done
test $(stat -c %s $set) = 176
printf '\052\0\0\0\0\0\0\0' | dd of=$set bs=1 seek=24 conv=notrunc status=none
dd if=$set of=regs bs=176 status=none
dd if=regs bs=176 count=1 status=none | cmp - $set
echo cont > note
`

// TestDebugShell: a loop whose counter is set from the shell, and which then
// exits with it.
func TestDebugShell(t *testing.T) {
	d := mount(t)
	for _, uid := range []uint32{0, alice} {
		p := startDebuggee(t, byUser(targetProgram(t, "spin"), uid))
		waitFor(t, "the loop", func() bool { return p.peek("counter") > 0 })
		r := shell(t, "/", uid, "set -e; set -- "+d.path(p.pid)+"\n"+counterScript)
		if r != (ran{}) {
			t.Errorf("uid %d: %v", uid, r)
		}
		if code := p.exit(); code != 42 {
			t.Errorf("uid %d: the loop exits with %d, want 42", uid, code)
		}
	}
	p := startTarget(t, "spin") // running, dd says why not
	r := shell(t, d.path(p.pid), 0, "dd if=regs bs=176 count=1 | wc -c; head -c 176 /dev/zero | dd of=regs bs=176")
	if strings.Count(r.stderr, "Device or resource busy") != 2 || r.stdout != "0\n" {
		t.Errorf("a running target: %v", r)
	}
}

// TestDebugLeaderGone: a process whose first thread has ended goes by its
// lowest living one.
func TestDebugLeaderGone(t *testing.T) {
	d, p := mount(t), startTarget(t, "leadergone")
	p.wants('Z') // its first thread alone
	wantRefused(t, d, p.pid, unix.EBUSY, commandTime)
	p.kill(unix.SIGSTOP)
	var lowest int
	waitFor(t, "the stop", func() bool {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", p.pid))
		var tids []int
		for _, task := range tasks {
			if tid := atoi(t, filepath.Base(task)); tid != p.pid {
				tids = append(tids, tid)
			}
		}
		sort.Ints(tids)
		lowest = tids[0]
		state, _ := processState(lowest)
		return len(tids) == 3 && state == 'T'
	})
	if lowest != int(p.says["child"]) {
		t.Fatalf("lowest thread %d, started first %d", lowest, p.says["child"])
	}
	set := piece(t, openNode(t, d.path(p.pid, "regs"), unix.O_RDONLY), 4096, 0)
	if len(set) != 176 || int(set[24])|int(set[25])<<8|int(set[26])<<16 != lowest { // what the thread has put into r12
		t.Errorf("regs %x, want thread %d's", set, lowest)
	}
	p.kill(unix.SIGKILL)
}

// TestDebugReadOnly: a read-only mount reads everything and writes nothing.
func TestDebugReadOnly(t *testing.T) {
	d, p := mount(t, "ro"), startTarget(t, "receive")
	for node, size := range registerNodes {
		for _, flags := range []int{unix.O_WRONLY, unix.O_RDWR} {
			if err := access(d.path(p.pid, node), flags, make([]byte, size)); err != unix.EROFS {
				t.Errorf("%s: %v, want EROFS", node, err)
			}
		}
	}
	for _, script := range []string{"echo 15 > note", "echo 15 > notepg", "echo 5 > osrel", "echo x > mem"} {
		if r := shell(t, d.path(p.pid), 0, script); r.code != 1 || !strings.Contains(r.stderr, "Read-only file system") {
			t.Errorf("%s: %v", script, r)
		}
	}
	if len(p.out) > 0 {
		t.Errorf("a signal was sent: %s", p.line())
	}
	p.stop()
	for node, size := range registerNodes {
		if got := piece(t, openNode(t, d.path(p.pid, node), unix.O_RDONLY), 4096, 0); len(got) != size {
			t.Errorf("%s has %d bytes", node, len(got))
		}
	}
	if r := shell(t, d.path(p.pid), 0, "cat osrel"); r.code != 0 || r.stderr != "" {
		t.Error(r)
	}
}

// TestDebugHidePID: hidepid takes nothing from who may debug the process, and
// gid= gives nobody a debug node.
func TestDebugHidePID(t *testing.T) {
	own := startDebuggee(t, byUser(targetProgram(t, "receive"), alice))
	for options, others := range map[string]string{
		"hidepid=0": "ENOENT", "hidepid=1": "EPERM", "hidepid=2": "ENOENT", "hidepid=4": "ENOENT",
		"hidepid=2,gid=65534": "ENOENT", "hidepid=1,gid=65534": "ENOENT",
	} {
		d := mount(t, strings.Split(options, ",")...)
		wantAll(t, options+": hers", operate(t, d, alice, own.pid, "openwrite", debugNodes), "ok")
		wantAll(t, options+": root", operate(t, d, 0, own.pid, "openwrite", debugNodes), "ok")
		wantAll(t, options+": another's", operate(t, d, bob, own.pid, "openwrite", debugNodes), others)
		if r := shell(t, d.dir, alice, fmt.Sprintf("echo 15 > %d/note && cat %d/osrel", own.pid, own.pid)); r.code != 0 || r.stderr != "" {
			t.Errorf("%s: %v", options, r)
		}
		if line := own.line(); !strings.HasPrefix(line, "15 ") {
			t.Errorf("%s: %s", options, line)
		}
	}
}

// TestDebugExecUser: a user's own mount serves for his own processes as the
// administrator's does.
func TestDebugExecUser(t *testing.T) {
	needUserNamespaces(t)
	path := targetPath(t)
	script := filepath.Join(directory(t), "script")
	text := "set -e\ncd /tmp\n" + path + " spin >/dev/null & pid=$!\ntrap 'kill -9 $pid 2>/dev/null || true' EXIT\nwhile ! grep -q '^target' /proc/$pid/status; do :; done; sleep 0.1\n" +
		"set -- /proc/$pid\n(" + strings.ReplaceAll(counterScript, "$(mktemp)", "$(mktemp -p $SCRATCH)") + ")\nwait $pid || echo $?\n" +
		"sleep 60 & echo term > /proc/$!/note; wait $! || echo $?\n" +
		"sleep 60 & head -c 176 /proc/$!/regs | wc -c; cat /proc/$!/osrel; echo 7 > /proc/$!/osrel; cat /proc/$!/osrel; kill $!\n" +
		"ls -d /proc/1/regs /proc/1/note || true\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	scratch := directory(t)
	if err := os.Chmod(scratch, 0o777); err != nil {
		t.Fatal(err)
	}
	r := room(t, userScript+"asnobody procfsd exec -- bash "+script, "MODE=666", "SCRATCH="+scratch, "LC_ALL=C")
	const want = "42\n143\n0\n197120\n7\n"
	if r.code != 0 || r.stdout != want {
		t.Errorf("%v; want %q", r, want)
	}
}
