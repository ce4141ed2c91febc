package nodes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRegsWrite: a write changes the beginning and keeps the rest; what has no
// register here stays, and what is beyond the set is not taken.
func TestRegsWrite(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c, q := stopped(t, tree)
	le, old := binary.LittleEndian, natively(t, c.pid)
	waitState(t, c.pid, "T")

	writeSet(t, q, "regs", []byte{1, 2, 3}, 3) // of r15
	want := old
	want.regs.R15 = old.regs.R15&^0xffffff | 0x030201
	check := func(what string) {
		t.Helper()
		if got := natively(t, c.pid); got.regs != want.regs || got.fp != want.fp || got.debug != want.debug {
			t.Errorf("%s:\n%+v, want\n%+v", what, got.regs, want.regs)
		}
		waitState(t, c.pid, "T")
	}
	check("three bytes")

	all := readSet(t, q, "regs", 176)
	for i := range 15 {
		le.PutUint64(all[8*i:], uint64(0x1111111111*(i+1)))
	}
	le.PutUint64(all[136:], 0x401000) // rip
	le.PutUint64(all[152:], old.regs.Eflags^0x1)
	le.PutUint64(all[160:], 0x7fff0000) // rsp
	for _, i := range []int{120, 124, 126, 128, 132, 134} {
		le.PutUint16(all[i:], 0xabcd) // trapno, fs, gs, err, es, ds: ignored
	}
	writeSet(t, q, "regs", append(all, "beyond"...), 176)
	r := &want.regs
	for i, v := range []*uint64{&r.R15, &r.R14, &r.R13, &r.R12, &r.R11, &r.R10, &r.R9, &r.R8, &r.Rdi, &r.Rsi, &r.Rbp, &r.Rbx, &r.Rdx, &r.Rcx, &r.Rax} {
		*v = uint64(0x1111111111 * (i + 1))
	}
	r.Rip, r.Eflags, r.Rsp, r.Orig_rax = 0x401000, old.regs.Eflags^0x1, 0x7fff0000, ^uint64(0)
	check("everything")
	writeSet(t, q, "regs", nil, 0)
	check("nothing")
	if got, frozen := readSet(t, q, "regs", 176), want.freebsd()["regs"]; !bytes.Equal(got, frozen) {
		t.Errorf("read back:\n% x, want\n% x", got, frozen)
	}

	for name, bad := range map[string]func(b []byte){
		"IOPL":              func(b []byte) { le.PutUint64(b[152:], r.Eflags|0x3000) },
		"no interrupts":     func(b []byte) { le.PutUint64(b[152:], r.Eflags&^0x200) },
		"virtual 8086":      func(b []byte) { le.PutUint64(b[152:], r.Eflags|0x20000) },
		"kernel's code":     func(b []byte) { le.PutUint64(b[144:], 0x10) },
		"privilege 1":       func(b []byte) { le.PutUint64(b[144:], 0x31) },
		"no code segment":   func(b []byte) { le.PutUint64(b[144:], 0) },
		"kernel's stack":    func(b []byte) { le.PutUint64(b[168:], 0x18) },
		"a wide ss":         func(b []byte) { le.PutUint64(b[168:], 0) },
		"not the user's cs": func(b []byte) { le.PutUint64(b[144:], 0x32) },
	} {
		b := readSet(t, q, "regs", 176)
		b[0] ^= 0xff // what comes before it
		bad(b)
		if n, err := openSet(t, q, "regs").WriteAt(q, b, 0); n != 0 || !errors.Is(err, unix.EINVAL) && !errors.Is(err, ErrRange) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		check(name)
	}
}

// TestFPRegsWrite: xmm and x87 values arrive; reserved bits are cut off.
func TestFPRegsWrite(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c, q := stopped(t, tree)
	b := readSet(t, q, "fpregs", 512)
	for i := range 16 * 16 {
		b[160+i] = byte(i)
	}
	copy(b[32:42], "\x01\x02\x03\x04\x05\x06\x07\x80\xff\x3f")
	b[4] = 1                                                 // its tag
	binary.LittleEndian.PutUint32(b[24:], 0xffff0000|0x1f80) // mxcsr
	binary.LittleEndian.PutUint32(b[28:], 0)                 // its mask is the hardware's
	b[42], b[416] = 9, 9                                     // padding
	writeSet(t, q, "fpregs", append(b, 1, 2, 3), 512)
	n := natively(t, c.pid)
	waitState(t, c.pid, "T")
	if !bytes.Equal(n.fp[160:416], b[160:416]) || !bytes.Equal(n.fp[32:42], b[32:42]) {
		t.Errorf("% x", n.fp)
	}
	if mxcsr, mask := binary.LittleEndian.Uint32(n.fp[24:]), binary.LittleEndian.Uint32(n.fp[28:]); mxcsr != 0x1f80 || mask == 0 {
		t.Errorf("mxcsr %#x of %#x", mxcsr, mask)
	}
	writeSet(t, q, "fpregs", []byte{0x7f, 0x02}, 2) // the control word alone
	got := readSet(t, q, "fpregs", 512)
	if binary.LittleEndian.Uint16(got) != 0x27f || !bytes.Equal(got[160:416], b[160:416]) {
		t.Errorf("% x", got)
	}
}

// TestDBRegsWrite: a watchpoint is set; what FreeBSD or the hardware does not
// allow is refused, and nothing has changed then.
func TestDBRegsWrite(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c, q := stopped(t, tree)
	le := binary.LittleEndian
	set := func(values map[int]uint64) []byte {
		b := make([]byte, 128)
		for i, v := range values {
			le.PutUint64(b[8*i:], v)
		}
		return b
	}
	good := set(map[int]uint64{0: 0x400000, 1: 0x500008, 7: 0x1 | 0x4 | 0xd<<16 | 0x9<<20}) // 4 bytes written or read; 8 written
	writeSet(t, q, "dbregs", append(good, 0), 128)
	if n := natively(t, c.pid); n.debug[0] != 0x400000 || n.debug[1] != 0x500008 || n.debug[7]&0xffff0005 != 0x9d0005 {
		t.Errorf("%x", n.debug)
	}
	waitState(t, c.pid, "T")
	before := readSet(t, q, "dbregs", 128)
	if le.Uint64(before) != 0x400000 || le.Uint64(before[56:])&0xffff0005 != 0x9d0005 {
		t.Errorf("read back % x", before)
	}
	writeSet(t, q, "dbregs", []byte{8}, 1) // dr0's lowest byte
	before[0] = 8
	for name, bad := range map[string]map[int]uint64{
		"break on I/O":            {0: 0x400000, 7: 0x1 | 0x2<<16},
		"break on I/O, disabled":  {7: 0x2 << 28},
		"the kernel's address":    {0: 0xffffffff81000000, 7: 0x1},
		"the first of no process": {3: 1 << 47, 7: 0x40},
		"a wide control":          {7: 1 << 32},
		"a wide status":           {6: 1 << 32},
		"unaligned":               {0: 0x400001, 7: 0x1 | 0xd<<16},
		"execution of 4 bytes":    {0: 0x400000, 7: 0x1 | 0xc<<16},
	} {
		if n, err := openSet(t, q, "dbregs").WriteAt(q, set(bad), 0); n != 0 || !errors.Is(err, unix.EINVAL) && !errors.Is(err, ErrRange) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if after := readSet(t, q, "dbregs", 128); !bytes.Equal(after, before) {
			t.Errorf("%s:\n% x, before\n% x", name, after, before)
		}
	}
	writeSet(t, q, "dbregs", make([]byte, 128), 128)
	if n := natively(t, c.pid); n.debug[0] != 0 || n.debug[1] != 0 || n.debug[7] != 0 {
		t.Errorf("cleared: %x", n.debug)
	}
}
