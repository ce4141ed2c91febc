package render

import (
	"encoding/binary"
	"iter"
)

// elfNote is a note of an ELF image: Elf_Note and what follows it.
type elfNote struct {
	vendor []byte // with its NUL
	typ    uint32
	desc   []byte
}

// The type of the notes that tell a brand, NT_FREEBSD_ABI_TAG and GNU's, and
// the first word of GNU's, which says whose kernel it is for.
const (
	abiTag      = 1
	gnuLinux    = 0
	gnuKFreeBSD = 3
)

// OsrelFromNotes is the osrel that exec gives to an image with these PT_NOTE
// segments, and whether a note claims the image; one without has 0. The rules
// are tried in FreeBSD's order, each on all segments: FreeBSD's own note,
// GNU/kFreeBSD's, GNU/Linux's. Malformed notes end their segment.
func OsrelFromNotes(segments ...[]byte) (int32, bool) {
	for _, rule := range [...]func(elfNote) (int32, bool){freebsdOsrel, kfreebsdOsrel, linuxOsrel} {
		for _, segment := range segments {
			for note := range notes(segment) {
				if osrel, ok := rule(note); ok {
					return osrel, true
				}
			}
		}
	}
	return 0, false
}

// freebsdOsrel: __FreeBSD_version as it stands.
func freebsdOsrel(n elfNote) (int32, bool) {
	if string(n.vendor) != "FreeBSD\x00" || n.typ != abiTag || len(n.desc) != 4 {
		return 0, false
	}
	return int32(n.word(0)), true
}

// kfreebsdOsrel: the earliest kernel, as a __FreeBSD_version.
func kfreebsdOsrel(n elfNote) (int32, bool) {
	if !n.gnu(gnuKFreeBSD) {
		return 0, false
	}
	return int32(n.word(1)*100000 + n.word(2)*1000 + n.word(3)), true
}

// linuxOsrel: the earliest kernel, as the Linuxulator's LINUX_KERNVER.
func linuxOsrel(n elfNote) (int32, bool) {
	if !n.gnu(gnuLinux) {
		return 0, false
	}
	return int32(n.word(1)<<16 + n.word(2)<<8 + n.word(3)), true
}

// gnu says whether n is GNU's tag for this kernel.
func (n elfNote) gnu(kernel uint32) bool {
	return string(n.vendor) == "GNU\x00" && n.typ == abiTag && len(n.desc) == 16 && n.word(0) == kernel
}

// word is the i-th of the description's.
func (n elfNote) word(i int) uint32 { return binary.LittleEndian.Uint32(n.desc[4*i:]) }

// notes gives the notes of a segment, up to one that does not fit in it. Name
// and description are padded to 4 bytes, whatever the segment's alignment: so
// FreeBSD reads them, and those that it looks for have the same form with 8
// but for its own.
func notes(segment []byte) iter.Seq[elfNote] {
	return func(yield func(elfNote) bool) {
		for len(segment) >= 12 {
			note := elfNote{typ: binary.LittleEndian.Uint32(segment[8:])}
			nameSize, descSize := binary.LittleEndian.Uint32(segment), binary.LittleEndian.Uint32(segment[4:])
			var ok bool
			if note.vendor, segment, ok = cutPadded(segment[12:], nameSize); !ok {
				return
			}
			if note.desc, segment, ok = cutPadded(segment, descSize); !ok || !yield(note) {
				return
			}
		}
	}
}

// cutPadded cuts size bytes and their padding off data. The last ones of a
// segment may go without padding.
func cutPadded(data []byte, size uint32) (head, rest []byte, ok bool) {
	if uint64(size) > uint64(len(data)) {
		return nil, nil, false
	}
	padded := (uint64(size) + 3) &^ 3
	return data[:size], data[min(padded, uint64(len(data))):], true
}
