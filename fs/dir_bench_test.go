package fs

import (
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// BenchmarkReadRoot lists the root in pieces, as a C library asks for it, without
// the kernel in between.
func BenchmarkReadRoot(b *testing.B) {
	for range 300 {
		cmd := exec.Command("sleep", "600")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}
	tree, err := nodes.Open(nodes.Options{GID: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(tree.Close)
	r := newRaw(tree, slog.New(slog.DiscardHandler))
	in := fuse.ReadIn{InHeader: fuse.InHeader{NodeId: root, Caller: fuse.Caller{Pid: uint32(os.Getpid())}}, Size: 32 << 10}
	buf := make([]byte, in.Size)
	b.ReportAllocs()
	names := 0
	for b.Loop() {
		in.Offset = 0
		for {
			out := fuse.NewDirEntryList(buf, in.Offset)
			if status := r.ReadDir(nil, &in, out); !status.Ok() {
				b.Fatal(status)
			}
			entries := len(out.Bytes()) / 32 // none is shorter, and few are longer
			if entries == 0 {
				break
			}
			names += entries
			in.Offset = out.Offset
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(names), "ns/name")
}
