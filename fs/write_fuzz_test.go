package fs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"github.com/procfsd/procfsd/render"
	"golang.org/x/sys/unix"
)

// FuzzWrite writes anything to the debug nodes of a stopped process, as its
// own user does: it is taken whole, or up to the end of a set, or not at all,
// and then nothing has changed.
func FuzzWrite(f *testing.F) {
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	if os.Geteuid() == 0 {
		uid, gid = alice, alice
	}
	names := []string{"osrel", "note", "notepg", "regs", "fpregs", "dbregs"}
	for i := range names {
		for _, text := range []string{"", "0", "197120\n", "usr1", "RTMIN+3 ", "99999999999", "cont", "kill", "x", strings.Repeat("x", 600), strings.Repeat("\x00", 200)} {
			f.Add(uint8(i), uint64(i), []byte(text))
		}
	}
	flags := bytes.Repeat([]byte{1}, 176)
	binary.LittleEndian.PutUint64(flags[144:], 0x33)
	binary.LittleEndian.PutUint64(flags[152:], 0x246)
	f.Add(uint8(3), uint64(0), flags)
	f.Add(uint8(5), uint64(0), bytes.Repeat([]byte{0, 0, 0x40, 0, 0, 0, 0, 0}, 4))
	tree, err := nodes.Open(nodes.Options{GID: -1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(tree.Close)
	asker := startAs(f, "plain", uid, gid)
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	var target fuzzTarget
	f.Cleanup(target.end)
	f.Fuzz(func(t *testing.T, which uint8, offset uint64, data []byte) {
		if target.child == nil || target.state() != "T" { // cont and kill may be written
			target.end()
			target.child = spawn(t, "plain", uid, gid)
			target.stop()
		}
		r := newRaw(tree, quiet)
		c, name := clientOf(t, serverOf(t, r), asker.pid, uid, gid), names[int(which)%len(names)]
		node := c.node(target.pid, name)
		fh := c.opened(node, map[bool]uint32{true: unix.O_WRONLY, false: unix.O_RDWR}[strings.HasPrefix(name, "note")])
		data = data[:min(len(data), 1<<20)]
		var before, after []byte
		if !strings.HasPrefix(name, "note") {
			before, _ = c.read(node, fh, 0, 600)
		}
		n, status := c.write(node, fh, offset, string(data))
		if target.state() == "T" && before != nil {
			after, _ = c.read(node, fh, 0, 600)
		}
		if status != fuse.OK && !bytes.Equal(before, after) {
			t.Errorf("%s: refused with %v:\n% x, before\n% x", name, status, after, before)
		}
		if want := wanted(name, offset, data, len(before)); want != nil && (status != want.status || n != want.n) {
			t.Errorf("%s at %d: %d of %d bytes, %v; want %+v", name, offset, n, len(data), status, *want)
		} else if want == nil && status != fuse.EINVAL && (status != fuse.OK || n != min(len(data), len(before))) {
			t.Errorf("%s: %d of %d bytes, %v", name, n, len(data), status)
		}
		if value, err := render.ParseOsrel(data); name == "osrel" && status == fuse.OK && (err != nil || string(after) != fmt.Sprintln(value)) {
			t.Errorf("osrel: %q reads %q", data, after)
		}
		c.release(node, fh)
		idle(t, r)
	})
}

type written struct {
	n      int
	status fuse.Status
}

// wanted is what a write must come to; nil where that depends on the values.
func wanted(name string, offset uint64, data []byte, size int) *written {
	var err error
	switch name {
	case "osrel":
		_, err = render.ParseOsrel(data)
	case "note", "notepg":
		_, err = render.ParseNote(data)
	}
	set := strings.HasSuffix(name, "regs")
	switch {
	case offset > 1<<63-1 || errors.Is(err, render.ErrSyntax):
		return &written{0, fuse.EINVAL}
	case errors.Is(err, render.ErrTooLong):
		return &written{0, fuse.Status(unix.EMSGSIZE)}
	case set && offset != 0:
		return &written{0, fuse.OK}
	case set && size > 0:
		return nil
	}
	return &written{len(data), fuse.OK}
}
