package provider

import (
	"math"
	"os"
	"strconv"
)

// IDMapEntry maps a range of ids of a user namespace to one of another: that of
// whoever reads the file, or the parent's if the reader is in the first.
type IDMapEntry struct {
	Inside  uint32 // the first id in the process's user namespace
	Outside uint32 // what it is in the other one; NoID where it has none there
	Count   uint32
}

// NoID is the id that is none: -1, what the kernel shows for one without a
// mapping.
const NoID uint32 = math.MaxUint32

// IDMap is the text of uid_map, gid_map or projid_map: at most 340 ranges
// (4.15; 5 before), none before it has been set.
type IDMap []IDMapEntry

// ParseIDMap reads the text of such a file, which may be empty.
func ParseIDMap(b []byte) (IDMap, error) {
	var list IDMap
	for len(b) > 0 {
		var e IDMapEntry
		n := e.parse(b)
		if n == 0 {
			return nil, malformed("uid_map", "not a range of ids")
		}
		list = append(list, e)
		b = b[n:]
	}
	return list, nil
}

// parse reads three numbers and the newline, and gives their length.
func (e *IDMapEntry) parse(b []byte) (taken int) {
	for i, p := range [...]*uint32{&e.Inside, &e.Outside, &e.Count} {
		blanks := skipBlanks(b, taken) - taken
		v, n := decimal(b[taken+blanks:])
		if n == 0 || v > math.MaxUint32 || i > 0 && blanks == 0 {
			return 0
		}
		*p = uint32(v)
		taken += blanks + n
	}
	if taken == len(b) || b[taken] != '\n' {
		return 0
	}
	return taken + 1
}

// ToOutside translates an id of the process's user namespace; false where it
// has no mapping.
func (l IDMap) ToOutside(id uint32) (uint32, bool) {
	for _, e := range l {
		if out, ok := translate(id, e.Inside, e.Outside, e.Count); ok {
			return out, true
		}
	}
	return NoID, false
}

// ToInside translates an id of the other user namespace into the process's;
// false where it has no mapping.
func (l IDMap) ToInside(id uint32) (uint32, bool) {
	for _, e := range l {
		if in, ok := translate(id, e.Outside, e.Inside, e.Count); ok {
			return in, true
		}
	}
	return NoID, false
}

// translate moves id from the range at from to the one at to. Neither can reach
// beyond the last id, and NoID is in none.
func translate(id, from, to, count uint32) (uint32, bool) {
	if id < from || id-from >= count || id == NoID || from == NoID || to == NoID {
		return NoID, false
	}
	moved := uint64(to) + uint64(id-from)
	if moved >= uint64(NoID) {
		return NoID, false
	}
	return uint32(moved), true
}

// UIDMap reads /proc/PID/uid_map (3.5): the users of the process's user
// namespace.
func (d *dir) UIDMap() (IDMap, error) { return parseWhole(d, "uid_map", ParseIDMap) }

// GIDMap reads /proc/PID/gid_map (3.5): its groups.
func (d *dir) GIDMap() (IDMap, error) { return parseWhole(d, "gid_map", ParseIDMap) }

// ProjIDMap reads /proc/PID/projid_map (3.7): its project ids, of disk quotas.
func (d *dir) ProjIDMap() (IDMap, error) { return parseWhole(d, "projid_map", ParseIDMap) }

// SetUIDMap writes /proc/PID/uid_map, which can be done once for a user
// namespace, by its parent or itself: EPERM after that, and without the rights
// that user_namespaces(7) tells of. Outside are ids of the parent. EINVAL means
// that ranges overlap, are empty, or are too many; ErrTooBig that the text
// would be longer than the kernel takes, one byte less than a page.
func (d *dir) SetUIDMap(l IDMap) error { return d.setIDMap("uid_map", l) }

// SetGIDMap writes /proc/PID/gid_map: see SetUIDMap. An unprivileged process
// must deny setgroups first.
func (d *dir) SetGIDMap(l IDMap) error { return d.setIDMap("gid_map", l) }

// SetProjIDMap writes /proc/PID/projid_map: see SetUIDMap.
func (d *dir) SetProjIDMap(l IDMap) error { return d.setIDMap("projid_map", l) }

func (d *dir) setIDMap(file string, l IDMap) error {
	var text []byte
	for _, e := range l {
		text = e.append(text)
	}
	if len(text) >= os.Getpagesize() {
		return d.fail("write", file, ErrTooBig)
	}
	return d.write(file, string(text))
}

func (e IDMapEntry) append(b []byte) []byte {
	for i, v := range [...]uint32{e.Inside, e.Outside, e.Count} {
		b = strconv.AppendUint(b, uint64(v), 10)
		b = append(b, "  \n"[i])
	}
	return b
}
