package render

import (
	"errors"
	"testing"
)

func TestCheckRegFlags(t *testing.T) {
	const allowed = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | 0x4000 | 0x10000 | 0x40000 | 0x200000
	for _, old := range []uint64{0, 0x202, 0x246, 0xffffffff} {
		for bit := range 64 {
			flags := old ^ 1<<bit
			want := bit < 32 && allowed>>bit&1 == 0 // FreeBSD cuts the upper half off
			err := CheckRegAMD64(&RegAMD64{RFlags: old, CS: 0x33}, &RegAMD64{RFlags: flags, CS: 0x33})
			if errors.Is(err, ErrRange) != want || !want && err != nil {
				t.Errorf("amd64 %#x over %#x: %v", flags, old, err)
			}
			if bit >= 32 {
				continue
			}
			err = CheckRegI386(&RegI386{EFlags: uint32(old), CS: 0x23}, &RegI386{EFlags: uint32(flags), CS: 0x23})
			if errors.Is(err, ErrRange) != want || !want && err != nil {
				t.Errorf("i386 %#x over %#x: %v", flags, old, err)
			}
		}
	}
}

func TestCheckRegCode(t *testing.T) {
	for cs, ok := range map[uint64]bool{0x33: true, 0x23: true, 3: true, 0x10: false, 0x32: false, 0x31: false, 0: false} {
		old := &RegAMD64{CS: ^cs & 3}
		if err := CheckRegAMD64(old, &RegAMD64{CS: cs}); (err == nil) != ok || !ok && !errors.Is(err, ErrRange) {
			t.Errorf("amd64 cs %#x: %v", cs, err)
		}
		old32 := &RegI386{CS: ^uint32(cs) & 3}
		if err := CheckRegI386(old32, &RegI386{CS: uint32(cs)}); (err == nil) != ok || !ok && !errors.Is(err, ErrRange) {
			t.Errorf("i386 cs %#x: %v", cs, err)
		}
	}
}

// All other registers are the process's own affair.
func TestCheckRegRest(t *testing.T) {
	old, r := &RegAMD64{}, &RegAMD64{}
	OverlayRegAMD64(r, noise(176))
	r.CS, r.RFlags = 0x33, 0
	if err := CheckRegAMD64(old, r); err != nil {
		t.Error(err)
	}
}

func TestCheckDBReg(t *testing.T) {
	dr := func(edit func(dr *[16]uint64)) (r DBRegAMD64) {
		edit(&r.DR)
		return r
	}
	tests := []struct {
		name       string
		r          DBRegAMD64
		ok, compat bool // for a 64-bit target, for a 32-bit one
	}{
		{"none", DBRegAMD64{}, true, true},
		{"idle status", dr(func(d *[16]uint64) { d[6] = 0xffff0ff0 }), true, true},
		{"status too high", dr(func(d *[16]uint64) { d[6] = 1 << 32 }), false, false},
		{"control too high", dr(func(d *[16]uint64) { d[7] = 1 << 32 }), false, false},
		{"last user address, local", dr(func(d *[16]uint64) { d[0], d[7] = 1<<47-1, 1 }), true, true},
		{"first other address, local", dr(func(d *[16]uint64) { d[0], d[7] = 1<<47, 1 }), false, false},
		{"first other address, global", dr(func(d *[16]uint64) { d[0], d[7] = 1<<47, 2 }), false, false},
		{"kernel address, last", dr(func(d *[16]uint64) { d[3], d[7] = 0xffffffff81000000, 0x80 }), false, false},
		{"kernel address, another is enabled", dr(func(d *[16]uint64) { d[3], d[7] = 0xffffffff81000000, 0x3f }), true, true},
		{"reserved ones count for nothing", dr(func(d *[16]uint64) { d[4], d[5], d[8], d[15] = 1<<63, 1<<63, 1<<63, 1<<63 }), true, true},
		{"write of 4 bytes", dr(func(d *[16]uint64) { d[0], d[7] = 0x1000, 0xd0001 }), true, true},
		{"all read-write, 1 byte", dr(func(d *[16]uint64) { d[7] = 0x33330000 }), true, true},
		{"all write, 2 bytes", dr(func(d *[16]uint64) { d[7] = 0x55550055 }), true, true},
	}
	for slot := range 4 {
		tests = append(tests, struct {
			name       string
			r          DBRegAMD64
			ok, compat bool
		}{"I/O", dr(func(d *[16]uint64) { d[7] = 2 << (16 + 4*slot) }), false, false}, struct {
			name       string
			r          DBRegAMD64
			ok, compat bool
		}{"8 bytes", dr(func(d *[16]uint64) { d[7] = 2 << (18 + 4*slot) }), true, false})
	}
	for _, tt := range tests {
		for compat32, ok := range map[bool]bool{false: tt.ok, true: tt.compat} {
			err := CheckDBRegAMD64(&tt.r, compat32)
			if (err == nil) != ok || !ok && !errors.Is(err, ErrRange) {
				t.Errorf("%s, dr7 %#x, 32-bit %v: %v", tt.name, tt.r.DR[7], compat32, err)
			}
		}
	}
}

// A 32-bit writer can spell what has 32 bits, and is told the same.
func TestCheckDBRegI386(t *testing.T) {
	for bit := range 32 {
		narrow := &DBRegI386{DR: [8]uint32{1 << 31, 1, 2, 3, 4, 5, 1 << bit, 1 << bit}}
		wide := &DBRegAMD64{DR: [16]uint64{1 << 31, 1, 2, 3, 4, 5, 1 << bit, 1 << bit}}
		got, want := CheckDBRegI386(narrow), CheckDBRegAMD64(wide, true)
		if (got == nil) != (want == nil) || got != nil && got.Error() != want.Error() {
			t.Errorf("bit %d: %v, want %v", bit, got, want)
		}
		if bad := bit >= 16 && (bit-16)%2 == 1; bad != (got != nil) { // 10 in any field
			t.Errorf("bit %d: %v", bit, got)
		}
	}
}
