package render

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// elf is one note as the linker writes it, padded to 4.
func elf(name string, typ uint32, desc ...uint32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(len(name)))
	b = le.AppendUint32(b, uint32(4*len(desc)))
	b = append(le.AppendUint32(b, typ), name...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	for _, w := range desc {
		b = le.AppendUint32(b, w)
	}
	return b
}

func join(notes ...[]byte) []byte { return bytes.Join(notes, nil) }

func TestOsrelFromNotes(t *testing.T) {
	freebsd, gnu := "FreeBSD\x00", "GNU\x00"
	linux := elf(gnu, 1, 0, 3, 2, 0)
	buildID := elf(gnu, 3, 1, 2, 3, 4, 5)
	property := elf(gnu, 5, 0xc0008002, 4, 1, 0)
	odd := []byte("\x05\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00Rust\x00\x00\x00\x00abc\x00")
	huge := elf("x\x00", 1)
	binary.LittleEndian.PutUint32(huge[4:], 0xffffffff)
	hugeName := elf(gnu, 1, 0, 3, 2, 0)
	binary.LittleEndian.PutUint32(hugeName, 0xfffffffd)
	tests := []struct {
		name     string
		segments [][]byte
		want     int32
		ok       bool
	}{
		{"none", nil, 0, false},
		{"empty", [][]byte{{}}, 0, false},
		{"FreeBSD 14", [][]byte{elf(freebsd, 1, 1400097)}, 1400097, true},
		{"FreeBSD, zero", [][]byte{elf(freebsd, 1, 0)}, 0, true},
		{"FreeBSD, negative", [][]byte{elf(freebsd, 1, 0xffffffff)}, -1, true},
		{"kFreeBSD 9.0", [][]byte{elf(gnu, 1, 3, 9, 1, 42)}, 901042, true},
		{"Linux 3.2.0", [][]byte{linux}, 197120, true},
		{"Linux 2.6.32", [][]byte{elf(gnu, 1, 0, 2, 6, 32)}, 132640, true},
		{"Linux, words that overflow", [][]byte{elf(gnu, 1, 0, 0x8000, 0, 0)}, -1 << 31, true},
		{"an ls of Debian", [][]byte{property, join(buildID, linux)}, 197120, true},
		{"FreeBSD after the others, in another segment", [][]byte{join(linux, elf(gnu, 1, 3, 9, 1, 42)), elf(freebsd, 1, 7)}, 7, true},
		{"kFreeBSD before Linux", [][]byte{linux, elf(gnu, 1, 3, 9, 1, 42)}, 901042, true},
		{"first of two", [][]byte{join(elf(freebsd, 1, 8), elf(freebsd, 1, 7))}, 8, true},
		{"padded name and description", [][]byte{join(odd, linux)}, 197120, true},
		{"Hurd", [][]byte{elf(gnu, 1, 1, 3, 2, 0)}, 0, false},
		{"other type", [][]byte{elf(freebsd, 2, 7), elf(gnu, 2, 0, 3, 2, 0)}, 0, false},
		{"name without NUL", [][]byte{elf("FreeBSD", 1, 7), elf("GNU", 1, 0, 3, 2, 0)}, 0, false},
		{"other names", [][]byte{elf("NetBSD\x00", 1, 7), elf("gnu\x00", 1, 0, 3, 2, 0), elf("", 1, 7)}, 0, false},
		{"short descriptions", [][]byte{elf(freebsd, 1), elf(gnu, 1, 0, 3, 2)}, 0, false},
		{"long descriptions", [][]byte{elf(freebsd, 1, 7, 0), elf(gnu, 1, 0, 3, 2, 0, 0)}, 0, false},
		{"description beyond the end", [][]byte{linux[:len(linux)-1]}, 0, false},
		{"name beyond the end", [][]byte{linux[:14]}, 0, false},
		{"header beyond the end", [][]byte{linux[:11]}, 0, false},
		{"last padding missing", [][]byte{join(linux, odd[:len(odd)-1])}, 197120, true},
		{"description of 4 GiB", [][]byte{join(huge, linux)}, 0, false},
		{"name of 4 GiB", [][]byte{join(hugeName, linux)}, 0, false},
		{"malformed segment, then a good one", [][]byte{huge, linux}, 197120, true},
	}
	for _, tt := range tests {
		if got, ok := OsrelFromNotes(tt.segments...); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %d, %v, want %d, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

// A note counts wherever it stands, whatever complete notes are around it.
func FuzzOsrelNotes(f *testing.F) {
	f.Add([]byte{}, "", uint32(0), uint32(0))
	f.Add(elf("GNU\x00", 1, 0, 3, 2, 0), "x", uint32(1), uint32(2))
	f.Add(elf("FreeBSD\x00", 1, 1400097), "GNU\x00", uint32(1), uint32(3))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00"), "FreeBSD\x00", uint32(1), uint32(7))
	f.Fuzz(func(t *testing.T, segment []byte, name string, typ, word uint32) {
		given := bytes.Clone(segment)
		osrel, ok := OsrelFromNotes(segment)
		if !ok && osrel != 0 {
			t.Fatalf("%d without a note", osrel)
		}
		if !bytes.Equal(segment, given) {
			t.Fatal("the segment was changed")
		}
		if twice, again := OsrelFromNotes(nil, segment, segment); twice != osrel || again != ok {
			t.Fatalf("%d, %v, but twice %d, %v", osrel, ok, twice, again)
		}
		other := elf(name, typ, word)
		if typ == 1 && name == "FreeBSD\x00" {
			typ, other = 2, elf(name, 2, word)
		}
		if after, found := OsrelFromNotes(join(other, segment)); after != osrel || found != ok {
			t.Fatalf("%d, %v, but after %q %d: %d, %v", osrel, ok, name, typ, after, found)
		}
		tag := elf("FreeBSD\x00", 1, word)
		if got, ok := OsrelFromNotes(join(other, tag, segment), segment); !ok || got != int32(word) {
			t.Fatalf("%d, %v, want %d", got, ok, int32(word))
		}
	})
}
