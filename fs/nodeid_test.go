package fs

import (
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// allIDs are the nodes that there are: the root's, and one process's.
func allIDs(process nodes.ID) []id {
	all := []id{{class: nodes.ClassRoot}, {process: process, class: nodes.ClassDirectory}}
	for _, row := range nodes.RootRows() {
		all = append(all, id{class: row.Class})
	}
	for _, row := range nodes.ProcessRows() {
		all = append(all, id{process: process, class: row.Class})
	}
	return all
}

// TestNodeID: no two nodes have one number, and none has one that means
// something to the kernel or to go-fuse.
func TestNodeID(t *testing.T) {
	seen := map[uint64]id{}
	inodes := map[uint64]id{}
	for _, process := range []nodes.ID{{PID: 1, Start: 0}, {PID: 1, Start: 1}, {PID: 2, Start: 0}, {PID: maxPID, Start: 1<<nodes.StartBits - 1}} {
		for _, n := range allIDs(process) {
			packed := n.pack()
			if unpack(packed) != n {
				t.Errorf("%+v comes back as %+v", n, unpack(packed))
			}
			if other, ok := seen[packed]; ok && other != n {
				t.Errorf("%+v and %+v are both %#x", n, other, packed)
			}
			seen[packed] = n
			if (packed == fuse.FUSE_ROOT_ID) != n.isRoot() || packed == 0 || packed == ^uint64(0) {
				t.Errorf("%+v is %#x", n, packed)
			}
			if other, ok := inodes[n.ino()]; ok && other.process.PID != n.process.PID || n.ino() == 0 {
				t.Errorf("%+v and %+v have inode %d", n, other, n.ino())
			}
			inodes[n.ino()] = n
			if n.isDir() == (n.row() != nil) {
				t.Errorf("%+v: directory %v, row %v", n, n.isDir(), n.row())
			}
		}
	}
}

// TestNodeIDForgetsHighBits: of a start time beyond 36 bits the low ones are
// kept, so that a node still belongs to its own process.
func TestNodeIDForgetsHighBits(t *testing.T) {
	n := id{process: nodes.ID{PID: 42, Start: 5<<nodes.StartBits | 7}, class: 6}
	if got, want := unpack(n.pack()), (id{process: nodes.ID{PID: 42, Start: 7}, class: 6}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if classBits+pidBits+nodes.StartBits != 64 {
		t.Error("a node id is not full")
	}
}

// FuzzNodeID: what is packed comes back, and any number means something
// harmless.
func FuzzNodeID(f *testing.F) {
	f.Add(uint64(1), 1, uint64(0), uint8(0))
	f.Add(^uint64(0), maxPID, ^uint64(0), uint8(63))
	f.Fuzz(func(t *testing.T, node uint64, pid int, start uint64, class uint8) {
		n := unpack(node)
		if n.process.PID < 0 || n.process.PID > maxPID || n.class >= 64 {
			t.Errorf("%#x is %+v", node, n)
		}
		if node != fuse.FUSE_ROOT_ID && n.pack() != node && !n.isRoot() {
			t.Errorf("%#x comes back as %#x", node, n.pack())
		}
		row := n.row()
		if row != nil && (n.isDir() || row.Class != n.class) {
			t.Errorf("%+v has row %+v", n, row)
		}
		if row != nil || n.isDir() {
			modeOf(n)
		}
		if n.ino()>>8 != uint64(n.process.PID) {
			t.Errorf("%+v has inode number %d", n, n.ino())
		}

		whole := id{process: nodes.ID{PID: pid & maxPID, Start: start & (1<<nodes.StartBits - 1)}, class: class & (1<<classBits - 1)}
		if packed := whole.pack(); packed != fuse.FUSE_ROOT_ID && unpack(packed) != whole {
			t.Errorf("%+v comes back as %+v", whole, unpack(packed))
		}
	})
}
