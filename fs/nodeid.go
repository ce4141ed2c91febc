package fs

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// id says which node is meant: the process (PID 0: the root) and the class.
type id struct {
	process nodes.ID
	class   uint8
}

// A node id holds, from the low bits: 6 of class, 22 of pid (the kernel's
// PID_MAX_LIMIT), 36 of start time. One incarnation of a pid is one node id.
const (
	classBits = 6
	pidBits   = 22
	maxPID    = 1<<pidBits - 1
)

func (n id) isRoot() bool { return n.process.PID == 0 && n.class == nodes.ClassRoot }

func (n id) pack() uint64 {
	if n.isRoot() {
		return fuse.FUSE_ROOT_ID
	}
	return n.process.Start<<(classBits+pidBits) | uint64(n.process.PID)<<classBits | uint64(n.class)
}

func unpack(node uint64) id {
	if node == fuse.FUSE_ROOT_ID {
		return id{class: nodes.ClassRoot}
	}
	return id{
		process: nodes.ID{PID: int(node >> classBits & maxPID), Start: node >> (classBits + pidBits)},
		class:   uint8(node & (1<<classBits - 1)),
	}
}

// ino is the inode number that callers see: pid and class, as FreeBSD has it.
func (n id) ino() uint64 { return uint64(n.process.PID)<<8 | uint64(n.class) }

// row of the node, nil for a directory or a number that is none of ours.
func (n id) row() *nodes.Row {
	if n.process.PID == 0 {
		return nodes.ByClass(nodes.RootRows(), n.class)
	}
	return nodes.ByClass(nodes.ProcessRows(), n.class)
}

func (n id) isDir() bool {
	return n.isRoot() || n.process.PID != 0 && n.class == nodes.ClassDirectory
}

// personal: whether the node is there depends on who asks, so what one caller
// finds is no entry for another.
func (n id) personal() bool {
	row := n.row()
	return row != nil && row.Mode&0o077 == 0
}
