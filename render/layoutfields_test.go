package render

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// field is a register as a Go value, with the bytes that it must have.
type field struct {
	offset, size int
	value        uint64
}

// at says that v is what stands at offset.
func at[V uint8 | uint16 | uint32 | uint64](offset int, v V) field {
	return field{offset, binary.Size(v), uint64(v)}
}

// atBytes says that v is what stands at offset.
func atBytes(offset int, v []byte) (fields []field) {
	for i, b := range v {
		fields = append(fields, at(offset+i, b))
	}
	return fields
}

// checkFields wants each field to be what image has at its offset, and fields
// and padding to be all of it, each byte once.
func checkFields(t *testing.T, s registerSet, image []byte, fields []field) {
	t.Helper()
	seen := make([]int, s.size)
	for _, f := range fields {
		var want [8]byte
		copy(want[:], image[f.offset:f.offset+f.size])
		if f.value != binary.LittleEndian.Uint64(want[:]) {
			t.Errorf("%s: %#x at %d, want %#x", s.name, f.value, f.offset, binary.LittleEndian.Uint64(want[:]))
		}
		for i := range f.size {
			seen[f.offset+i]++
		}
	}
	for _, p := range s.padding {
		for i := p[0]; i < p[1]; i++ {
			seen[i]++
		}
	}
	for i, n := range seen {
		if n != 1 {
			t.Fatalf("%s: byte %d is in %d fields", s.name, i, n)
		}
	}
}

// decoded is a set of the bytes of noise, and those.
func decoded[T any](t *testing.T, overlay func(*T, []byte) int, size int) (*T, []byte) {
	t.Helper()
	r, image := new(T), noise(size)
	if n := overlay(r, image); n != size {
		t.Fatalf("%T took %d bytes, want %d", *r, n, size)
	}
	return r, image
}

func TestLayoutAMD64(t *testing.T) {
	sets := registerSets()

	r, image := decoded(t, OverlayRegAMD64, 176)
	checkFields(t, sets[0], image, []field{
		at(0, r.R15), at(8, r.R14), at(16, r.R13), at(24, r.R12), at(32, r.R11), at(40, r.R10), at(48, r.R9), at(56, r.R8),
		at(64, r.RDI), at(72, r.RSI), at(80, r.RBP), at(88, r.RBX), at(96, r.RDX), at(104, r.RCX), at(112, r.RAX),
		at(120, r.TrapNo), at(124, r.FS), at(126, r.GS), at(128, r.Err), at(132, r.ES), at(134, r.DS),
		at(136, r.RIP), at(144, r.CS), at(152, r.RFlags), at(160, r.RSP), at(168, r.SS),
	})

	fp, image := decoded(t, OverlayFPRegAMD64, 512)
	if want := sets[1].zeroPadding(image); !bytes.Equal(fp[:], want) {
		t.Errorf("FPRegAMD64 is\n%x, want\n%x", fp[:], want)
	}

	db, image := decoded(t, OverlayDBRegAMD64, 128)
	var fields []field
	for i, v := range db.DR {
		fields = append(fields, at(8*i, v))
	}
	checkFields(t, sets[2], image, fields)
}

// What the kernel left in the padding never gets out, and a write leaves it.
func TestFPRegAMD64Padding(t *testing.T) {
	var r FPRegAMD64
	copy(r[:], noise(512))
	was, s := r, registerSets()[1]
	got := AppendFPRegAMD64([]byte("before"), &r)
	if want := append([]byte("before"), s.zeroPadding(was[:])...); !bytes.Equal(got, want) || r != was {
		t.Errorf("appended\n%x, want\n%x", got, want)
	}
	if n := OverlayFPRegAMD64(&r, make([]byte, 512)); n != 512 || !bytes.Equal(s.zeroPadding(r[:]), make([]byte, 512)) {
		t.Errorf("%d bytes taken, a register is left of %x", n, r)
	}
	for _, p := range s.padding {
		if !bytes.Equal(r[p[0]:p[1]], was[p[0]:p[1]]) {
			t.Errorf("padding at %d was overwritten", p[0])
		}
	}
}

func TestLayoutI386(t *testing.T) {
	sets := registerSets()

	r, image := decoded(t, OverlayRegI386, 76)
	checkFields(t, sets[3], image, []field{
		at(0, r.FS), at(4, r.ES), at(8, r.DS), at(12, r.EDI), at(16, r.ESI), at(20, r.EBP), at(24, r.ISP), at(28, r.EBX),
		at(32, r.EDX), at(36, r.ECX), at(40, r.EAX), at(44, r.TrapNo), at(48, r.Err), at(52, r.EIP), at(56, r.CS),
		at(60, r.EFlags), at(64, r.ESP), at(68, r.SS), at(72, r.GS),
	})

	fp, image := decoded(t, OverlayFPRegI386, 176)
	fields := []field{
		at(0, fp.CW), at(4, fp.SW), at(8, fp.TW), at(12, fp.FIP), at(16, fp.FCS), at(18, fp.Opcode), at(20, fp.FOO), at(24, fp.FOS),
		at(108, fp.ExSW),
	}
	for i := range fp.ST {
		fields = append(fields, atBytes(28+10*i, fp.ST[i][:])...)
	}
	checkFields(t, sets[4], image, fields)

	db, image := decoded(t, OverlayDBRegI386, 32)
	fields = nil
	for i, v := range db.DR {
		fields = append(fields, at(4*i, v))
	}
	checkFields(t, sets[5], image, fields)
}

func TestLayoutARM64(t *testing.T) {
	sets := registerSets()

	r, image := decoded(t, OverlayRegARM64, 272)
	fields := []field{at(240, r.LR), at(248, r.SP), at(256, r.ELR), at(264, r.SPSR)}
	for i, v := range r.X {
		fields = append(fields, at(8*i, v))
	}
	checkFields(t, sets[6], image, fields)

	fp, image := decoded(t, OverlayFPRegARM64, 528)
	fields = []field{at(512, fp.FPSR), at(516, fp.FPCR)}
	for i := range fp.Q {
		fields = append(fields, atBytes(16*i, fp.Q[i][:])...)
	}
	checkFields(t, sets[7], image, fields)

	db, image := decoded(t, OverlayDBRegARM64, 520)
	fields = []field{at(0, db.Version), at(1, db.NumBreak), at(2, db.NumWatch)}
	for i := range 16 {
		b, w := db.Breakpoints[i], db.Watchpoints[i]
		fields = append(fields, at(8+16*i, b.Addr), at(16+16*i, b.Ctrl), at(264+16*i, w.Addr), at(272+16*i, w.Ctrl))
	}
	checkFields(t, sets[8], image, fields)
}

func TestLayoutARM(t *testing.T) {
	sets := registerSets()

	r, image := decoded(t, OverlayRegARM, 68)
	fields := []field{at(52, r.SP), at(56, r.LR), at(60, r.PC), at(64, r.CPSR)}
	for i, v := range r.R {
		fields = append(fields, at(4*i, v))
	}
	checkFields(t, sets[9], image, fields)

	fp, image := decoded(t, OverlayFPRegARM, 4)
	checkFields(t, sets[10], image, []field{at(0, uint32(fp.Dummy))})
	db, image := decoded(t, OverlayDBRegARM, 4)
	checkFields(t, sets[11], image, []field{at(0, uint32(db.Dummy))})
}

// The other way round, in plain bytes.
func TestAppendRegAMD64(t *testing.T) {
	r := &RegAMD64{R15: 0x0102030405060708, TrapNo: 0x0a0b0c0d, GS: 0x1122, RIP: 0x401000, SS: 0x2b}
	want := make([]byte, 176)
	copy(want, "\x08\x07\x06\x05\x04\x03\x02\x01")
	copy(want[120:], "\x0d\x0c\x0b\x0a\x00\x00\x22\x11")
	copy(want[136:], "\x00\x10\x40")
	want[168] = 0x2b
	if got := AppendRegAMD64(nil, r); !bytes.Equal(got, want) {
		t.Errorf("got\n%x, want\n%x", got, want)
	}
}
