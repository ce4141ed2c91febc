package fs

import (
	"encoding/binary"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// A fuzzed input is a chain of requests. Each begins with three bytes (who
// asks, which node, how long) and an opcode of two; what follows replaces the
// request's bytes after its header. Node ids differ from run to run, so they
// are meant: a class of the target, the root, or any number.
const (
	fuzzHead    = 5
	nodeRoot    = 64
	nodeStale   = 65
	nodeAny     = 66
	headerBytes = int(unsafe.Sizeof(fuse.InHeader{}))
)

func piece(who, node uint8, op uint16, body []byte) []byte {
	b := append([]byte{who, node, uint8(len(body))}, 0, 0)
	binary.LittleEndian.PutUint16(b[3:], op)
	return append(b, body...)
}

// bodyOf are the bytes of a request after its header.
func bodyOf[T any](in T, payload string) []byte {
	all := unsafe.Slice((*byte)(unsafe.Pointer(&in)), unsafe.Sizeof(in))
	return append(append([]byte(nil), all[headerBytes:]...), payload...)
}

func seeds() (all [][]byte) {
	read := bodyOf(fuse.ReadIn{Fh: 1, Size: 100, ReadFlags: fuse.READ_LOCKOWNER}, "")
	open := bodyOf(fuse.OpenIn{}, "")
	openBoth := bodyOf(fuse.OpenIn{Flags: unix.O_RDWR}, "")
	for class := range uint8(nodeRoot + 1) {
		chain := piece(0, class, opOpen, open)
		chain = append(chain, piece(0, class, opRead, read)...)
		chain = append(chain, piece(1, class, opRead, read)...)
		chain = append(chain, piece(0, class, opWrite, bodyOf(fuse.WriteIn{Fh: 1, Size: 3}, "abc"))...)
		chain = append(chain, piece(0, class, opRelease, bodyOf(fuse.ReleaseIn{Fh: 1}, ""))...)
		all = append(all, append(chain, piece(0, class, opRead, read)...))
		all = append(all, append(piece(0, class, opReadDir, bodyOf(fuse.ReadIn{Size: 200}, "")), piece(0, class, opReadlink, nil)...))
	}
	for _, name := range []string{"osrel", "note", "notepg", "regs", "fpregs", "dbregs"} {
		class := nodes.ByName(nodes.ProcessRows(), name).Class
		for _, text := range []string{"", "0", "12\n", "usr1", "stop", "cont", "sigkill", "99999999999", strings.Repeat("x", 176)} {
			write := bodyOf(fuse.WriteIn{Fh: 1, Offset: 1, Size: uint32(len(text))}, text)
			chain := append(piece(0, class, opOpen, bodyOf(fuse.OpenIn{Flags: unix.O_WRONLY}, "")), piece(0, class, opWrite, write)...)
			all = append(all, append(chain, piece(1, class, opWrite, write)...))
		}
	}
	mem := nodes.ByName(nodes.ProcessRows(), "mem").Class
	all = append(all, append(piece(0, mem, opOpen, openBoth), piece(0, mem, opWrite, bodyOf(fuse.WriteIn{Fh: 1, Offset: ^uint64(0), Size: 3}, "abc"))...))
	for _, name := range []string{"", "1", "status", "status\x00", "mem\x00", "0\x00", "99999999999999999999\x00", "\xff\x00", "a\x00b\x00", "a\x00b"} {
		for _, op := range []uint16{opLookup, opUnlink, opRmdir, opSymlink} {
			all = append(all, piece(0, nodeRoot, op, []byte(name)), piece(0, nodes.ClassDirectory, op, []byte(name)))
		}
		all = append(all, piece(0, nodeRoot, opMkdir, bodyOf(fuse.MkdirIn{}, name)), piece(0, nodeRoot, opRename, bodyOf(fuse.RenameIn{}, name)),
			piece(0, nodeRoot, opCreate, bodyOf(fuse.CreateIn{}, name)), piece(0, nodeRoot, opLink, bodyOf(fuse.LinkIn{}, name)))
	}
	for op := range uint16(110) { // every opcode, known or not, whole and truncated
		all = append(all, piece(uint8(op), nodeRoot, op, make([]byte, 120)), piece(uint8(op), 16, op, make([]byte, 7)), piece(0, nodeAny, op, nil))
	}
	for _, size := range []uint32{0, 1 << 16, 1 << 30, ^uint32(0)} {
		all = append(all, piece(0, nodeRoot, opReadDir, bodyOf(fuse.ReadIn{Size: size, Offset: ^uint64(0)}, "")),
			append(piece(0, 16, opOpen, open), piece(0, 16, opRead, bodyOf(fuse.ReadIn{Fh: 1, Size: size, ReadFlags: fuse.READ_LOCKOWNER}, ""))...),
			piece(0, 16, opIoctl, bodyOf(fuse.IoctlIn{OutSize: size, InSize: size}, "")), piece(0, 16, opBatchForget, bodyOf(fuse.ReadIn{Fh: uint64(size)}, "")))
	}
	return all
}

// FuzzRequest: no bytes make the file system panic, and every reply is whole,
// no longer than there is room for, and leaves nothing behind. Nobody in it is
// root, and the target is a child of this test in a process group of its own:
// what is written to its memory, or posted to it, stays there.
func FuzzRequest(f *testing.F) {
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	if os.Geteuid() == 0 {
		uid, gid = alice, alice
	}
	for _, seed := range seeds() {
		f.Add(seed)
	}
	var trees []*nodes.Tree
	for _, hide := range []nodes.HidePID{nodes.HideOff, nodes.HideNoAccess} {
		tree, err := nodes.Open(nodes.Options{GID: -1, HidePID: hide})
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(tree.Close)
		trees = append(trees, tree)
	}
	var target fuzzTarget
	f.Cleanup(target.end)
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	out := make([]byte, 1<<17)
	f.Fuzz(func(t *testing.T, chain []byte) {
		target.revive(t, trees[0], uid, gid)
		callers := []fuse.Caller{
			{Owner: fuse.Owner{Uid: uid, Gid: gid}, Pid: uint32(target.pid)},
			{Owner: fuse.Owner{Uid: bob, Gid: bob}, Pid: uint32(target.pid)},
			{Owner: fuse.Owner{Uid: uid, Gid: gid}},
			{Owner: fuse.Owner{Uid: ^uint32(0), Gid: gid}, Pid: uint32(target.pid)},
		}
		if os.Geteuid() != 0 {
			callers = callers[:1]
		}
		for _, tree := range trees {
			r := newRaw(tree, quiet)
			server := serverOf(t, r)
			for rest := chain; len(rest) >= fuzzHead; {
				head, body := rest[:fuzzHead], rest[fuzzHead:]
				body = body[:min(int(head[2]), len(body))]
				rest = rest[fuzzHead+len(body):]
				h := fuse.InHeader{Opcode: uint32(binary.LittleEndian.Uint16(head[3:])), Unique: 77, Caller: callers[int(head[0])%len(callers)]}
				h.NodeId = meant(head[1], target.id, body)
				request := append(unsafe.Slice((*byte)(unsafe.Pointer(&h)), headerBytes), body...)
				answered(t, server, request, out)
			}
			settle(r)
			r.handles.closeAll()
			idle(t, r)
		}
	})
}

// fuzzTarget is a process that may die of what is done to it.
type fuzzTarget struct {
	*child
	id nodes.ID
}

// revive makes another one where there is none that runs.
func (f *fuzzTarget) revive(t *testing.T, tree *nodes.Tree, uid, gid uint32) {
	t.Helper()
	if f.child != nil && strings.Contains("RS", f.state()) && f.state() != "" {
		return
	}
	f.end()
	f.child = spawn(t, "plain", uid, gid)
	q := nodes.Query{Tree: tree, Caller: tree.Caller(f.pid, uid, gid)}
	if err := q.Find(f.pid); err != nil {
		t.Fatal(err)
	}
	f.id = q.Target.ID()
	q.Target.Close()
}

func (f *fuzzTarget) end() {
	if f.child != nil {
		f.child.end()
	}
}

func meant(node uint8, process nodes.ID, body []byte) uint64 {
	switch {
	case node < nodeRoot:
		return id{process: process, class: node}.pack()
	case node == nodeRoot:
		return fuse.FUSE_ROOT_ID
	case node == nodeStale:
		return id{process: nodes.ID{PID: process.PID, Start: process.Start + 1}, class: 16}.pack()
	case len(body) >= 8:
		return binary.LittleEndian.Uint64(body)
	}
	return ^uint64(0) >> (node - nodeAny)
}

// answered sends a request and looks at the reply, if there is one.
func answered(t *testing.T, server handler, request, out []byte) {
	t.Helper()
	n, status := server.HandleRequest([][]byte{request}, [][]byte{out})
	if n > len(out) || n < 0 || n > 0 && n < 16 || status != fuse.OK && n != 0 {
		t.Fatalf("%v, %d bytes of %d", status, n, len(out))
	}
	if n == 0 {
		return
	}
	h := (*fuse.OutHeader)(unsafe.Pointer(&out[0]))
	if int(h.Length) != n || h.Unique != 77 || h.Status > 0 || h.Status < -4095 || h.Status != 0 && n != 16 {
		t.Fatalf("%+v with %d bytes", *h, n)
	}
}
