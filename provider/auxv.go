package provider

import (
	"encoding/binary"
	"errors"
)

// Aux is one entry of the auxiliary vector, what the kernel tells a program at
// its start; see getauxval(3).
type Aux struct {
	Type  AuxType
	Value uint64
}

// Auxv is an auxiliary vector in the kernel's order, without the AT_NULL that
// ends it.
type Auxv []Aux

// Get finds the first entry of a type.
func (v Auxv) Get(t AuxType) (value uint64, ok bool) {
	for _, a := range v {
		if a.Type == t {
			return a.Value, true
		}
	}
	return 0, false
}

// Auxv reads /proc/PID/auxv (2.6.0), with words as wide as the process's: see
// [AuxvWordSize]. Kernel threads have none, nor has a program for a moment
// after execve(2); a zombie's is ErrGone. It takes the right to inspect the
// process (PTRACE_MODE_READ_FSCREDS).
func (d *dir) Auxv() (Auxv, error) {
	const limit = 64 << 10 // the kernel's own room is below 1 KiB
	text, err := d.readMemory("auxv", nil, limit)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	v, err := ParseAuxv(text, AuxvWordSize(text))
	if err != nil {
		return nil, d.fail("parse", "auxv", err)
	}
	return v, nil
}

// AuxvWordSize tells whether the words of an auxiliary vector are of 8 or 4
// bytes. Nothing in the file says so, and its length does not: a 64-bit kernel
// writes a 32-bit program's with spare zeros. But types are small numbers:
// where one would not be, read in 8 bytes, it is really a 32-bit type and its
// value. A 32-bit vector of which every second value is zero would be
// mistaken; the kernel makes no such one, though a process may install it
// (PR_SET_MM_AUXV).
func AuxvWordSize(b []byte) int {
	for len(b) >= 16 {
		if binary.NativeEndian.Uint64(b)>>32 != 0 {
			return 4
		}
		b = b[16:]
	}
	if len(b) != 0 { // half a pair
		return 4
	}
	return 8
}

// ParseAuxv reads the text of an auxv file with words of wordSize bytes, 4 or
// 8, in this machine's byte order. After AT_NULL there may be zeros only. The
// empty text, a kernel thread's, has no entries.
func ParseAuxv(b []byte, wordSize int) (Auxv, error) {
	if wordSize != 4 && wordSize != 8 {
		return nil, &Error{Op: "parse", File: "auxv", Err: errors.ErrUnsupported}
	}
	if len(b) == 0 {
		return nil, nil
	}
	if len(b)%(2*wordSize) != 0 {
		return nil, malformed("auxv", "cut short")
	}
	v := make(Auxv, 0, len(b)/(2*wordSize)-1)
	for ; len(b) > 0; b = b[2*wordSize:] {
		a := Aux{AuxType(auxWord(b, wordSize)), auxWord(b[wordSize:], wordSize)}
		if a.Type != AtNull {
			v = append(v, a)
			continue
		}
		if !allZero(b[wordSize:]) {
			return nil, malformed("auxv", "text after AT_NULL")
		}
		return v, nil
	}
	return nil, malformed("auxv", "no AT_NULL")
}

func auxWord(b []byte, size int) uint64 {
	if size == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
