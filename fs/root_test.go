package fs

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

func TestRoot(t *testing.T) {
	w := newWorld(t)
	for _, c := range []*client{w.self(t), w.bob, w.root} {
		attr, status := c.getattr(root)
		c.want("the root", status, 0)
		if attr.Mode != unix.S_IFDIR|0o555 || attr.Uid != 0 || attr.Gid != 0 || attr.Ino != nodes.ClassRoot || attr.Nlink != 1 {
			t.Errorf("the root: %+v", attr)
		}
		for _, name := range []string{"curproc", "self"} {
			link := c.walk(name)
			if link.Mode != unix.S_IFLNK|0o444 || link.Uid != 0 || link.Gid != 0 {
				t.Errorf("%s: %+v", name, link.Attr)
			}
			if text, status := c.readlink(link.NodeId); status != fuse.OK || text != strconv.Itoa(int(c.who.Pid)) {
				t.Errorf("%s: %q, %v", name, text, status)
			}
		}
		table := c.walk("status")
		fh := c.opened(table.NodeId, unix.O_RDONLY)
		text := c.text(table.NodeId, fh)
		if !strings.Contains(text, fmt.Sprintf(" %d %d ", w.target.pid, os.Getpid())) {
			t.Errorf("status without %d:\n%s", w.target.pid, text)
		}
		c.release(table.NodeId, fh)
	}
	thread := clientOf(t, w.server, w.target.tid, alice, alice)
	if text, status := thread.readlink(thread.walk("self").NodeId); status != fuse.OK || text != strconv.Itoa(w.target.pid) {
		t.Errorf("self of a thread: %q, %v", text, status)
	}
	idle(t, w.raw)
}

// TestListRoot: the same whatever the size of the pieces, each entry once, and
// on from any offset.
func TestListRoot(t *testing.T) {
	w := newWorld(t)
	all := w.bob.list(root, 1<<16)
	got := names(all)
	if want := []string{".", "..", "curproc", "self", "status"}; !slices.Equal(got[:5], want) {
		t.Errorf("%q, want %q first", got[:5], want)
	}
	if !slices.Contains(got, strconv.Itoa(w.target.pid)) {
		t.Errorf("%d is not listed", w.target.pid)
	}
	mine := func(c *client, size int) (all []fuse.DirEntry) {
		for _, e := range c.list(root, size) { // others may come and go meanwhile
			if pid, err := strconv.Atoi(e.Name); err != nil || pid == w.target.pid || pid == int(w.bob.who.Pid) {
				all = append(all, e)
			}
		}
		return all
	}
	whole := mine(w.bob, 1<<16)
	for _, size := range []int{40, 64, 333} {
		if pieces := mine(w.bob, size); !slices.Equal(pieces, whole) {
			t.Errorf("in pieces of %d: %v, want %v", size, pieces, whole)
		}
	}
	for _, e := range whole {
		if e.Name == "." || e.Name == ".." {
			continue
		}
		entry := w.bob.walk(e.Name)
		if entry.Ino != e.Ino || entry.Mode&unix.S_IFMT != e.Mode {
			t.Errorf("listed as %+v, is %+v", e, entry.Attr)
		}
	}
	for _, offset := range []uint64{firstPID + maxPID, 1 << 62, ^uint64(0)} {
		if entries, status := w.bob.readdir(root, offset, 4096); status != fuse.OK || len(entries) != 0 {
			t.Errorf("at %d: %v, %v", offset, entries, status)
		}
	}
	for _, offset := range []uint64{6, 100, firstPID} {
		entries, status := w.bob.readdir(root, offset, 1<<16)
		if status != fuse.OK || len(entries) == 0 || entries[0].Off <= firstPID {
			t.Errorf("at %d: %v, %v", offset, entries, status)
		}
	}
	if entries, status := w.bob.readdir(root, 0, 8); status != fuse.OK || len(entries) != 0 {
		t.Errorf("no room: %v, %v", entries, status)
	}
}
