package fs

import (
	"testing"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// BenchmarkStatus is what OPEN, READ and RELEASE of a status cost without the
// kernel's part: no device, no other process to wake.
func BenchmarkStatus(b *testing.B) {
	r := newTestRaw(b, nodes.Options{GID: -1})
	c := newClient(b, serverOf(b, r), start(b))
	c.init()
	node := c.node(int(c.who.Pid), "status")
	in, out := make([][]byte, 1), [][]byte{make([]byte, 8192)}
	ask := func(request unsafe.Pointer, size uintptr, op uint32) {
		in[0] = c.header(request, size, op, node)
		c.server.HandleRequest(in, out)
		if h := (*fuse.OutHeader)(unsafe.Pointer(&out[0][0])); h.Status != 0 {
			b.Fatalf("opcode %d: %d", op, h.Status)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		open := fuse.OpenIn{}
		ask(unsafe.Pointer(&open), unsafe.Sizeof(open), opOpen)
		fh := (*fuse.OpenOut)(unsafe.Pointer(&out[0][headerOutSize])).Fh
		read := fuse.ReadIn{Fh: fh, Size: 4096, ReadFlags: fuse.READ_LOCKOWNER}
		ask(unsafe.Pointer(&read), unsafe.Sizeof(read), opRead)
		release := fuse.ReleaseIn{Fh: fh}
		ask(unsafe.Pointer(&release), unsafe.Sizeof(release), opRelease)
	}
}
