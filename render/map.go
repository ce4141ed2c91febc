package render

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// Access is what a mapping allows: entry->protection, with VM_PROT_*'s values.
type Access uint8

// The bits of Access.
const (
	AccessRead    Access = 1 << iota // VM_PROT_READ
	AccessWrite                      // VM_PROT_WRITE
	AccessExecute                    // VM_PROT_EXECUTE
)

// ObjectFlags are the flags of a VM object, with the present values of
// sys/vm/vm_object.h's OBJ_*. Only those that Linux has an answer to are here:
// every combination of them is spelled with decimal digits alone in hex, and
// some clients scan no others.
type ObjectFlags uint32

// The bits of ObjectFlags.
const (
	FlagFictitious ObjectFlags = 0x1     // OBJ_FICTITIOUS: fictitious pages, as of a device
	FlagUnmanaged  ObjectFlags = 0x2     // OBJ_UNMANAGED: pages that the pager leaves alone
	FlagAnon       ObjectFlags = 0x10    // OBJ_ANON: anonymous memory
	FlagSwap       ObjectFlags = 0x200   // OBJ_SWAP: swap is its backing store
	FlagColored    ObjectFlags = 0x1000  // OBJ_COLORED: shown on nearly every file
	FlagOneMapping ObjectFlags = 0x2000  // OBJ_ONEMAPPING: no page is mapped twice
	FlagSysVShm    ObjectFlags = 0x10000 // OBJ_SYSVSHM: a shmget(2) segment
	FlagPosixShm   ObjectFlags = 0x20000 // OBJ_POSIXSHM: a shm_open(3) object
)

// ObjectType is the kind of a mapping's bottom object.
type ObjectType uint8

// The words of the manual's list. The zero value is a range never touched.
const (
	TypeNone    ObjectType = iota // no object
	TypePhys                      // KVME_TYPE_PHYS
	TypeSwap                      // KVME_TYPE_SWAP: anonymous memory
	TypeVnode                     // KVME_TYPE_VNODE: a file
	TypeDevice                    // KVME_TYPE_DEVICE, _MGTDEVICE, _SG
	TypeDead                      // KVME_TYPE_DEAD
	TypeUnknown                   // all else
)

// String is the word in the map; a value beyond the list is "unknown" too.
func (t ObjectType) String() string {
	switch t {
	case TypeNone:
		return "none"
	case TypePhys:
		return "phys"
	case TypeSwap:
		return "swap"
	case TypeVnode:
		return "vnode"
	case TypeDevice:
		return "device"
	case TypeDead:
		return "dead"
	}
	return "unknown"
}

// MapEntry is one line of map, in the order of its 15 columns.
type MapEntry struct {
	Start           uint64 // e_start
	End             uint64 // e_end, exclusive
	Resident        uint64 // resident pages
	PrivateResident uint64 // pages private to the process

	// Object is an opaque number, equal where the object is the same. FreeBSD
	// prints a kernel address, and a bare 0 without one; clients break on
	// that, so here it is always 0x….
	Object uint64

	Access      Access      // e_prot
	RefCount    int         // ref_count of the top object
	ShadowCount int         // shadow_count of the top object
	Flags       ObjectFlags // flags of the top object
	CopyOnWrite bool        // MAP_ENTRY_COW
	NeedsCopy   bool        // MAP_ENTRY_NEEDS_COPY
	Type        ObjectType  // of the bottom object
	Path        string      // fullpath: raw but for newlines, never cut; empty prints "-"
	Charged     bool        // whether swap is charged to someone
	UID         uint32      // cr_ruid of the one charged; not looked at unless Charged
}

// AppendMap appends the map of a process: a line for each of entries, which the
// caller has in ascending order.
func AppendMap(dst []byte, entries []MapEntry) []byte {
	for i := range entries {
		dst = AppendMapEntry(dst, &entries[i])
	}
	return dst
}

// AppendMapEntry appends one line of map: 15 columns, single blanks, a newline.
// Blanks in the path stay, so columns 14 and 15 are found from the end.
func AppendMapEntry(dst []byte, e *MapEntry) []byte {
	dst = AppendMapHead(dst, e)
	dst = strconv.AppendInt(dst, int64(e.RefCount), 10)
	return AppendMapTail(dst, e)
}

// AppendMapHead appends a line of map up to where the ref count belongs, which
// is known only when all entries are.
func AppendMapHead(dst []byte, e *MapEntry) []byte {
	dst = appendHex(dst, e.Start)
	dst = appendHex(append(dst, ' '), e.End)
	dst = strconv.AppendUint(append(dst, ' '), e.Resident, 10)
	dst = strconv.AppendUint(append(dst, ' '), e.PrivateResident, 10)
	dst = appendHex(append(dst, ' '), e.Object)
	dst = appendAccess(append(dst, ' '), e.Access)
	return append(dst, ' ')
}

// AppendMapTail appends the rest of the line, behind the ref count.
func AppendMapTail(dst []byte, e *MapEntry) []byte {
	dst = strconv.AppendInt(append(dst, ' '), int64(e.ShadowCount), 10)
	dst = appendHex(append(dst, ' '), uint64(e.Flags))
	dst = appendCopying(append(dst, ' '), e)
	dst = append(append(dst, ' '), e.Type.String()...)
	dst = appendPath(append(dst, ' '), e.Path)
	dst = appendCharge(append(dst, ' '), e)
	return append(dst, '\n')
}

// appendHex appends v as C's 0x%lx.
func appendHex(dst []byte, v uint64) []byte {
	digits := max(bits.Len64(v)+3, 4) / 4
	v <<= 64 - 4*digits
	dst = append(dst, "0x"...)
	dst = binary.BigEndian.AppendUint64(dst, hex8(v>>32))
	if digits > 8 {
		dst = binary.BigEndian.AppendUint64(dst, hex8(v&0xffffffff))
	}
	return dst[:len(dst)-(-digits&7)]
}

// hex8 spells 32 bits, the first digit in the highest byte.
func hex8(v uint64) uint64 {
	const each = 0x0101010101010101
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & (0x0f * each)
	letters := (v + 6*each) >> 4 & each
	return v + '0'*each + letters*('a'-'0'-10)
}

// appendAccess appends the three letters of a.
func appendAccess(dst []byte, a Access) []byte {
	letters := [3]byte{none, none, none}
	if a&AccessRead != 0 {
		letters[0] = 'r'
	}
	if a&AccessWrite != 0 {
		letters[1] = 'w'
	}
	if a&AccessExecute != 0 {
		letters[2] = 'x'
	}
	return append(dst, letters[:]...)
}

// appendCopying appends the two columns about copying.
func appendCopying(dst []byte, e *MapEntry) []byte {
	if !e.CopyOnWrite {
		dst = append(dst, 'N')
	}
	dst = append(dst, "COW "...)
	if e.NeedsCopy {
		return append(dst, "NC"...)
	}
	return append(dst, "NNC"...)
}

// appendCharge appends the last two columns. The kernel prints the uid with %d:
// one of 2^31 and above comes out negative, which %d also reads back.
func appendCharge(dst []byte, e *MapEntry) []byte {
	if !e.Charged {
		return append(dst, "NCH -1"...)
	}
	return strconv.AppendInt(append(dst, "CH "...), int64(int32(e.UID)), 10)
}
