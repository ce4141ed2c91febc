package nodes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var setSizes = map[string]int{"regs": 176, "fpregs": 512, "dbregs": 128}

// openSet opens regs, fpregs or dbregs as fs does.
func openSet(t testing.TB, q *Query, name string) StreamFile {
	t.Helper()
	row := processRow(name)
	if err := q.See(row); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	file, err := row.Open(q, Access{Read: true, Write: true})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() { file.Close() })
	return file.(StreamFile)
}

// readSet wants the whole set.
func readSet(t testing.TB, q *Query, name string, size int) []byte {
	t.Helper()
	b := make([]byte, size+100)
	n, err := openSet(t, q, name).ReadAt(q, b, 0)
	if err != nil || n != size {
		t.Fatalf("%s: %d bytes, %v; want %d", name, n, err, size)
	}
	if !bytes.Equal(b[n:], make([]byte, 100)) {
		t.Errorf("%s: written beyond what was read", name)
	}
	return b[:n]
}

// writeSet wants n bytes to be taken.
func writeSet(t testing.TB, q *Query, name string, data []byte, want int) {
	t.Helper()
	if n, err := openSet(t, q, name).WriteAt(q, data, 0); n != want || err != nil {
		t.Errorf("%s: %d of %d bytes, %v; want %d", name, n, len(data), err, want)
	}
}

// stopped is a process that another asks about.
func stopped(t *testing.T, tree *Tree) (*child, *Query) {
	t.Helper()
	c, caller := start(t), start(t)
	waitState(t, c.pid, "S")
	c.stop()
	return c, find(t, caller.asks(tree), c.pid)
}

// TestSetsNatively: a stopped process's sets are ptrace's, in FreeBSD's layout,
// and reading them leaves no trace.
func TestSetsNatively(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c, q := stopped(t, tree)
	n := natively(t, c.pid)
	waitState(t, c.pid, "T")
	if n.regs.Rip == 0 || n.regs.Rsp == 0 || n.regs.Cs != 0x33 || len(n.prstat) != 216 {
		t.Fatalf("%+v", n.regs)
	}
	for name, want := range n.freebsd() {
		if got := readSet(t, q, name, setSizes[name]); !bytes.Equal(got, want) {
			t.Errorf("%s:\n% x, want\n% x", name, got, want)
		}
		for _, room := range []int{0, 1, 8, 100} { // short: the beginning
			b := make([]byte, room)
			if n, err := openSet(t, q, name).ReadAt(q, b, 0); n != room || err != nil || !bytes.Equal(b, want[:room]) {
				t.Errorf("%s: %d of %d bytes, %v: % x", name, n, room, err, b)
			}
		}
	}
	if state := stateOf(t, c.pid); state != "T" {
		t.Errorf("it is %s", state)
	}
	if again := natively(t, c.pid); again.regs != n.regs || again.fp != n.fp || again.debug != n.debug {
		t.Errorf("changed by reading:\n%+v\n%+v", n, again)
	}
}

// TestSetsOffset: there is nothing but at 0, whoever asks, and whatever the
// target does.
func TestSetsOffset(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	q := find(t, start(t).asks(tree), c.pid)
	for name := range setSizes {
		file := openSet(t, q, name)
		for _, state := range []string{"running", "stopped", "dead"} {
			switch state {
			case "stopped":
				c.stop()
			case "dead":
				c.kill()
			}
			for _, offset := range []int64{1, 8, 176, 1 << 40, 1<<63 - 1} {
				b := []byte{7}
				if n, err := file.ReadAt(q, b, offset); n != 0 || err != nil || b[0] != 7 {
					t.Errorf("%s at %d, %s: read %d, %v", name, offset, state, n, err)
				}
				if n, err := file.WriteAt(q, b, offset); n != 0 || err != nil {
					t.Errorf("%s at %d, %s: wrote %d, %v", name, offset, state, n, err)
				}
			}
			if state == "dead" {
				b := make([]byte, 8)
				if n, err := file.ReadAt(q, b, 0); n != 0 || err == nil {
					t.Errorf("%s: %d bytes of a zombie, %v", name, n, err)
				}
			}
		}
		c = start(t)
		q = find(t, start(t).asks(tree), c.pid)
	}
}

// TestSetsRunning: a process that runs is not touched.
func TestSetsRunning(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	waitState(t, c.pid, "S")
	q := find(t, start(t).asks(tree), c.pid)
	before := switches(t, c.pid)
	end, watched := make(chan struct{}), make(chan int)
	go func() { // a tracer, however short
		seen := 0
		for {
			select {
			case <-end:
				watched <- seen
				return
			default:
			}
			if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid)); err != nil || !bytes.Contains(text, []byte("TracerPid:\t0\n")) {
				seen++
			}
		}
	}()
	for name, size := range setSizes {
		file := openSet(t, q, name)
		for range 100 {
			if n, err := file.ReadAt(q, make([]byte, size), 0); n != 0 || !errors.Is(err, unix.EBUSY) {
				t.Fatalf("%s: %d bytes, %v", name, n, err)
			}
			if n, err := file.WriteAt(q, make([]byte, size), 0); n != 0 || !errors.Is(err, unix.EBUSY) {
				t.Fatalf("%s: wrote %d bytes, %v", name, n, err)
			}
		}
	}
	close(end)
	if seen := <-watched; seen != 0 {
		t.Errorf("traced at %d looks", seen)
	}
	if after := switches(t, c.pid); after != before {
		t.Errorf("it ran: %s, before %s", after, before)
	}
}

// switches are the lines of status that count them, and that of the tracer.
func switches(t *testing.T, pid int) (lines string) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "ctxt_switches") || strings.HasPrefix(line, "TracerPid") {
			lines += line
		}
	}
	return lines
}

// TestSetsTraced: who is traced by another is busy, and stays so.
func TestSetsTraced(t *testing.T) {
	for _, sample := range []bool{false, true} {
		tree := openTree(t, Options{GID: -1, Sample: sample})
		c := start(t)
		waitState(t, c.pid, "S")
		q := find(t, start(t).asks(tree), c.pid)
		traced(t, c.pid, func() {
			for name := range setSizes {
				file := openSet(t, q, name)
				if n, err := file.ReadAt(q, make([]byte, 8), 0); n != 0 || !errors.Is(err, unix.EBUSY) {
					t.Errorf("sample %v: %s: %d bytes, %v", sample, name, n, err)
				}
				if n, err := file.WriteAt(q, make([]byte, 8), 0); n != 0 || !errors.Is(err, unix.EBUSY) {
					t.Errorf("sample %v: %s: wrote %d bytes, %v", sample, name, n, err)
				}
			}
			if err := unix.PtraceGetRegs(c.pid, new(unix.PtraceRegs)); err != nil {
				t.Errorf("our attachment is lost: %v", err)
			}
		})
	}
}

// TestSetsSample: with it a process that runs is read, never written, and not
// by the thread that would have to stop.
func TestSetsSample(t *testing.T) {
	tree := openTree(t, Options{GID: -1, Sample: true})
	c := start(t)
	waitState(t, c.pid, "S")
	other := find(t, start(t).asks(tree), c.pid)
	n := natively(t, c.pid)
	waitState(t, c.pid, "S")
	for name, want := range n.freebsd() {
		got := readSet(t, other, name, setSizes[name])
		if name == "regs" { // the system call begins anew each time
			want, got = want[136:144], got[136:144]
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\n% x, want\n% x", name, got, want)
		}
		if n, err := openSet(t, other, name).WriteAt(other, make([]byte, 8), 0); n != 0 || !errors.Is(err, unix.EBUSY) {
			t.Errorf("%s: wrote %d bytes, %v", name, n, err)
		}
		itself, begin := find(t, c.asks(tree), c.pid), time.Now()
		if n, err := openSet(t, itself, name).ReadAt(itself, make([]byte, 8), 0); n != 0 || !errors.Is(err, unix.EBUSY) {
			t.Errorf("%s of itself: %d bytes, %v", name, n, err)
		}
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("%s of itself: after %v", name, took)
		}
		thread := find(t, ask(t, tree, c.tid, c.uid, c.gid), c.pid)
		readSet(t, thread, name, setSizes[name])
	}
	if got := c.answer("still there"); got != "what?" {
		t.Errorf("%q", got)
	}
}

// TestSetsRights: the gate is asked at each access, and an abandoned call does
// nothing.
func TestSetsRights(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	const exe = "/proc/self/exe"
	target := startAs(t, "plain", exe, alice, alice)
	alices := find(t, startAs(t, "plain", exe, alice, alice).asks(tree), target.pid)
	bobs := find(t, startAs(t, "plain", exe, bob, bob).asks(tree), target.pid)
	target.stop()
	before := natively(t, target.pid)
	waitState(t, target.pid, "T")
	for name, size := range setSizes {
		readSet(t, alices, name, size)
		if n, err := openSet(t, alices, name).ReadAt(bobs, make([]byte, 8), 0); n != 0 || !errors.Is(err, ErrHidden) {
			t.Errorf("bob reads %s: %d bytes, %v", name, n, err)
		}
		if n, err := openSet(t, alices, name).WriteAt(bobs, []byte{1}, 0); n != 0 || !errors.Is(err, ErrHidden) {
			t.Errorf("bob writes %s: %d bytes, %v", name, n, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		abandoned := *alices
		abandoned.Context = ctx
		if n, err := openSet(t, alices, name).WriteAt(&abandoned, []byte{1}, 0); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("abandoned: %s: %d bytes, %v", name, n, err)
		}
	}
	if after := natively(t, target.pid); after.regs != before.regs || after.fp != before.fp || after.debug != before.debug {
		t.Error("changed")
	}
}
