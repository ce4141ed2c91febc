package nodes

import (
	"bytes"
	"os"
	"strings"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// mapView translates mappings into FreeBSD's entries.
type mapView struct {
	objectID func(space, number uint64) uint64
	image    ID
	uid      uint32                       // charged for what is charged
	named    func(*provider.Mapping) bool // does a path that looks deleted exist?
	shown    func(string) string          // a path as the caller has it; nil for as it is

	path, name string // of the last entry, and as shown: neighbours share theirs
	paths      strings.Builder
}

// translate makes e of m, but for how many mappings hold its object.
func (v *mapView) translate(m *provider.Smap, e *render.MapEntry) {
	kind := backingOf(m)
	*e = render.MapEntry{
		Start: m.Start, End: m.End,
		Resident:        pages(residentBytes(m)),
		PrivateResident: pages(m.PrivateClean + m.PrivateDirty + m.PrivateHugetlb),
		Access:          accessOf(m.Perms),
		Type:            kind.objectType(),
		Path:            v.pathOf(m, kind),
		Charged:         m.VMFlags.Has(provider.VMAccount),
	}
	if e.Charged {
		e.UID = v.uid
	}
	if kind != backingNone {
		e.Object = v.object(m, kind)
		e.Flags = flagsOf(m, kind)
	}
	copyColumns(e, m, kind)
}

func pages(bytes uint64) uint64 { return bytes / uint64(os.Getpagesize()) }

// residentBytes: the kernel counts huge pages apart from Rss.
func residentBytes(m *provider.Smap) uint64 {
	return m.RSS + m.SharedHugetlb + m.PrivateHugetlb
}

func accessOf(p provider.Perms) render.Access {
	var a render.Access
	if p&provider.PermRead != 0 {
		a |= render.AccessRead
	}
	if p&provider.PermWrite != 0 {
		a |= render.AccessWrite
	}
	if p&provider.PermExecute != 0 {
		a |= render.AccessExecute
	}
	return a
}

// object ids lie where FreeBSD's objects do, and are no addresses: a hash of
// the file, or of the process and the range.
func (v *mapView) object(m *provider.Smap, kind backing) uint64 {
	const base, bits = 0xfffff8 << 40, 1<<40 - 1
	const anonymous, segment = 1 << 63, 1 << 62
	device := uint64(m.Dev.Major)<<32 | uint64(m.Dev.Minor)
	var id uint64
	switch {
	case kind == backingShared && isSysVShm(m.Path): // its inode is the segment's id: 0, or another file's
		id = v.objectID(segment|device, m.Inode)
	case m.Inode != 0:
		id = v.objectID(device, m.Inode)
	default:
		id = v.objectID(anonymous|uint64(v.image.PID)<<40^v.image.Start, m.Start)
	}
	return base | id&bits
}

// copyColumns sets COW, NC and the shadow count: a private mapping copies what
// it writes, from a file, or from a parent that it still shares pages with.
func copyColumns(e *render.MapEntry, m *provider.Smap, kind backing) {
	if m.Perms&provider.PermShared != 0 {
		return
	}
	shared := m.SharedClean+m.SharedDirty+m.SharedHugetlb > 0
	copied := m.Anonymous+m.Swap > 0
	switch {
	case kind == backingFile || kind == backingShared:
		e.CopyOnWrite = true
		e.NeedsCopy = !copied
		if copied {
			e.ShadowCount = 1
		}
	case kind == backingAnonymous && shared:
		e.CopyOnWrite, e.NeedsCopy = true, true
	}
}

// pathOf is the file's name while it has one.
func (v *mapView) pathOf(m *provider.Smap, kind backing) string {
	if kind != backingFile && kind != backingDevice || len(m.Path) == 0 || m.Path[0] != '/' {
		return ""
	}
	if bytes.HasSuffix(m.Path, []byte(deletedSuffix)) && !v.named(&m.Mapping) {
		return ""
	}
	if string(m.Path) != v.path {
		v.path = v.keep(m.Path)
		v.name = v.path
		if v.shown != nil {
			v.name = v.shown(v.path)
		}
	}
	return v.name
}

const pathBlock = 4 << 10

// keep copies a path into a block that others share.
func (v *mapView) keep(path []byte) string {
	if v.paths.Cap()-v.paths.Len() < len(path) {
		v.paths = strings.Builder{}
		v.paths.Grow(max(pathBlock, len(path)))
	}
	from := v.paths.Len()
	v.paths.Write(path)
	return v.paths.String()[from:]
}
