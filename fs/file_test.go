package fs

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

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
	rename := func(to string) { // a text asks for rights where there is a wait channel to be told
		t.Helper()
		for w.target.do("name " + to); w.target.state() != "S"; {
			runtime.Gosched()
		}
	}
	rename("abcdef")
	if got := read(w.root, 0); got != "abc" {
		t.Errorf("first: %q", got)
	}
	rename("ABCDEF")
	if got := read(w.root, 3); got != "def" {
		t.Errorf("on: %q", got)
	}
	if got := read(w.root, 1); got != "bcd" {
		t.Errorf("back: %q", got)
	}
	if got := read(w.bob, 3); got != "DEF" {
		t.Errorf("another reader: %q", got)
	}
	rename("uvwxyz")
	if got := read(w.bob, 1); got != "BCD" {
		t.Errorf("another reader, on: %q", got)
	}
	if got := read(w.root, 3); got != "xyz" {
		t.Errorf("the first reader again: %q", got)
	}
	bare := newClient(t, w.server, startAs(t, "bare", 0, 0)) // the first one's ids, not its rights
	rename("fedcba")
	if got := read(bare, 3); got != "cba" {
		t.Errorf("a reader of fewer rights: %q", got)
	}
	rename("123456")
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
	before := descriptors(t)
	for range 5 {
		round()
	}
	settle(w.raw)
	eventually(t, "no more descriptors than before, as what is kept goes", func() bool { return descriptors(t) <= before })
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
