package nodes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSets32: the layout is of the reader's word size; a 32-bit reader has no
// 64-bit target.
func TestSets32(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wait386")
	build(t, path, "386")
	tree := openTree(t, Options{GID: -1})
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	reader, target := startAs(t, "plain", path, uid, gid), startAs(t, "plain", path, uid, gid)
	waitState(t, target.pid, "S")
	target.stop()
	n := natively(t, target.pid)
	waitState(t, target.pid, "T")
	if len(n.prstat) != 68 || len(n.prfpreg) != 108 {
		t.Fatalf("%d and %d bytes are no 32-bit sets", len(n.prstat), len(n.prfpreg))
	}

	narrow := find(t, reader.asks(tree), target.pid)
	reg := make([]byte, 76)
	for freebsd, linux := range map[int]int{0: 36, 4: 32, 8: 28, 12: 16, 16: 12, 20: 20, 28: 0, 32: 8, 36: 4, 40: 24, 52: 48, 56: 52, 60: 56, 64: 60, 68: 64, 72: 40} {
		copy(reg[freebsd:], n.prstat[linux:linux+4])
	}
	if got := readSet(t, narrow, "regs", 76); !bytes.Equal(got, reg) {
		t.Errorf("regs:\n% x, want\n% x", got, reg)
	}
	fp := append(bytes.Clone(n.prfpreg), make([]byte, 68)...)
	for _, upper := range []int{2, 6, 10, 26} { // of cw, sw, tw, fos
		fp[upper], fp[upper+1] = 0, 0
	}
	if got := readSet(t, narrow, "fpregs", 176); !bytes.Equal(got, fp) {
		t.Errorf("fpregs:\n% x, want\n% x", got, fp)
	}
	debug := make([]byte, 32)
	for i, v := range n.debug {
		binary.LittleEndian.PutUint32(debug[4*i:], uint32(v))
	}
	if got := readSet(t, narrow, "dbregs", 32); !bytes.Equal(got, debug) {
		t.Errorf("dbregs:\n% x, want\n% x", got, debug)
	}

	reg[28] ^= 0x55 // ebx
	writeSet(t, narrow, "regs", append(reg, 0), 76)
	fp[28] ^= 0x55 // st0
	writeSet(t, narrow, "fpregs", append(fp, 0), 176)
	binary.LittleEndian.PutUint32(debug[4:], 0x8049000)
	writeSet(t, narrow, "dbregs", append(debug, 0), 32)
	changed := natively(t, target.pid)
	waitState(t, target.pid, "T")
	if changed.prstat[0] != reg[28] || !bytes.Equal(changed.prstat[1:], n.prstat[1:]) {
		t.Errorf("regs: % x, before % x", changed.prstat, n.prstat)
	}
	if changed.prfpreg[28] != fp[28] || changed.debug[1] != 0x8049000 {
		t.Errorf("fpregs: % x, debug %x", changed.prfpreg, changed.debug)
	}
	bad := bytes.Clone(reg)
	bad[56] = 0x10 // cs
	if n, err := openSet(t, narrow, "regs").WriteAt(narrow, bad, 0); n != 0 || !errors.Is(err, ErrRange) {
		t.Errorf("cs: %d, %v", n, err)
	}
	binary.LittleEndian.PutUint32(debug[28:], 0x2<<16)
	if n, err := openSet(t, narrow, "dbregs").WriteAt(narrow, debug, 0); n != 0 || !errors.Is(err, ErrRange) {
		t.Errorf("dr7: %d, %v", n, err)
	}

	wide := find(t, start(t).asks(tree), target.pid)
	for name, want := range changed.freebsd() {
		if got := readSet(t, wide, name, setSizes[name]); !bytes.Equal(got, want) {
			t.Errorf("64-bit reader: %s:\n% x, want\n% x", name, got, want)
		}
	}
	eight := make([]byte, 128)
	binary.LittleEndian.PutUint64(eight[56:], 0x8<<16) // 8 bytes, on a 32-bit target
	if n, err := openSet(t, wide, "dbregs").WriteAt(wide, eight, 0); n != 0 || !errors.Is(err, ErrRange) {
		t.Errorf("dr7 of 8 bytes: %d, %v", n, err)
	}

	c, _ := stopped(t, tree)
	cross := find(t, reader.asks(tree), c.pid)
	for name := range setSizes {
		if n, err := openSet(t, cross, name).ReadAt(cross, make([]byte, 8), 0); n != 0 || !errors.Is(err, unix.EINVAL) {
			t.Errorf("32-bit reader of a 64-bit process: %s: %d bytes, %v", name, n, err)
		}
		if n, err := openSet(t, cross, name).WriteAt(cross, make([]byte, 8), 0); n != 0 || !errors.Is(err, unix.EINVAL) {
			t.Errorf("32-bit writer to a 64-bit process: %s: %d bytes, %v", name, n, err)
		}
	}
}
