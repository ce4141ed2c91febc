package provider

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func TestRegisterSizes(t *testing.T) {
	for name, sizes := range map[string][2]int{
		"LinuxRegsAMD64": {binary.Size(LinuxRegsAMD64{}), 216},
		"LinuxRegsI386":  {binary.Size(LinuxRegsI386{}), 68},
		"FPRegsAMD64":    {binary.Size(FPRegsAMD64{}), 512},
		"FPRegsI386":     {binary.Size(FPRegsI386{}), 108},
		"LinuxRegsARM64": {binary.Size(LinuxRegsARM64{}), 272},
		"FPRegsARM64":    {binary.Size(FPRegsARM64{}), 528},
		"HWDebugARM64":   {binary.Size(HWDebugARM64{}), 264},
	} {
		if sizes[0] != sizes[1] {
			t.Errorf("%s: %d bytes, not %d", name, sizes[0], sizes[1])
		}
	}
}

// Offsets as in the kernel's headers.
func TestRegisterOffsets(t *testing.T) {
	b := make([]byte, 1024)
	for i := range b {
		b[i] = byte(i * 7)
	}
	at := func(off int) uint64 { return binary.LittleEndian.Uint64(b[off:]) }
	r, err := DecodeRegisters[LinuxRegsAMD64](b[:216])
	if err != nil || r.R15 != at(0) || r.RBP != at(32) || r.RAX != at(80) || r.RDI != at(112) || r.OrigRAX != at(120) ||
		r.RIP != at(128) || r.RSP != at(152) || r.FSBase != at(168) || r.DS != at(184) || r.GS != at(208) {
		t.Errorf("%+v, %v", r, err)
	}
	fp, err := DecodeRegisters[FPRegsAMD64](b[:512])
	if err != nil || fp.IP != at(8) || uint64(fp.MXCSR) != at(24)&0xffffffff || fp.ST[1][0] != b[48] || fp.XMM[0][0] != b[160] || fp.Spare[0] != b[160+256] {
		t.Errorf("%+v, %v", fp, err)
	}
	arm, err := DecodeRegisters[LinuxRegsARM64](b[:272])
	if err != nil || arm.X[30] != at(240) || arm.SP != at(248) || arm.PC != at(256) || arm.PState != at(264) {
		t.Errorf("%+v, %v", arm, err)
	}
	hw, err := DecodeRegisters[HWDebugARM64](b[:264])
	if err != nil || hw.Slots[15].Address != at(8+15*16) || uint64(hw.Slots[1].Control) != at(32)&0xffffffff {
		t.Errorf("%+v, %v", hw, err)
	}
}

func FuzzRegisters(f *testing.F) {
	f.Add(make([]byte, 216))
	f.Add(bytes.Repeat([]byte{0xff}, 528))
	f.Fuzz(func(t *testing.T, b []byte) {
		roundTrip[LinuxRegsAMD64](t, b)
		roundTrip[LinuxRegsI386](t, b)
		roundTrip[FPRegsAMD64](t, b)
		roundTrip[FPRegsI386](t, b)
		roundTrip[LinuxRegsARM64](t, b)
		roundTrip[FPRegsARM64](t, b)
		roundTrip[HWDebugARM64](t, b)
	})
}

// roundTrip: a set is its bytes, and nothing else is one.
func roundTrip[T RegisterSet](t *testing.T, b []byte) {
	t.Helper()
	r, err := DecodeRegisters[T](b)
	size := binary.Size(r)
	if (err == nil) != (len(b) == size) || err != nil && !errors.Is(err, ErrMalformed) {
		t.Errorf("%d bytes for %T: %v", len(b), r, err)
	}
	if len(b) < size {
		return
	}
	r, err = DecodeRegisters[T](b[:size])
	if err != nil || !bytes.Equal(AppendRegisters(nil, &r), b[:size]) {
		t.Errorf("%T: %x, %v", r, b[:size], err)
	}
}

func TestRegsOver(t *testing.T) {
	old := LinuxRegsAMD64{OrigRAX: 35, RIP: 100, RAX: 5, FSBase: 1, GSBase: 2, DS: 3, ES: 4, FS: 5, GS: 6, RBX: 7}
	same := LinuxRegsAMD64{RIP: 100, RAX: 5, RBX: 8}
	want := old
	want.RBX = 8
	if got := same.over(old); got != want {
		t.Errorf("%+v", got)
	}
	moved := same
	moved.RIP = 101
	if got := moved.over(old); int64(got.OrigRAX) != -1 || got.RIP != 101 {
		t.Errorf("%+v", got)
	}
	old.OrigRAX = ^uint64(4)
	if got := moved.over(old); got.OrigRAX != old.OrigRAX {
		t.Errorf("%+v", got)
	}
	if got := (LinuxRegsI386{EAX: 1, GS: 9}).over(LinuxRegsI386{OrigEAX: 3}); int32(got.OrigEAX) != -1 || got.GS != 9 {
		t.Errorf("%+v", got)
	}
}
