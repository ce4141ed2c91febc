package fs

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// pending are the signals that wait for the whole process.
func (c *child) pending() (set uint64) {
	c.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid))
	if err != nil {
		c.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\nShdPnd:\t")
	if _, err := fmt.Sscanf(rest, "%x", &set); err != nil {
		c.t.Fatal(err)
	}
	return set
}

func bitsOf(signals ...unix.Signal) (set uint64) {
	for _, s := range signals {
		set |= 1 << (s - 1)
	}
	return set
}

// TestWriteNote: a write is a note, whatever its offset; the target is stopped,
// so the signals wait for it.
func TestWriteNote(t *testing.T) {
	w := newWorld(t)
	w.target.stop()
	for i, name := range []string{"note", "notepg"} {
		node := w.alice.node(w.target.pid, name)
		fh := w.alice.opened(node, unix.O_WRONLY|unix.O_TRUNC)
		wrote := func(data string, offset uint64, want unix.Errno) {
			t.Helper()
			n, status := w.alice.write(node, fh, offset, data)
			w.alice.want(fmt.Sprintf("write of %.20q", data), status, want)
			if want == 0 && n != len(data) {
				t.Errorf("%.20q: %d bytes are written, want %d", data, n, len(data))
			}
		}
		first, second := unix.SIGUSR1, unix.SIGUSR2
		one, two := "usr1", "SIGUSR2 \n"
		if i == 1 {
			first, second, one, two = unix.SIGALRM, 40, "alarm", "rtmin+6\t"
		}
		before := w.target.pending()
		wrote(one, 1<<20, 0)
		if got := w.target.pending() &^ before; got != bitsOf(first) {
			t.Errorf("%s: %x", name, got)
		}
		wrote(two, uint64(len(one)), 0)
		if got := w.target.pending() &^ before; got != bitsOf(first, second) {
			t.Errorf("%s: two writes: %x", name, got)
		}
		wrote("0", 0, 0)
		wrote("hup"+strings.Repeat(" ", 1<<20-3), 7, 0) // the longest write
		after := w.target.pending()
		if got := after &^ before; got != bitsOf(first, second)|bitsOf(unix.SIGHUP)&^before {
			t.Errorf("%s: the longest: %x", name, got)
		}
		wrote("", 0, unix.EINVAL)
		wrote("quit\x00", 0, unix.EINVAL)
		wrote("quit quit", 0, unix.EINVAL)
		wrote("emt", 0, unix.EINVAL)
		wrote(strings.Repeat("9", 64), 0, unix.EINVAL)
		wrote(strings.Repeat("9", 65), 0, unix.EMSGSIZE)
		wrote(strings.Repeat("9", 1<<20), 0, unix.EMSGSIZE)
		wrote("quit", 1<<63, unix.EINVAL)
		if got := w.target.pending(); got != after {
			t.Errorf("%s: what was refused has come: %x, before %x", name, got, after)
		}
		_, status := w.alice.read(node, fh, 0, 100)
		w.alice.want("read of "+name, status, unix.EBADF)
		w.alice.release(node, fh)

		for _, flags := range []uint32{unix.O_RDONLY, unix.O_RDWR} { // its owner may only write
			_, status := w.alice.open(node, flags)
			w.alice.want("open of "+name, status, unix.EACCES)
			fh := w.root.opened(node, flags)
			_, status = w.root.read(node, fh, 0, 100)
			w.root.want("read of "+name, status, unix.EBADF)
			w.root.release(node, fh)
		}
	}
	if state := w.target.state(); state != "T" {
		t.Errorf("the target is %s", state)
	}
	idle(t, w.raw)
}

// TestWriteOsrel: a write is a number, whatever its offset, and counts whole.
func TestWriteOsrel(t *testing.T) {
	w := newWorld(t)
	c, node := w.alice, w.alice.node(w.target.pid, "osrel")
	fh := c.opened(node, unix.O_RDWR|unix.O_TRUNC)
	for _, test := range []struct {
		offset     uint64
		data, want string
		errno      unix.Errno
	}{
		{0, "12", "12\n", 0},
		{2, "34\n", "34\n", 0}, // not 1234
		{1 << 40, "0056 \t\n", "56\n", 0},
		{0, "x", "56\n", unix.EINVAL},
		{0, "-1", "56\n", unix.EINVAL},
		{0, "2147483648", "56\n", unix.EINVAL},
		{1 << 63, "1", "56\n", unix.EINVAL},
		{0, "", "0\n", 0},
		{0, "2147483647", "2147483647\n", 0},
		{0, "\n", "0\n", 0},
		{0, strings.Repeat("0", 1<<20-1) + "7", "7\n", 0},
	} {
		n, status := c.write(node, fh, test.offset, test.data)
		c.want(fmt.Sprintf("write of %.20q", test.data), status, test.errno)
		if test.errno == 0 && n != len(test.data) {
			t.Errorf("%.20q: %d bytes are written", test.data, n)
		}
		if got := c.text(node, fh); got != test.want {
			t.Errorf("after %.20q: %q, want %q", test.data, got, test.want)
		}
	}
	c.release(node, fh)
	other := w.root.opened(node, unix.O_RDONLY)
	if got := w.root.text(node, other); got != "7\n" {
		t.Errorf("root reads %q", got)
	}
	_, status := w.root.write(node, other, 0, "1")
	w.root.want("write to what is open for reading", status, unix.EBADF)
	w.root.release(node, other)
	idle(t, w.raw)
}

// TestWriteRegisters: only at 0, only while it is stopped, and no more than
// there is.
func TestWriteRegisters(t *testing.T) {
	w := newWorld(t)
	c, buffer := w.alice, strings.Repeat("\x00", 600)
	for _, state := range []string{"running", "stopped"} {
		if state == "stopped" {
			w.target.stop()
		}
		for _, name := range []string{"regs", "fpregs", "dbregs"} {
			node := c.node(w.target.pid, name)
			fh := c.opened(node, unix.O_RDWR)
			whole, status := c.read(node, fh, 0, 600)
			c.want(name+" of what is "+state, status, map[bool]unix.Errno{true: unix.EBUSY}[state == "running"])
			if (len(whole) > 100) != (state == "stopped") {
				t.Errorf("%s: %d bytes of %s", name, len(whole), state)
			}
			n, status := c.write(node, fh, 0, string(whole)+buffer[:100])
			c.want("write to "+name+" of what is "+state, status, map[bool]unix.Errno{true: unix.EBUSY}[state == "running"])
			if n != len(whole) {
				t.Errorf("%s: %d of %d bytes are written", name, n, len(whole)+100)
			}
			for _, offset := range []uint64{1, 8, 1<<63 - 1} {
				if b, status := c.read(node, fh, offset, 8); len(b) != 0 || status != fuse.OK {
					t.Errorf("%s at %d: %q, %v", name, offset, b, status)
				}
				if n, status := c.write(node, fh, offset, "x"); n != 0 || status != fuse.OK {
					t.Errorf("%s at %d: %d written, %v", name, offset, n, status)
				}
			}
			_, status = c.write(node, fh, 1<<63, "x")
			c.want("negative offset", status, unix.EINVAL)
			c.release(node, fh)
		}
	}
	if state := w.target.state(); state != "T" {
		t.Errorf("the target is %s", state)
	}
	idle(t, w.raw)
}

// TestWriteBad: what a set may not have is EINVAL, and changes nothing.
func TestWriteBad(t *testing.T) {
	w := newWorld(t)
	w.target.stop()
	for name, bad := range map[string][]byte{
		"regs":   make([]byte, 160), // no flags, and the kernel's code segment
		"dbregs": bytes.Repeat([]byte{0xff}, 64),
	} {
		node := w.root.node(w.target.pid, name)
		fh := w.root.opened(node, unix.O_RDWR)
		before, _ := w.root.read(node, fh, 0, 600)
		_, status := w.root.write(node, fh, 0, string(bad))
		if name == "dbregs" && before[0] == 15 { // arm64: what its hardware has
			continue
		}
		w.root.want("write to "+name, status, unix.EINVAL)
		if after, _ := w.root.read(node, fh, 0, 600); !bytes.Equal(after, before) || len(after) == 0 {
			t.Errorf("%s: % x, before % x", name, after, before)
		}
		w.root.release(node, fh)
	}
}

// TestDebugWriter: what somebody opened is written to by nobody else, neither
// less privileged nor more; and what was opened is lost with the rights.
func TestDebugWriter(t *testing.T) {
	w := newWorld(t)
	w.target.stop()
	message := map[string]string{"note": "usr1", "notepg": "usr1", "osrel": "7"}
	for _, opener := range []*client{w.alice, w.root} {
		for _, name := range debugNames {
			node := opener.node(w.target.pid, name)
			fh := opener.opened(node, unix.O_WRONLY)
			for _, c := range []*client{
				w.alice, w.bob, w.root,
				clientOf(t, w.server, int(w.alice.who.Pid), alice, bob),
				clientOf(t, w.server, int(w.alice.who.Pid), bob, alice),
			} {
				if c == opener {
					continue
				}
				_, status := c.write(node, fh, 0, message[name])
				c.want("write to "+name+" of another opener", status, unix.EACCES)
			}
			opener.release(node, fh)
		}
	}
	if got := w.target.pending(); got != 0 {
		t.Errorf("pending: %x", got)
	}
	node := w.alice.node(w.target.pid, "osrel")
	fh := w.alice.opened(node, unix.O_RDONLY)
	if got := w.alice.text(node, fh); strings.HasPrefix(got, "7") {
		t.Errorf("osrel is %q", got)
	}
	w.alice.release(node, fh)
	idle(t, w.raw)
}

// TestDebugRightsLost: what is hidden by now is no longer there for what was
// opened before.
func TestDebugRightsLost(t *testing.T) {
	w := newWorld(t)
	open := map[string][2]uint64{}
	for _, name := range debugNames {
		node := w.alice.node(w.target.pid, name)
		open[name] = [2]uint64{node, w.alice.opened(node, map[bool]uint32{true: unix.O_WRONLY, false: unix.O_RDWR}[strings.HasPrefix(name, "note")])}
	}
	w.target.do("undumpable")
	w.target.stop()
	for name, o := range open {
		for _, data := range []string{"7", "0"} {
			_, status := w.alice.write(o[0], o[1], 0, data)
			w.alice.want("write to "+name, status, unix.ESRCH)
		}
		if !strings.HasPrefix(name, "note") {
			_, status := w.alice.read(o[0], o[1], 0, 8)
			w.alice.want("read of "+name, status, unix.ESRCH)
		}
		_, status := w.alice.open(o[0], unix.O_WRONLY)
		w.alice.want("open of "+name, status, unix.ENOENT)
		w.alice.release(o[0], o[1])
	}
	if got := w.target.pending(); got != 0 {
		t.Errorf("pending: %x", got)
	}
	idle(t, w.raw)
}
