package fs

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// The tree without a mount: requests as the kernel sends them, from callers
// that are real processes.

const root = fuse.FUSE_ROOT_ID

// world is a file system and people.
type world struct {
	raw    *raw
	server *fuse.ProtocolServer
	target *child // alice's

	alice, bob, root *client // other processes of theirs
}

func newWorld(t *testing.T) *world {
	t.Helper()
	needRoot(t)
	w := &world{raw: newTestRaw(t, nodes.Options{GID: -1}), target: startAs(t, "plain", alice, alice)}
	w.server = serverOf(t, w.raw)
	w.alice = newClient(t, w.server, startAs(t, "plain", alice, alice))
	w.bob = newClient(t, w.server, startAs(t, "plain", bob, bob))
	w.root = newClient(t, w.server, startAs(t, "plain", 0, 0))
	w.root.init()
	return w
}

func (w *world) self(t *testing.T) *client { return newClient(t, w.server, w.target) }

func TestInit(t *testing.T) {
	c := clientOf(t, serverOf(t, newTestRaw(t, nodes.Options{GID: -1})), 0, 0, 0)
	out := c.init()
	flags := uint64(out.Flags) | uint64(out.Flags2)<<32
	for name, test := range map[string]struct {
		flag uint64
		want bool
	}{
		"ATOMIC_O_TRUNC":  {fuse.CAP_ATOMIC_O_TRUNC, true},
		"ALLOW_IDMAP":     {fuse.CAP_ALLOW_IDMAP, false},
		"READDIRPLUS":     {fuse.CAP_READDIRPLUS, false},
		"CACHE_SYMLINKS":  {fuse.CAP_CACHE_SYMLINKS, false},
		"WRITEBACK_CACHE": {fuse.CAP_WRITEBACK_CACHE, false},
		"POSIX_ACL":       {fuse.CAP_POSIX_ACL, false},
	} {
		if got := flags&test.flag != 0; got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if out.MaxWrite != 1<<20 || out.MaxBackground != 64 {
		t.Errorf("%+v", out)
	}
}

// The names that a caller sees of a process.
var (
	allNames    = []string{"cmdline", "etype", "map", "mem", "rlimit", "status", "file", "exe"}
	publicNames = []string{"cmdline", "etype", "map", "rlimit", "status", "file", "exe"}
)

// TestWalk: lookup, getattr and readdir tell one story of every node, and open
// and read follow the rights of whoever asks.
func TestWalk(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name  string
		c     *client
		names []string
		may   bool
	}{
		{"itself", w.self(t), allNames, true},
		{"same user", w.alice, allNames, true},
		{"root", w.root, allNames, true},
		{"other user", w.bob, publicNames, false},
		{"root without capabilities", newClient(t, w.server, startAs(t, "bare", 0, 0)), publicNames, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := *test.c
			c.t = t
			dir := c.walk(strconv.Itoa(w.target.pid))
			listed := c.list(dir.NodeId, 4096)
			if got, want := names(listed), append([]string{".", ".."}, test.names...); !slices.Equal(got, want) {
				t.Errorf("listed %q, want %q", got, want)
			}
			if listed[0].Ino != dir.Ino || listed[1].Ino != nodes.ClassRoot {
				t.Errorf("inodes of . and ..: %d, %d; want %d, %d", listed[0].Ino, listed[1].Ino, dir.Ino, nodes.ClassRoot)
			}
			for _, name := range allNames {
				entry, status := c.lookup(dir.NodeId, name)
				if !slices.Contains(test.names, name) {
					c.want(name, status, unix.ENOENT)
					hidden := id{process: unpack(dir.NodeId).process, class: nodes.ByName(nodes.ProcessRows(), name).Class}.pack()
					_, status := c.getattr(hidden)
					c.want("getattr of hidden "+name, status, unix.ENOENT)
					_, status = c.open(hidden, unix.O_RDONLY)
					c.want("open of hidden "+name, status, unix.ENOENT)
					c.want("access of hidden "+name, c.access(hidden, unix.F_OK), unix.ENOENT)
					continue
				}
				c.want(name, status, 0)
				looks(t, &c, w.target, name, entry, listed)
				contents(t, &c, name, entry.NodeId, test.may)
			}
		})
	}
	idle(t, w.raw)
}

// looks compares a node's attributes with what procfs(5) says.
func looks(t *testing.T, c *client, target *child, name string, entry fuse.EntryOut, listed []fuse.DirEntry) {
	t.Helper()
	mode := uint32(unix.S_IFREG | 0o444)
	switch name {
	case "file", "exe":
		mode = unix.S_IFLNK | 0o444
	case "mem":
		mode = unix.S_IFREG | 0o600
	}
	attr, status := c.getattr(entry.NodeId)
	c.want("getattr of "+name, status, 0)
	for _, a := range []fuse.Attr{entry.Attr, attr} {
		if a.Mode != mode || a.Uid != alice || a.Gid != alice || a.Nlink != 1 || a.Size != 0 || a.Blocks != 0 {
			t.Errorf("%s: %+v", name, a)
		}
		if a.Blksize != uint32(os.Getpagesize()) || a.Ino != entry.Ino || time.Since(time.Unix(int64(a.Mtime), 0)).Abs() > time.Hour {
			t.Errorf("%s: %+v", name, a)
		}
	}
	i := slices.IndexFunc(listed, func(e fuse.DirEntry) bool { return e.Name == name })
	if i < 0 || listed[i].Ino != attr.Ino || listed[i].Mode != mode&unix.S_IFMT {
		t.Errorf("%s: listed as %+v, is %+v", name, listed, attr)
	}
	shared := nodes.ByName(nodes.ProcessRows(), name).Mode&0o077 != 0 // is there for everybody, if for one
	if entry.Generation != 1 || (entry.EntryValid != 0) != shared || entry.AttrValid != 0 || entry.AttrValidNsec != 0 {
		t.Errorf("%s: cached so: %+v", name, entry)
	}
}

// contents opens and reads a node, or is refused.
func contents(t *testing.T, c *client, name string, node uint64, may bool) {
	t.Helper()
	switch name {
	case "file", "exe":
		text, status := c.readlink(node)
		if !may {
			c.want(name, status, unix.EACCES)
		} else if exe, err := os.Executable(); status != fuse.OK || err != nil || text != exe {
			t.Errorf("%s: %q, %v; want %q", name, text, status, exe)
		}
		_, status = c.open(node, unix.O_RDONLY)
		c.want("open of a link", status, unix.EINVAL)
		return
	case "map":
		if out, status := c.open(node, unix.O_RDONLY); !may {
			c.want(name, status, unix.EACCES)
			return
		} else if status == fuse.OK {
			c.release(node, out.Fh)
		}
	}
	_, status := c.readlink(node)
	c.want("readlink of "+name, status, unix.EINVAL)
	out, status := c.open(node, unix.O_RDONLY)
	if status != fuse.OK {
		t.Errorf("open %s: %v", name, status)
		return
	}
	defer c.release(node, out.Fh)
	if out.OpenFlags != fuse.FOPEN_DIRECT_IO|fuse.FOPEN_NOFLUSH {
		t.Errorf("%s: open flags %#x", name, out.OpenFlags)
	}
	if name == "mem" {
		return
	}
	text := c.text(node, out.Fh)
	if text == "" || name == "etype" && (text == "Not Available\n") == may {
		t.Errorf("%s: %q", name, text)
	}
	for _, room := range []int{1, 7} { // pieces are those of one text
		b, status := c.read(node, out.Fh, 1, room)
		if status != fuse.OK || string(b) != text[1:1+min(room, len(text)-1)] {
			t.Errorf("%s at 1: %q, %v", name, b, status)
		}
	}
	if b, status := c.read(node, out.Fh, 1<<40, 16); status != fuse.OK || len(b) != 0 {
		t.Errorf("%s beyond the end: %q, %v", name, b, status)
	}
}

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
