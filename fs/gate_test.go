package fs

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

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
	for _, name := range []string{"cmdline", "dbregs", "etype", "fpregs", "map", "mem", "regs", "rlimit", "status", "osrel"} {
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

// TestReader: what was opened under somebody's rights serves nobody else.
func TestReader(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"map", "mem", "dbregs", "fpregs", "regs", "osrel"} {
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
		if name != "map" {
			_, status = w.bob.write(node, fh, w.target.secret, "shut")
			w.bob.want("write to root's "+name, status, unix.EACCES)
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
	w.alice.want("read", status, unix.ESRCH)
	_, status = w.alice.write(node, fh, w.target.secret, "shut")
	w.alice.want("write", status, unix.ESRCH)
	_, status = w.alice.getattr(node)
	w.alice.want("getattr", status, unix.ENOENT)
	w.alice.release(node, fh)
}

// TestDaemon: nobody reads the memory of the one who serves.
func TestDaemon(t *testing.T) {
	w := newWorld(t)
	for _, c := range []*client{w.root, w.alice} {
		dir := c.walk(strconv.Itoa(os.Getpid())).NodeId
		for _, name := range debugNames {
			if got := names(c.list(dir, 4096)); slices.Contains(got, name) {
				t.Errorf("listed: %q", got)
			}
			_, status := c.lookup(dir, name)
			c.want(name, status, unix.ENOENT)
			node := id{process: unpack(dir).process, class: nodes.ByName(nodes.ProcessRows(), name).Class}
			for _, flags := range []uint32{unix.O_RDONLY, unix.O_WRONLY} {
				_, status = c.open(node.pack(), flags)
				c.want("open of "+name, status, unix.ENOENT)
			}
		}
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
