package fs

import (
	"os"
	"slices"
	"strconv"
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
	server handler
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
	if out.MaxWrite != 1<<20 || out.MaxBackground != 1<<16-1 {
		t.Errorf("%+v", out)
	}
}

// The names that a caller sees of a process.
var (
	allNames = []string{
		"cmdline", "dbregs", "etype", "fpregs", "map", "mem", "note", "notepg", "regs", "rlimit", "status", "osrel", "file", "exe",
	}
	publicNames = []string{"cmdline", "etype", "map", "rlimit", "status", "file", "exe"}
	debugNames  = []string{"dbregs", "fpregs", "mem", "note", "notepg", "regs", "osrel"}
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
	case "dbregs", "fpregs", "mem", "regs", "osrel":
		mode = unix.S_IFREG | 0o600
	case "note", "notepg":
		mode = unix.S_IFREG | 0o200
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
	flags := uint32(unix.O_RDONLY)
	if name == "note" || name == "notepg" {
		flags = unix.O_WRONLY
	}
	out, status := c.open(node, flags)
	if status != fuse.OK {
		t.Errorf("open %s: %v", name, status)
		return
	}
	defer c.release(node, out.Fh)
	if out.OpenFlags != fuse.FOPEN_DIRECT_IO|fuse.FOPEN_NOFLUSH {
		t.Errorf("%s: open flags %#x", name, out.OpenFlags)
	}
	switch name {
	case "mem":
		return
	case "note", "notepg":
		_, status := c.read(node, out.Fh, 0, 100)
		c.want("read of "+name, status, unix.EBADF)
		return
	case "dbregs", "fpregs", "regs":
		_, status := c.read(node, out.Fh, 0, 512)
		c.want("read of "+name+" while it runs", status, unix.EBUSY)
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
