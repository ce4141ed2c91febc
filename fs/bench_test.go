//go:build !race

package fs

import (
	"testing"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// openReadRelease gives a function that does what cat(1) does to a status whose
// name is known, without the kernel's part: no device, nobody to wake.
func openReadRelease(t testing.TB) func() {
	r := newTestRaw(t, nodes.Options{GID: -1})
	c := newClient(t, serverOf(t, r), start(t))
	c.init()
	node := c.node(int(c.who.Pid), "status")
	var open fuse.OpenIn
	var read fuse.ReadIn
	var release fuse.ReleaseIn
	in, out := make([][]byte, 1), [][]byte{make([]byte, smallestOut)}
	ask := func(request unsafe.Pointer, size uintptr, op uint32) {
		in[0] = c.header(request, size, op, node)
		c.server.HandleRequest(in, out)
		if h := (*fuse.OutHeader)(unsafe.Pointer(&out[0][0])); h.Status != 0 {
			t.Fatalf("opcode %d: %d", op, h.Status)
		}
	}
	return func() {
		ask(unsafe.Pointer(&open), unsafe.Sizeof(open), opOpen)
		fh := (*fuse.OpenOut)(unsafe.Pointer(&out[0][headerOutSize])).Fh
		read.Fh, read.Size, read.ReadFlags, release.Fh = fh, 4096, fuse.READ_LOCKOWNER, fh
		ask(unsafe.Pointer(&read), unsafe.Sizeof(read), opRead)
		ask(unsafe.Pointer(&release), unsafe.Sizeof(release), opRelease)
	}
}

func BenchmarkStatus(b *testing.B) {
	status := openReadRelease(b)
	b.ReportAllocs()
	for b.Loop() {
		status()
	}
}

// TestStatusAllocates: nothing, once it has been read a few times.
func TestStatusAllocates(t *testing.T) {
	status := openReadRelease(t)
	for range 10 {
		status()
	}
	if got := testing.AllocsPerRun(200, status); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
