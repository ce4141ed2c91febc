//go:build amd64

package tests

import (
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

// startCompat starts the 32-bit program.
func startCompat(t *testing.T) *debuggee {
	t.Helper()
	path, err := compatProgram()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return startDebuggee(t, cmd)
}

func (p *debuggee) ask(words ...any) string {
	p.t.Helper()
	fmt.Fprintln(p.in, words...)
	return p.line()
}

// TestDebugCompat: the layout is the reader's. A 32-bit one gets the 32-bit
// structures, and none of a 64-bit process; a 64-bit one the 64-bit structures
// of both.
func TestDebugCompat(t *testing.T) {
	d, reader, target, wide := mount(t), startCompat(t), startCompat(t), startSpin(t)
	target.wants('S')
	target.stop()
	wide.stop()
	v := byPtrace(t, target.pid)
	for _, c := range []struct {
		node          string
		narrow, width []byte
		size          int
	}{{"regs", v.regs32, v.regs, 76}, {"fpregs", v.fpregs32, v.fpregs, 176}, {"dbregs", v.dbregs32, v.dbregs, 32}} {
		path := d.path(target.pid, c.node)
		if len(c.narrow) != c.size {
			t.Fatalf("%s: %d bytes by ptrace", c.node, len(c.narrow))
		}
		if got := reader.ask("read", path); got != fmt.Sprintf("%x", c.narrow) {
			t.Errorf("%s of a 32-bit reader:\n%s, by ptrace:\n%x", c.node, got, c.narrow)
		}
		wantSet(t, path, c.width)
		other := d.path(wide.pid, c.node)
		before := piece(t, openNode(t, other, 0), 512, 0)
		for _, got := range []string{reader.ask("read", other), reader.ask("write", other, "00")} {
			if got != syscall.EINVAL.Error() {
				t.Errorf("%s of a 64-bit process for a 32-bit reader: %s", c.node, got)
			}
		}
		wantSet(t, other, before)
	}
}

// TestDebugCompatWrites: what a 32-bit writer changes, ptrace(2) sees.
func TestDebugCompatWrites(t *testing.T) {
	d, writer, target := mount(t), startCompat(t), startCompat(t)
	target.wants('S')
	target.stop()
	for _, c := range []struct {
		node   string
		offset int
		bytes  string
	}{
		{"regs", 28, "\x78\x56\x34\x12"}, // ebx
		{"regs", 40, "\x07\x00\x00\x00"}, // eax, inside a system call
		{"fpregs", 28, "\x01\x02\x03\x04\x05\x06\x07\x88\x01\x40"},
		{"dbregs", 4, "\x00\x10\x00\x00"}, // dr1
		{"dbregs", 28, "\x04\x00\x10\x00"},
	} {
		view := func() []byte {
			v := byPtrace(t, target.pid)
			return map[string][]byte{"regs": v.regs32, "fpregs": v.fpregs32, "dbregs": v.dbregs32}[c.node]
		}
		set := view()
		copy(set[c.offset:], c.bytes)
		if c.node == "fpregs" {
			set[8], set[9] = 0, 0 // no register is empty: only so they keep what is in them
		}
		if got := writer.ask("write", d.path(target.pid, c.node), fmt.Sprintf("%x", set)); got != strconv.Itoa(len(set)) {
			t.Errorf("%s: write of %d bytes: %s", c.node, len(set), got)
		}
		now := view()
		if got := string(now[c.offset : c.offset+len(c.bytes)]); got != c.bytes {
			t.Errorf("%s at %d is %x, want %x", c.node, c.offset, got, c.bytes)
		}
		wide := d.path(target.pid, c.node)
		if got := writer.ask("read", wide); got != fmt.Sprintf("%x", now) {
			t.Errorf("%s reads back %s, by ptrace %x", c.node, got, now)
		}
	}
}
