package fs

import (
	"errors"
	"strconv"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// OpenDir needs no handle: a listing goes on from the number of the process
// that it came to.
func (r *raw) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	q, n, err := r.at(&in.InHeader)
	defer done(q)
	if err == nil && !n.isDir() {
		err = unix.ENOTDIR
	}
	if err == nil {
		err = enterable(q, wantRead)
	}
	return r.nameStatus(err)
}

// ReleaseDir has nothing to release.
func (r *raw) ReleaseDir(*fuse.ReleaseIn) {}

// FsyncDir has nothing to do.
func (r *raw) FsyncDir(<-chan struct{}, *fuse.FsyncIn) fuse.Status { return fuse.OK }

// ReadDir lists the root or a process. An entry's offset says where to go on
// after it: the fixed entries count from 1, a process is its pid and firstPID.
func (r *raw) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	q, n, err := r.at(&in.InHeader)
	defer func() { done(q) }()
	if err == nil && !n.isDir() {
		err = unix.ENOTDIR
	}
	if err != nil {
		return r.nameStatus(err)
	}
	if n.isRoot() {
		return r.nameStatus(r.readRoot(q, in, out))
	}
	if err := q.Enter(); err != nil {
		return r.nameStatus(err)
	}
	addRows(q, n, nodes.ProcessRows(), in.Offset, out)
	return fuse.OK
}

// firstPID is the offset that processes count from, beyond the fixed entries.
const firstPID = 256

func (r *raw) readRoot(q *nodes.Query, in *fuse.ReadIn, out *fuse.DirEntryList) error {
	n := id{class: nodes.ClassRoot}
	rows := nodes.RootRows()
	if err := q.Present(); errors.Is(err, nodes.ErrHidden) {
		rows = nil
	} else if err != nil {
		return err
	}
	if in.Offset < firstPID && !addRows(q, n, rows, in.Offset, out) {
		return nil
	}
	after := 0
	if in.Offset > firstPID {
		after = int(min(in.Offset-firstPID, maxPID))
	}
	return q.List(after, roomFor(in), func(pid int) bool { return addProcess(pid, out) })
}

// roomFor is how many processes have room at most: none has a shorter entry, of a
// header and a name that is filled up to eight bytes.
func roomFor(in *fuse.ReadIn) int {
	const header, name = 24, 8
	return int(in.Size / (header + name))
}

func addProcess(pid int, out *fuse.DirEntryList) bool {
	process := id{process: nodes.ID{PID: pid}, class: nodes.ClassDirectory}
	return out.AddDirEntry(fuse.DirEntry{
		Mode: unix.S_IFDIR, Name: strconv.Itoa(pid), Ino: process.ino(), Off: uint64(firstPID + pid),
	})
}

// addRows adds what comes after offset: ".", "..", and the rows that the
// caller sees. It reports whether all had room.
func addRows(q *nodes.Query, dir id, rows []nodes.Row, offset uint64, out *fuse.DirEntryList) bool {
	parent := id{class: nodes.ClassRoot}
	entries := []fuse.DirEntry{
		{Mode: unix.S_IFDIR, Name: ".", Ino: dir.ino(), Off: 1},
		{Mode: unix.S_IFDIR, Name: "..", Ino: parent.ino(), Off: 2},
	}
	for i := range rows {
		row := &rows[i]
		n := id{process: dir.process, class: row.Class}
		entries = append(entries, fuse.DirEntry{Mode: typeOf(row), Name: row.Name, Ino: n.ino(), Off: uint64(i + 3)})
	}
	for i, e := range entries {
		if e.Off <= offset || i >= 2 && q.Target != nil && q.See(&rows[i-2]) != nil {
			continue
		}
		if !out.AddDirEntry(e) {
			return false
		}
	}
	return true
}
