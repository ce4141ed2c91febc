package fs

import (
	"fmt"
	"os"
	"runtime"
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
	if entry.Generation != 1 || entry.EntryValid == 0 || entry.AttrValid != 0 || entry.AttrValidNsec != 0 {
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

// settle waits until calls in slots have let go what they used, which may be
// after they have answered.
func settle(r *raw) {
	for !r.slots.idle() {
		runtime.Gosched()
	}
}

// idle wants nothing to be held any more.
func idle(t *testing.T, r *raw) {
	t.Helper()
	settle(r)
	if n := len(r.handles.open); n != 0 || r.handles.count.used != 0 {
		t.Errorf("%d handles are left, %d counted", n, r.handles.count.used)
	}
	if r.memory.used != 0 || len(r.memory.byUID) != 0 {
		t.Errorf("%d bytes are held, %v", r.memory.used, r.memory.byUID)
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

// TestNoSuchName: one spelling of each number, no threads, nothing of Linux's.
func TestNoSuchName(t *testing.T) {
	w := newWorld(t)
	pid := w.target.pid
	for _, name := range []string{
		"", "0", "00", "-1", "+" + strconv.Itoa(pid), "0" + strconv.Itoa(pid), "00" + strconv.Itoa(pid), strconv.Itoa(pid) + " ",
		" " + strconv.Itoa(pid), "0x1", "1e0", "1_0", "4194304", "4294967297", "18446744073709551617", strings.Repeat("1", 300),
		strconv.Itoa(w.target.tid), "thread-self", "cpuinfo", "uptime", "maps", "STATUS", "status ", "sel", "١",
	} {
		_, status := w.root.lookup(root, name)
		w.root.want(fmt.Sprintf("%q", name), status, unix.ENOENT)
	}
	dir := w.root.walk(strconv.Itoa(pid)).NodeId
	for _, name := range []string{"", "maps", "stat", "fd", "task", "regs", "ctl", "note", "curproc", "Map", "map ", strconv.Itoa(pid)} {
		_, status := w.root.lookup(dir, name)
		w.root.want(fmt.Sprintf("%d/%q", pid, name), status, unix.ENOENT)
	}
	for _, file := range []uint64{w.root.node(pid, "map"), w.root.node(pid, "exe"), w.root.walk("status").NodeId} {
		_, status := w.root.lookup(file, "x")
		w.root.want("a name in a file", status, unix.ENOTDIR)
		status, _ = send(w.root, opOpenDir, file, &fuse.OpenIn{}, 0)
		w.root.want("opendir of a file", status, unix.ENOTDIR)
		_, status = w.root.readdir(file, 0, 4096)
		w.root.want("readdir of a file", status, unix.ENOTDIR)
	}
}

// TestForeign: who cannot be told has an empty root.
func TestForeign(t *testing.T) {
	w := newWorld(t)
	dir := w.root.walk(strconv.Itoa(w.target.pid)).NodeId
	node, table := w.root.node(w.target.pid, "status"), w.root.walk("status").NodeId
	self := w.root.walk("self").NodeId
	fh, tableFh := w.root.opened(node, unix.O_RDONLY), w.root.opened(table, unix.O_RDONLY)
	pid := int(w.root.who.Pid)
	for name, c := range map[string]*client{
		"pid 0":       clientOf(t, w.server, 0, 0, 0),
		"no such pid": clientOf(t, w.server, maxPID, 0, 0),
		"no uid":      clientOf(t, w.server, pid, ^uint32(0), 0),
		"no gid":      clientOf(t, w.server, pid, 0, ^uint32(0)),
	} {
		if got := names(c.list(root, 4096)); !slices.Equal(got, []string{".", ".."}) {
			t.Errorf("%s lists %q", name, got)
		}
		for _, entry := range []string{"curproc", "self", "status", strconv.Itoa(w.target.pid), strconv.Itoa(pid)} {
			_, status := c.lookup(root, entry)
			c.want(name+": "+entry, status, unix.ENOENT)
		}
		for _, n := range []uint64{dir, node, table, self} {
			_, status := c.getattr(n)
			c.want(name+": getattr", status, unix.ENOENT)
			_, status = c.open(n, unix.O_RDONLY)
			c.want(name+": open", status, unix.ENOENT)
			c.want(name+": access", c.access(n, unix.R_OK), unix.ENOENT)
			_, status = c.readlink(n)
			c.want(name+": readlink", status, unix.ENOENT)
			_, status = c.readdir(n, 0, 4096)
			c.want(name+": readdir", status, unix.ENOENT)
		}
		_, status := c.read(node, fh, 0, 100)
		c.want(name+": read", status, unix.ESRCH)
		_, status = c.read(table, tableFh, 0, 100)
		c.want(name+": read of the table", status, unix.ESRCH)
	}
}

// TestGoneAndStale: what a node means when its process has ended.
func TestGoneAndStale(t *testing.T) {
	w := newWorld(t)
	pid := w.target.pid
	dir := w.root.walk(strconv.Itoa(pid)).NodeId
	open := map[string][2]uint64{}
	for _, name := range []string{"cmdline", "etype", "map", "mem", "rlimit", "status"} {
		node := w.root.node(pid, name)
		open[name] = [2]uint64{node, w.root.opened(node, unix.O_RDONLY)}
	}
	link := w.root.node(pid, "exe")

	every := func(what string, c *client, n id, want unix.Errno) {
		t.Helper()
		n.class = nodes.ClassDirectory
		_, status := c.getattr(n.pack())
		c.want(what+": getattr", status, want)
		_, status = c.lookup(n.pack(), "status")
		c.want(what+": lookup", status, want)
		_, status = c.readdir(n.pack(), 0, 4096)
		c.want(what+": readdir", status, want)
		c.want(what+": access", c.access(n.pack(), unix.X_OK), want)
		n.class = nodes.ByName(nodes.ProcessRows(), "status").Class
		out, status := c.open(n.pack(), unix.O_RDONLY)
		c.want(what+": open", status, want)
		if status == fuse.OK {
			c.release(n.pack(), out.Fh)
		}
		n.class = nodes.ByName(nodes.ProcessRows(), "exe").Class
		_, status = c.readlink(n.pack())
		c.want(what+": readlink", status, want)
	}
	stale := unpack(dir)
	stale.process.Start++
	every("stale", w.root, stale, unix.ESTALE)
	every("stale", w.bob, stale, unix.ESTALE)
	every("alive", w.root, unpack(dir), 0)

	for _, state := range []string{"a zombie", "gone"} {
		if state == "a zombie" {
			w.target.kill()
		} else {
			w.target.end()
		}
		every(state, w.root, unpack(dir), unix.ENOENT)
		_, status := w.root.lookup(root, strconv.Itoa(pid))
		w.root.want(state, status, unix.ENOENT)
		_, status = w.root.readlink(link)
		w.root.want(state, status, unix.ENOENT)
		if slices.Contains(names(w.root.list(root, 1<<16)), strconv.Itoa(pid)) {
			t.Errorf("%s is listed", state)
		}
		for name, o := range open {
			_, status := w.root.read(o[0], o[1], 0, 100)
			w.root.want(state+": read of "+name, status, unix.ESRCH)
		}
	}
	for _, o := range open {
		w.root.release(o[0], o[1])
	}
	idle(t, w.raw)
}

// TestMem: the target's own bytes, for whoever may trace it.
func TestMem(t *testing.T) {
	w := newWorld(t)
	for _, c := range []*client{w.self(t), w.alice, w.root} {
		node := c.node(w.target.pid, "mem")
		fh := c.opened(node, unix.O_RDWR)
		w.target.do("")
		if b, status := c.read(node, fh, w.target.secret, 16); status != fuse.OK || string(b) != string(secret[:]) {
			t.Errorf("%q, %v", b, status)
		}
		if n, status := c.write(node, fh, w.target.secret, "shut"); n != 4 || status != fuse.OK {
			t.Errorf("wrote %d, %v", n, status)
		}
		if got := w.target.do(""); got != "shut" {
			t.Errorf("the target has %q", got)
		}
		if n, status := c.write(node, fh, w.target.secret, "open"); n != 4 || status != fuse.OK {
			t.Errorf("wrote %d, %v", n, status)
		}
		_, status := c.read(node, fh, 8, 16)
		c.want("read of a hole", status, unix.EFAULT)
		_, status = c.write(node, fh, 8, "x")
		c.want("write to a hole", status, unix.EFAULT)
		for _, offset := range []uint64{1 << 63, ^uint64(0)} {
			_, status = c.read(node, fh, offset, 16)
			c.want("read at a negative offset", status, unix.EINVAL)
			_, status = c.write(node, fh, offset, "x")
			c.want("write at a negative offset", status, unix.EINVAL)
		}
		if b, status := c.read(node, fh, w.target.secret, 0); status != fuse.OK || len(b) != 0 {
			t.Errorf("read of nothing: %q, %v", b, status)
		}
		c.release(node, fh)
	}
	_, status := w.bob.lookup(w.bob.walk(strconv.Itoa(w.target.pid)).NodeId, "mem")
	w.bob.want("mem", status, unix.ENOENT)
	idle(t, w.raw)
}

// TestAccessMode: a file opened one way serves no other way.
func TestAccessMode(t *testing.T) {
	w := newWorld(t)
	node := w.root.node(w.target.pid, "mem")
	fh := w.root.opened(node, unix.O_WRONLY)
	_, status := w.root.read(node, fh, w.target.secret, 4)
	w.root.want("read", status, unix.EBADF)
	w.root.release(node, fh)
	fh = w.root.opened(node, unix.O_RDONLY)
	_, status = w.root.write(node, fh, w.target.secret, "shut")
	w.root.want("write", status, unix.EBADF)
	w.root.release(node, fh)

	for _, name := range []string{"status", "cmdline", "map"} {
		node := w.root.node(w.target.pid, name)
		for _, flags := range []uint32{unix.O_WRONLY, unix.O_RDWR, unix.O_RDWR | unix.O_TRUNC} {
			_, status := w.alice.open(node, flags) // its owner
			w.alice.want("open of "+name+" for writing", status, unix.EACCES)
			fh := w.root.opened(node, flags)
			_, status = w.root.write(node, fh, 0, "x")
			w.root.want("write to "+name, status, unix.EBADF)
			_, status = w.root.read(node, fh, 0, 4)
			w.root.want("read of "+name, status, map[bool]unix.Errno{true: unix.EBADF}[flags == unix.O_WRONLY])
			w.root.release(node, fh)
		}
	}
	for _, fh := range []uint64{0, 1 << 40} {
		_, status := w.root.read(node, fh, 0, 4)
		w.root.want("read of no handle", status, unix.EBADF)
		_, status = w.root.write(node, fh, 0, "x")
		w.root.want("write to no handle", status, unix.EBADF)
	}
	if got := w.target.do(""); got != "open" {
		t.Errorf("the target has %q", got)
	}
	idle(t, w.raw)
}

// TestReader: what was opened under somebody's rights serves nobody else.
func TestReader(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"map", "mem"} {
		node := w.alice.node(w.target.pid, name)
		fh := w.alice.opened(node, unix.O_RDONLY)
		for _, c := range []*client{
			w.bob, w.root,
			clientOf(t, w.server, int(w.alice.who.Pid), alice, bob),
			clientOf(t, w.server, int(w.alice.who.Pid), bob, alice),
		} {
			_, status := c.read(node, fh, w.target.secret, 16)
			c.want("read of alice's "+name, status, unix.EACCES)
		}
		w.alice.release(node, fh)
		fh = w.root.opened(node, unix.O_RDWR)
		_, status := w.bob.read(node, fh, 0, 16)
		w.bob.want("read of root's "+name, status, unix.EACCES)
		_, status = w.alice.read(node, fh, w.target.secret, 16)
		w.alice.want("read of root's "+name, status, unix.EACCES)
		if name == "mem" {
			_, status = w.bob.write(node, fh, w.target.secret, "shut")
			w.bob.want("write to root's mem", status, unix.EACCES)
		}
		w.root.release(node, fh)
	}
	idle(t, w.raw)
}

// TestRightsLost: what a caller opened while it might is refused once the
// target has become another's.
func TestRightsLost(t *testing.T) {
	w := newWorld(t)
	node := w.alice.node(w.target.pid, "mem")
	fh := w.alice.opened(node, unix.O_RDWR)
	if _, status := w.alice.read(node, fh, w.target.secret, 4); status != fuse.OK {
		t.Errorf("before: %v", status)
	}
	w.target.do("undumpable")
	_, status := w.alice.read(node, fh, w.target.secret, 4)
	w.alice.want("read", status, unix.EACCES)
	_, status = w.alice.write(node, fh, w.target.secret, "shut")
	w.alice.want("write", status, unix.EACCES)
	_, status = w.alice.getattr(node)
	w.alice.want("getattr", status, unix.ENOENT)
	w.alice.release(node, fh)
}

// TestExec: what was opened belongs to the image of then; anew it is there.
func TestExec(t *testing.T) {
	w := newWorld(t)
	var open [][2]uint64
	for _, name := range []string{"map", "mem"} {
		node := w.root.node(w.target.pid, name)
		open = append(open, [2]uint64{node, w.root.opened(node, unix.O_RDWR)})
	}
	w.target.do("exec")
	for _, o := range open {
		_, status := w.root.read(o[0], o[1], w.target.secret, 16)
		w.root.want("read after exec", status, unix.ESRCH)
		w.root.release(o[0], o[1])
	}
	node := w.root.node(w.target.pid, "mem")
	fh := w.root.opened(node, unix.O_RDONLY)
	if b, status := w.root.read(node, fh, w.target.secret, 4); status != fuse.OK || string(b) != "open" {
		t.Errorf("anew: %q, %v", b, status)
	}
	w.root.release(node, fh)
}

// TestPageCache: a read without an owner is for a private mapping, and would
// keep the target's bytes beyond any later check.
func TestPageCache(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"mem", "map", "status"} {
		node := w.root.node(w.target.pid, name)
		fh := w.root.opened(node, unix.O_RDONLY)
		status, b := send(w.root, opRead, node, &fuse.ReadIn{Fh: fh, Offset: w.target.secret, Size: 16}, 16)
		w.root.want("read of "+name+" by the page cache", status, unix.EIO)
		if len(b) != 0 {
			t.Errorf("%q", b)
		}
		w.root.release(node, fh)
	}
}

// TestSnapshot: reads go on in one text; a read at 0, and another reader, have
// a new one.
func TestSnapshot(t *testing.T) {
	w := newWorld(t)
	node := w.root.node(w.target.pid, "status")
	fh := w.root.opened(node, unix.O_RDONLY)
	read := func(c *client, offset uint64) string {
		t.Helper()
		b, status := c.read(node, fh, offset, 3)
		c.want("read", status, 0)
		return string(b)
	}
	w.target.do("name abcdef")
	if got := read(w.root, 0); got != "abc" {
		t.Errorf("first: %q", got)
	}
	w.target.do("name ABCDEF")
	if got := read(w.root, 3); got != "def" {
		t.Errorf("on: %q", got)
	}
	if got := read(w.root, 1); got != "bcd" {
		t.Errorf("back: %q", got)
	}
	if got := read(w.bob, 3); got != "DEF" {
		t.Errorf("another reader: %q", got)
	}
	w.target.do("name uvwxyz")
	if got := read(w.bob, 1); got != "BCD" {
		t.Errorf("another reader, on: %q", got)
	}
	if got := read(w.root, 3); got != "xyz" {
		t.Errorf("the first reader again: %q", got)
	}
	w.target.do("name 123456")
	if got := read(w.root, 0); got != "123" {
		t.Errorf("at 0: %q", got)
	}
	w.root.release(node, fh)
	_, status := w.root.read(node, fh, 0, 3)
	w.root.want("read after release", status, unix.EBADF)

	fh = w.root.opened(node, unix.O_RDONLY) // never read at 0
	if got := read(w.root, 2); got != "345" {
		t.Errorf("first read at 2: %q", got)
	}
	for _, offset := range []uint64{1 << 63, ^uint64(0)} {
		_, status := w.root.read(node, fh, offset, 3)
		w.root.want("negative offset", status, unix.EINVAL)
	}
	if got := read(w.root, 1<<63-1); got != "" {
		t.Errorf("the last offset: %q", got)
	}
	w.root.release(node, fh)
	idle(t, w.raw)
}

// TestDaemon: nobody reads the memory of the one who serves.
func TestDaemon(t *testing.T) {
	w := newWorld(t)
	for _, c := range []*client{w.root, w.alice} {
		dir := c.walk(strconv.Itoa(os.Getpid())).NodeId
		if got := names(c.list(dir, 4096)); slices.Contains(got, "mem") {
			t.Errorf("listed: %q", got)
		}
		_, status := c.lookup(dir, "mem")
		c.want("mem", status, unix.ENOENT)
		mem := id{process: unpack(dir).process, class: nodes.ByName(nodes.ProcessRows(), "mem").Class}
		_, status = c.open(mem.pack(), unix.O_RDONLY)
		c.want("open of mem", status, unix.ENOENT)
		node, status := c.lookup(dir, "map")
		c.want("map", status, 0)
		_, status = c.open(node.NodeId, unix.O_RDONLY)
		c.want("open of map", status, unix.EACCES)
		node = c.walk(fmt.Sprintf("%d/status", os.Getpid()))
		fh := c.opened(node.NodeId, unix.O_RDONLY)
		if text := c.text(node.NodeId, fh); text == "" {
			t.Error("no status")
		}
		c.release(node.NodeId, fh)
	}
}

// TestUnchangeable: the tree cannot be changed, and says so as procfs does.
func TestUnchangeable(t *testing.T) {
	w := newWorld(t)
	c := w.root
	dir := c.walk(strconv.Itoa(w.target.pid)).NodeId
	file := c.node(w.target.pid, "status")
	fh := c.opened(file, unix.O_RDWR)
	for _, parent := range []uint64{root, dir} {
		for what, test := range map[string]struct {
			errno unix.Errno
			send  func() (fuse.Status, []byte)
		}{
			"unlink": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) { return send(c, opUnlink, parent, &fuse.InHeader{}, 0, "status\x00") }},
			"rmdir":  {unix.EOPNOTSUPP, func() (fuse.Status, []byte) { return send(c, opRmdir, parent, &fuse.InHeader{}, 0, "status\x00") }},
			"rename": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) {
				return send(c, opRename2, parent, &fuse.RenameIn{}, 0, "status\x00x\x00")
			}},
			"link": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) {
				return send(c, opLink, parent, &fuse.LinkIn{Oldnodeid: file}, 0, "x\x00")
			}},
			"mkdir":   {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opMkdir, parent, &fuse.MkdirIn{}, 0, "x\x00") }},
			"mknod":   {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opMknod, parent, &fuse.MknodIn{}, 0, "x\x00") }},
			"symlink": {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opSymlink, parent, &fuse.InHeader{}, 0, "x\x00y\x00") }},
			"create":  {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opCreate, parent, &fuse.CreateIn{}, 0, "x\x00") }},
			"tmpfile": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) { return send(c, opTmpfile, parent, &fuse.CreateIn{}, 0, "/\x00") }},
		} {
			status, _ := test.send()
			c.want(what, status, test.errno)
		}
	}
	before, _ := c.getattr(file)
	for _, client := range []*client{c, w.bob} {
		in := &fuse.SetAttrIn{}
		in.Valid = fuse.FATTR_MODE | fuse.FATTR_UID | fuse.FATTR_SIZE | fuse.FATTR_MTIME
		in.Mode, in.Uid, in.Size, in.Mtime = 0o777, bob, 100, 1
		status, b := send(client, opSetAttr, file, in, 0)
		client.want("setattr", status, 0)
		if attr := as[fuse.AttrOut](t, b).Attr; attr.Mode != before.Mode || attr.Uid != alice || attr.Size != 0 || attr.Mtime == 1 {
			t.Errorf("setattr: %+v", attr)
		}
	}
	status, b := send(c, opFallocate, file, &fuse.FallocateIn{Fh: fh, Length: 1}, 0)
	c.want("fallocate", status, unix.EOPNOTSUPP)
	status, b = send(c, opIoctl, file, &fuse.IoctlIn{Fh: fh, Cmd: 0x5401, OutSize: 60}, 60)
	c.want("ioctl", status, unix.ENOTTY)
	status, b = send(c, opFsync, file, &fuse.FsyncIn{Fh: fh}, 0)
	c.want("fsync", status, 0)
	status, b = send(c, opFsyncDir, dir, &fuse.FsyncIn{}, 0)
	c.want("fsyncdir", status, 0)
	status, b = send(c, opGetXAttr, file, &fuse.GetXAttrIn{Size: 100}, 100, "user.x\x00")
	c.want("getxattr", status, unix.ENOSYS)
	status, b = send(c, opStatFs, root, &fuse.InHeader{}, 0)
	c.want("statfs", status, 0)
	page := uint32(os.Getpagesize())
	if st := as[fuse.StatfsOut](t, b); *st != (fuse.StatfsOut{Blocks: 2, Bfree: 2, Bavail: 2, Bsize: page, Frsize: page, NameLen: 127}) {
		t.Errorf("%+v", st)
	}
	c.release(file, fh)
}

// TestAccess: access(2) answers what open would.
func TestAccess(t *testing.T) {
	w := newWorld(t)
	overriding, bare := w.root, newClient(t, w.server, startAs(t, "bare", 0, 0))
	file, mem := w.root.node(w.target.pid, "status"), w.root.node(w.target.pid, "mem")
	dir := w.root.walk(strconv.Itoa(w.target.pid)).NodeId
	for _, test := range []struct {
		c    *client
		node uint64
		mask uint32
		want unix.Errno
	}{
		{c: w.bob, node: root, mask: unix.R_OK | unix.X_OK},
		{c: w.bob, node: root, mask: unix.W_OK, want: unix.EACCES},
		{c: w.bob, node: dir, mask: unix.R_OK | unix.X_OK},
		{c: w.alice, node: dir, mask: unix.W_OK, want: unix.EACCES},
		{c: w.bob, node: file, mask: unix.F_OK},
		{c: w.bob, node: file, mask: unix.R_OK},
		{c: w.alice, node: file, mask: unix.W_OK, want: unix.EACCES},
		{c: overriding, node: file, mask: unix.W_OK},
		{c: bare, node: file, mask: unix.W_OK, want: unix.EACCES},
		{c: overriding, node: file, mask: unix.X_OK, want: unix.EACCES},
		{c: w.alice, node: mem, mask: unix.R_OK | unix.W_OK},
		{c: overriding, node: mem, mask: unix.R_OK | unix.W_OK},
		{c: w.bob, node: mem, mask: unix.F_OK, want: unix.ENOENT},
		{c: bare, node: mem, mask: unix.R_OK, want: unix.ENOENT},
	} {
		test.c.want(fmt.Sprintf("access %o of %+v", test.mask, unpack(test.node)), test.c.access(test.node, test.mask), test.want)
	}
}

// TestUnknownNodes: numbers that are nobody's are names that are not there.
func TestUnknownNodes(t *testing.T) {
	w := newWorld(t)
	live := unpack(w.root.walk(strconv.Itoa(w.target.pid)).NodeId)
	for _, n := range []uint64{
		0, 5, 7, 63, 20 + 1, id{process: live.process}.pack(), id{process: live.process, class: 3}.pack(),
		id{process: live.process, class: 20}.pack(), id{process: live.process, class: 63}.pack(), 1 << 28, 1<<63 | 5,
	} {
		_, status := w.root.getattr(n)
		w.root.want(fmt.Sprintf("getattr of %#x", n), status, unix.ENOENT)
		_, status = w.root.open(n, unix.O_RDONLY)
		w.root.want(fmt.Sprintf("open of %#x", n), status, unix.ENOENT)
		_, status = w.root.readlink(n)
		w.root.want(fmt.Sprintf("readlink of %#x", n), status, unix.ENOENT)
	}
}

// TestHidePIDRequests: with hidepid nothing is cached, what is hidden is not
// there, and what is closed is EPERM.
func TestHidePIDRequests(t *testing.T) {
	needRoot(t)
	target := startAs(t, "plain", alice, alice)
	for hide, want := range map[nodes.HidePID][2]unix.Errno{
		nodes.HideNoAccess: {0, unix.EPERM}, nodes.HideInvisible: {unix.ENOENT, unix.ENOENT}, nodes.HideUntraceable: {unix.ENOENT, unix.ENOENT},
	} {
		r := newTestRaw(t, nodes.Options{GID: staff, HidePID: hide})
		server := serverOf(t, r)
		insider := newClient(t, server, startAs(t, "plain", 0, 0))
		other := newClient(t, server, startAs(t, "plain", bob, bob))
		dir := insider.walk(strconv.Itoa(target.pid))
		if dir.EntryValid != 0 || dir.AttrValid != 0 {
			t.Errorf("hidepid=%d: cached: %+v", hide, dir)
		}
		_, status := other.lookup(root, strconv.Itoa(target.pid))
		other.want("lookup", status, want[0])
		_, status = other.getattr(dir.NodeId)
		other.want("getattr", status, want[0])
		status, _ = send(other, opOpenDir, dir.NodeId, &fuse.OpenIn{}, 0)
		other.want("opendir", status, want[1])
		_, status = other.readdir(dir.NodeId, 0, 4096)
		other.want("readdir", status, want[1])
		other.want("access", other.access(dir.NodeId, unix.X_OK), want[1])
		_, status = other.lookup(dir.NodeId, "status")
		other.want("lookup inside", status, want[1])
		node := insider.node(target.pid, "status")
		_, status = other.getattr(node)
		other.want("getattr inside", status, want[1])
		_, status = other.open(node, unix.O_RDONLY)
		other.want("open inside", status, want[1])
		_, status = other.readlink(insider.node(target.pid, "exe"))
		other.want("readlink inside", status, want[1])
		fh := insider.opened(node, unix.O_RDONLY)
		_, status = other.read(node, fh, 0, 10)
		other.want("read inside", status, map[unix.Errno]unix.Errno{unix.EPERM: unix.EPERM, unix.ENOENT: unix.ESRCH}[want[1]])
		insider.release(node, fh)
		if slices.Contains(names(other.list(root, 1<<16)), strconv.Itoa(target.pid)) != (want[0] == 0) {
			t.Errorf("hidepid=%d: listed or not", hide)
		}
		_, status = other.readdir(insider.walk("self").NodeId, 0, 4096) // no directory, no target
		other.want("readdir of a link", status, unix.ENOTDIR)
	}
}

// TestOpenFiles: no user can have all open files.
func TestOpenFiles(t *testing.T) {
	w := newWorld(t)
	w.raw.handles.count = newBudget(4, errTooMany)
	node := w.root.node(w.target.pid, "status")
	var open []uint64
	for range 2 {
		open = append(open, w.bob.opened(node, unix.O_RDONLY))
	}
	_, status := w.bob.open(node, unix.O_RDONLY)
	w.bob.want("a third", status, unix.ENFILE)
	open = append(open, w.alice.opened(node, unix.O_RDONLY), w.root.opened(node, unix.O_RDONLY))
	_, status = w.root.open(node, unix.O_RDONLY)
	w.root.want("a fifth", status, unix.ENFILE)
	for _, fh := range open {
		w.bob.release(node, fh)
	}
	w.bob.release(node, w.bob.opened(node, unix.O_RDONLY))
	_, status = w.bob.open(w.root.node(w.target.pid, "map"), unix.O_RDONLY) // refused after it was counted
	w.bob.want("map", status, unix.EACCES)
	idle(t, w.raw)
}

// TestDescriptors: no request, refused or served, leaves one open.
func TestDescriptors(t *testing.T) {
	w := newWorld(t)
	mem := w.root.node(w.target.pid, "mem")
	dir := w.root.walk(strconv.Itoa(w.target.pid)).NodeId
	stale := unpack(dir)
	stale.process.Start++
	tableFh := w.root.opened(w.root.walk("status").NodeId, unix.O_RDONLY)
	round := func() {
		for _, c := range []*client{w.root, w.alice, w.bob} {
			c.lookup(root, strconv.Itoa(w.target.pid))
			c.lookup(dir, "mem")
			c.lookup(dir, "nothing")
			c.lookup(root, strconv.Itoa(w.target.tid))
			c.getattr(mem)
			c.getattr(stale.pack())
			c.access(mem, 4)
			c.readdir(root, 0, 200)
			c.readdir(dir, 0, 4096)
			c.read(mem, tableFh, 0, 10) // the handle of one node, the number of another
			for _, name := range allNames {
				n := id{process: unpack(dir).process, class: nodes.ByName(nodes.ProcessRows(), name).Class}.pack()
				c.readlink(n)
				for _, flags := range []uint32{unix.O_RDONLY, unix.O_RDWR} {
					if out, status := c.open(n, flags); status == fuse.OK {
						c.read(n, out.Fh, w.target.secret, 100)
						c.read(n, out.Fh, 0, 100)
						c.release(n, out.Fh)
					}
				}
			}
		}
	}
	round()
	settle(w.raw)
	before := descriptors(t)
	for range 5 {
		round()
	}
	settle(w.raw)
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
