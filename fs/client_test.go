package fs

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// childEnv makes this test binary a process to ask about, or to ask as. Its
// value is "plain", or "bare" for one that drops its capabilities.
const childEnv = "PROCFSD_FS_TEST_CHILD"

// client speaks FUSE to the file system, as the kernel does for a caller.
type client struct {
	t      testing.TB
	server handler
	who    fuse.Caller
	unique uint64
}

func serverOf(t testing.TB, r *raw) handler {
	opts := protocol(r.log)
	opts.PanicHandler = func(v any) fuse.Status {
		t.Errorf("panic: %v", v)
		return fuse.EIO
	}
	return hot{raw: r, rest: fuse.NewProtocolServer(r, opts)}
}

// newClient is for a caller with the child's ids.
func newClient(t testing.TB, server handler, c *child) *client {
	return clientOf(t, server, c.pid, c.uid, c.gid)
}

func clientOf(t testing.TB, server handler, tid int, uid, gid uint32) *client {
	return &client{t: t, server: server, who: fuse.Caller{Owner: fuse.Owner{Uid: uid, Gid: gid}, Pid: uint32(tid)}}
}

// header makes in, whose first part is the header, the bytes of a request.
func (c *client) header(in unsafe.Pointer, size uintptr, op uint32, node uint64) []byte {
	c.unique++
	h := (*fuse.InHeader)(in)
	h.Opcode, h.NodeId, h.Unique, h.Caller = op, node, c.unique, c.who
	h.Length = uint32(size)
	return unsafe.Slice((*byte)(in), size)
}

// send gives the status and what follows the reply's header. in begins with
// the header, which send fills in.
func send[T any](c *client, op uint32, node uint64, in *T, room int, payload ...string) (fuse.Status, []byte) {
	c.t.Helper()
	request := [][]byte{c.header(unsafe.Pointer(in), unsafe.Sizeof(*in), op, node)}
	for _, p := range payload {
		request = append(request, []byte(p))
	}
	reply := make([]byte, 16+256+room)
	n, status := c.server.HandleRequest(request, [][]byte{reply})
	if status != fuse.OK {
		c.t.Fatalf("opcode %d: not handled: %v", op, status)
	}
	out := (*fuse.OutHeader)(unsafe.Pointer(&reply[0]))
	if int(out.Length) != n || out.Unique != c.unique || out.Status > 0 {
		c.t.Fatalf("opcode %d: reply of %d bytes: %+v", op, n, *out)
	}
	if out.Status != 0 && n != 16 {
		c.t.Errorf("opcode %d: error %d with %d bytes", op, out.Status, n-16)
	}
	return fuse.Status(-out.Status), reply[16:n]
}

// as reads the reply's struct.
func as[T any](t testing.TB, b []byte) *T {
	t.Helper()
	v := new(T)
	if len(b) < int(unsafe.Sizeof(*v)) {
		t.Fatalf("%d bytes are no %T", len(b), *v)
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)), b)
	return v
}

func (c *client) init() *fuse.InitOut {
	c.t.Helper()
	in := fuse.InitIn{Major: 7, Minor: 45, MaxReadAhead: 1 << 17, Flags: ^uint32(0), Flags2: ^uint32(0)}
	status, b := send(c, opInit, 0, &in, 0)
	c.want("INIT", status, 0)
	return as[fuse.InitOut](c.t, b)
}

func (c *client) want(what string, got fuse.Status, want unix.Errno) {
	c.t.Helper()
	if got != fuse.Status(want) {
		c.t.Errorf("%s as %d:%d (%d): %v, want %v", what, c.who.Uid, c.who.Gid, c.who.Pid, got, fuse.Status(want))
	}
}

func (c *client) lookup(parent uint64, name string) (fuse.EntryOut, fuse.Status) {
	c.t.Helper()
	status, b := send(c, opLookup, parent, &fuse.InHeader{}, 0, name+"\x00")
	if status != fuse.OK {
		return fuse.EntryOut{}, status
	}
	return *as[fuse.EntryOut](c.t, b), status
}

// walk looks a path up from the root and wants it to be there.
func (c *client) walk(path string) fuse.EntryOut {
	c.t.Helper()
	entry := fuse.EntryOut{NodeId: fuse.FUSE_ROOT_ID}
	for name := range strings.SplitSeq(path, "/") {
		var status fuse.Status
		if entry, status = c.lookup(entry.NodeId, name); status != fuse.OK {
			c.t.Fatalf("%s of %s as %d:%d (%d): %v", name, path, c.who.Uid, c.who.Gid, c.who.Pid, status)
		}
	}
	return entry
}

func (c *client) node(pid int, name string) uint64 {
	c.t.Helper()
	return c.walk(fmt.Sprintf("%d/%s", pid, name)).NodeId
}

func (c *client) getattr(node uint64) (fuse.Attr, fuse.Status) {
	c.t.Helper()
	status, b := send(c, opGetAttr, node, &fuse.GetAttrIn{}, 0)
	if status != fuse.OK {
		return fuse.Attr{}, status
	}
	return as[fuse.AttrOut](c.t, b).Attr, status
}

func (c *client) open(node uint64, flags uint32) (*fuse.OpenOut, fuse.Status) {
	c.t.Helper()
	status, b := send(c, opOpen, node, &fuse.OpenIn{Flags: flags}, 0)
	if status != fuse.OK {
		return nil, status
	}
	return as[fuse.OpenOut](c.t, b), status
}

// opened wants the open to succeed.
func (c *client) opened(node uint64, flags uint32) uint64 {
	c.t.Helper()
	out, status := c.open(node, flags)
	if status != fuse.OK {
		c.t.Fatalf("open %+v as %d:%d (%d): %v", unpack(node), c.who.Uid, c.who.Gid, c.who.Pid, status)
	}
	return out.Fh
}

func (c *client) read(node, fh, offset uint64, size int) ([]byte, fuse.Status) {
	c.t.Helper()
	in := &fuse.ReadIn{Fh: fh, Offset: offset, Size: uint32(size), ReadFlags: fuse.READ_LOCKOWNER}
	status, b := send(c, opRead, node, in, size)
	return b, status
}

// text wants the open file to be read whole.
func (c *client) text(node, fh uint64) string {
	c.t.Helper()
	var all []byte
	for {
		b, status := c.read(node, fh, uint64(len(all)), 1<<16)
		if status != fuse.OK {
			c.t.Fatalf("read %+v at %d: %v", unpack(node), len(all), status)
		}
		if all = append(all, b...); len(b) == 0 {
			return string(all)
		}
	}
}

func (c *client) write(node, fh, offset uint64, data string) (int, fuse.Status) {
	c.t.Helper()
	in := &fuse.WriteIn{Fh: fh, Offset: offset, Size: uint32(len(data))}
	status, b := send(c, opWrite, node, in, 0, data)
	if status != fuse.OK {
		return 0, status
	}
	return int(as[fuse.WriteOut](c.t, b).Size), status
}

func (c *client) release(node, fh uint64) {
	c.t.Helper()
	nobody := *c // as the kernel sends it
	nobody.who = fuse.Caller{}
	status, _ := send(&nobody, opRelease, node, &fuse.ReleaseIn{Fh: fh}, 0)
	c.want("RELEASE", status, 0)
}

func (c *client) readlink(node uint64) (string, fuse.Status) {
	c.t.Helper()
	status, b := send(c, opReadlink, node, &fuse.InHeader{}, 4096)
	return string(b), status
}

func (c *client) access(node uint64, mask uint32) fuse.Status {
	c.t.Helper()
	status, _ := send(c, opAccess, node, &fuse.AccessIn{Mask: mask}, 0)
	return status
}

// readdir is one READDIR.
func (c *client) readdir(node, offset uint64, size int) ([]fuse.DirEntry, fuse.Status) {
	c.t.Helper()
	status, b := send(c, opReadDir, node, &fuse.ReadIn{Offset: offset, Size: uint32(size)}, size)
	entries, err := fuse.ParseDirEntries(b)
	if err != nil {
		c.t.Fatalf("entries: %v", err)
	}
	return entries, status
}

// list reads a directory to its end, in pieces of size bytes.
func (c *client) list(node uint64, size int) (all []fuse.DirEntry) {
	c.t.Helper()
	status, _ := send(c, opOpenDir, node, &fuse.OpenIn{}, 0)
	c.want("OPENDIR", status, 0)
	for offset := uint64(0); ; {
		entries, status := c.readdir(node, offset, size)
		c.want("READDIR", status, 0)
		if len(entries) == 0 {
			return all
		}
		all = append(all, entries...)
		if last := entries[len(entries)-1].Off; last <= offset {
			c.t.Fatalf("offset %d after %d", last, offset)
		} else {
			offset = last
		}
	}
}

func names(entries []fuse.DirEntry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Name)
	}
	return all
}
