package provider

import (
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MapsQuery says which mapping [MapsFile.Query] shall find, and what of it.
type MapsQuery uint64

const (
	// Only mappings that may be read, written, executed; only shared ones.
	QueryReadable MapsQuery = 1 << iota
	QueryWritable
	QueryExecutable
	QueryShared

	// QueryOrNext: the mapping that holds the address, or else the next above.
	QueryOrNext

	// QueryFileBacked: only mappings of files.
	QueryFileBacked

	// QueryName: give Path too.
	QueryName MapsQuery = 1 << 62

	// QueryBuildID: give the build id too, for which the kernel looks into the
	// file: it may take as long as that file's file system likes.
	QueryBuildID MapsQuery = 1 << 63

	queryOurs = QueryName | QueryBuildID
)

// FoundMapping is the answer of [MapsFile.Query].
type FoundMapping struct {
	// Mapping is as in maps, but Path is a copy, nil unless it was asked for,
	// and has newlines as they are: AppendPath would undo too much.
	Mapping

	PageSize uint64 // bytes
	BuildID  []byte // of the ELF file, by which its debug symbols are found; nil if none
}

// procmapQuery is struct procmap_query of <linux/fs.h>. Its addresses are
// pointers, which the garbage collector and a moving stack know.
type procmapQuery struct {
	size, flags, address        uint64
	start, end, perms           uint64
	pageSize, offset, inode     uint64
	devMajor, devMinor          uint32
	nameSize, buildIDSize       uint32
	nameAddress, buildIDAddress unsafe.Pointer
}

const (
	procmapQueryCall = 0xc0686611 // _IOWR('f', 17, struct procmap_query)

	queryNameRoom    = 4096 // the kernel's bound, PATH_MAX
	queryBuildIDRoom = 32   // of which the kernel fills at most 20
)

// Query finds the mapping that holds an address (PROCMAP_QUERY, Linux 6.11,
// else ErrNotSupported); false where there is none. It takes about a
// microsecond, where reading the text takes one for each mapping; for all
// mappings the text is as fast. [vsyscall], which is not the process's own,
// is never found. A name beyond 4,096 bytes is ENAMETOOLONG.
//
// It reuses what m points to; after an error or false m is zero.
func (f *MapsFile) Query(address uint64, want MapsQuery, m *FoundMapping) (bool, error) {
	if !f.d.fs.proc { // another file system may answer anything, pointers included
		*m = FoundMapping{}
		return false, f.d.fail("query", "maps", ErrNotSupported)
	}
	buf := f.d.fs.buffer()
	defer f.d.fs.release(buf)
	*buf = slices.Grow(*buf, queryNameRoom+queryBuildIDRoom)
	room := (*buf)[:queryNameRoom+queryBuildIDRoom]
	q := procmapQuery{size: uint64(unsafe.Sizeof(procmapQuery{})), flags: uint64(want &^ queryOurs), address: address}
	if want&QueryName != 0 {
		q.nameSize, q.nameAddress = queryNameRoom, unsafe.Pointer(&room[0])
	}
	if want&QueryBuildID != 0 {
		q.buildIDSize, q.buildIDAddress = queryBuildIDRoom, unsafe.Pointer(&room[queryNameRoom])
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(f.fd), procmapQueryCall, uintptr(unsafe.Pointer(&q)))
	if errno != 0 {
		*m = FoundMapping{}
		return false, f.queryError(errno)
	}
	m.set(&q, room)
	return true, nil
}

func (f *MapsFile) queryError(errno unix.Errno) error {
	switch errno {
	case unix.ENOENT: // no such mapping
		return nil
	case unix.ENOTTY:
		return f.d.fail("query", "maps", ErrNotSupported)
	}
	return f.d.fail("query", "maps", errno)
}

func (m *FoundMapping) set(q *procmapQuery, room []byte) {
	path, id := m.Path[:0], m.BuildID[:0]
	*m = FoundMapping{PageSize: q.pageSize, Mapping: Mapping{
		Start: q.start, End: q.end, Perms: Perms(q.perms & 0xf), Offset: q.offset,
		Dev: Device{q.devMajor, q.devMinor}, Inode: q.inode,
	}}
	if n := q.nameSize; n > 1 && q.nameAddress != nil { // with the NUL that ends it
		m.Path = append(path, room[:n-1]...)
	}
	if n := q.buildIDSize; n > 0 && q.buildIDAddress != nil {
		m.BuildID = append(id, room[queryNameRoom:queryNameRoom+int(n)]...)
	}
}
