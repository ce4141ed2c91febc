package provider

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// The kernel's own layout of a size: the key and blanks in 16 bytes, eight of
// number, " kB" and the newline.
const (
	smapHead = 16
	smapLine = smapHead + 8 + 4

	smapZero = '0'<<56 | eightBlanks>>8          // "       0"
	smapUnit = ' ' | 'k'<<8 | 'B'<<16 | '\n'<<24 // " kB\n"
)

// smapHeads are the first 16 bytes of each line as two words.
var smapHeads = smapHeadWords()

func smapHeadWords() (t [smapFields][2]uint64) {
	for k, name := range smapNames {
		head := append([]byte(name+":"), "                "...)
		t[k][0] = binary.LittleEndian.Uint64(head)
		t[k][1] = binary.LittleEndian.Uint64(head[8:])
	}
	return t
}

// plain takes the lines at the start of b that are in that layout and in the
// kernel's order, which on today's kernels are all of an entry. It gives the
// bytes taken; the rest is attribute's.
func (t *smapsText) plain(b []byte) (taken int) {
	if t.next == 0 {
		taken = t.sizes.take(&t.entry, b, &t.next)
	}
	if taken == 0 {
		taken = t.entry.counters(b, &t.next)
		t.sizes.learn(&t.entry, b, taken)
	}
	return taken + t.entry.ending(b[taken:], &t.next)
}

// smapSizes are the sizes that each entry begins with, on this kernel.
type smapSizes struct {
	n     int
	lines [SmapTHPEligible]smapSize
	has   uint32
}

// smapSize is one line: how it begins, and whose it is.
type smapSize struct {
	head  [2]uint64
	field SmapField
}

// learn takes over what the first entry had, if b had more than that.
func (z *smapSizes) learn(s *Smap, b []byte, taken int) {
	if z.n > 0 || taken == 0 || len(b)-taken < smapLine {
		return
	}
	z.has = s.has & (1<<SmapTHPEligible - 1)
	for k := range SmapTHPEligible {
		if s.Has(k) {
			z.lines[z.n] = smapSize{smapHeads[k], k}
			z.n++
		}
	}
}

// take reads all of them, with one look at the end whether it might: 0 says
// that they are for counters to judge.
func (z *smapSizes) take(s *Smap, b []byte, next *SmapField) (taken int) {
	if z.n == 0 || len(b) < z.n*smapLine {
		return 0
	}
	values, wrong := s.sizes(), uint64(0)
	for i := range z.lines[:z.n] {
		l := &z.lines[i]
		line := (*[smapLine]byte)(b)
		b = b[smapLine:]
		wrong |= binary.LittleEndian.Uint64(line[:8]) ^ l.head[0]
		wrong |= binary.LittleEndian.Uint64(line[8:16]) ^ l.head[1]
		wrong |= uint64(binary.LittleEndian.Uint32(line[smapHead+8:]) ^ smapUnit)
		x := binary.LittleEndian.Uint64(line[smapHead : smapHead+8])
		if x == smapZero {
			continue
		}
		// As in padded8, but never all blanks, and judged at the end.
		pad := min(bits.TrailingZeros64(x^eightBlanks)&^7, 56)
		x |= 0x1010101010101010 & (1<<pad - 1)
		wrong |= (x&highHalves ^ eightZeros) | ((x+0x0606060606060606)&highHalves ^ eightZeros)
		values[l.field] = eightDigits(x-eightZeros) << 10
	}
	if wrong != 0 {
		*values = [SmapTHPEligible]uint64{}
		return 0
	}
	s.has, *next = z.has, z.lines[z.n-1].field+1
	return z.n * smapLine
}

// reset is *s = Smap{Mapping: *m}, but it keeps the room for Unknown: writing
// all of it would be a good part of the work.
func (s *Smap) reset(m *Mapping) {
	s.Mapping, s.Unknown = *m, s.Unknown[:0]
	*s.sizes() = [SmapTHPEligible]uint64{}
	s.THPEligible, s.ProtectionKey, s.VMFlags = false, 0, 0
	s.PSSAnon, s.PSSFile, s.PSSShmem, s.has = 0, 0, 0, 0
}

// sizes are the fields Size to Locked, in the order of their keys.
func (s *Smap) sizes() *[SmapTHPEligible]uint64 {
	return (*[SmapTHPEligible]uint64)(unsafe.Pointer(&s.Size))
}

// So they lie: one after the other, and nothing between.
var _ [0]struct{} = [unsafe.Offsetof(Smap{}.Locked) - unsafe.Offsetof(Smap{}.Size) - 8*uintptr(SmapLocked)]struct{}{}

// counters takes the sizes at the start of b, line by line.
func (s *Smap) counters(b []byte, next *SmapField) (taken int) {
	for k := *next; k < SmapTHPEligible && len(b) >= smapLine; k++ {
		if binary.LittleEndian.Uint64(b) != smapHeads[k][0] || binary.LittleEndian.Uint64(b[8:]) != smapHeads[k][1] {
			continue // a line that this kernel does not have
		}
		if binary.LittleEndian.Uint32(b[smapHead+8:]) != smapUnit {
			break
		}
		if binary.LittleEndian.Uint64(b[smapHead:]) != smapZero {
			v, ok := padded8(b[smapHead:])
			if !ok {
				break
			}
			*s.counter(k) = v << 10
		}
		s.has |= 1 << k
		*next = k + 1
		taken += smapLine
		b = b[smapLine:]
	}
	return taken
}

// ending is counters for the lines behind them: two numbers, and the flags.
func (s *Smap) ending(b []byte, next *SmapField) (taken int) {
	if len(b) > smapNumber && s.plain8(SmapTHPEligible, b, next) {
		taken = smapNumber
	}
	if len(b) > taken+smapNumber && s.plain8(SmapProtectionKey, b[taken:], next) {
		taken += smapNumber
	}
	return taken + s.plainFlags(b[taken:], next)
}

// smapNumber is a line with a number that is no size.
const smapNumber = smapHead + 8 + 1

// plain8 takes the line k if that is what b begins with.
func (s *Smap) plain8(k SmapField, b []byte, next *SmapField) bool {
	if *next > k || b[smapNumber-1] != '\n' ||
		binary.LittleEndian.Uint64(b) != smapHeads[k][0] || binary.LittleEndian.Uint64(b[8:]) != smapHeads[k][1] {
		return false
	}
	if binary.LittleEndian.Uint64(b[smapHead:]) != smapZero {
		v, ok := padded8(b[smapHead:])
		if !ok || k == SmapProtectionKey && v >= 1<<16 {
			return false
		}
		if k == SmapProtectionKey {
			s.ProtectionKey = int(v)
		} else {
			s.THPEligible = v != 0
		}
	}
	s.has |= 1 << k
	*next = k + 1
	return true
}

// plainFlags takes a whole line of flags that are all known.
func (s *Smap) plainFlags(b []byte, next *SmapField) (taken int) {
	const key = "VmFlags:"
	if *next > SmapVMFlags || len(b) < len(key) || string(b[:len(key)]) != key {
		return 0
	}
	var flags VMFlags
	for i := len(key); i+3 < len(b) && b[i] == ' '; i += 3 {
		f := vmFlag(b[i+1], b[i+2])
		if f == 0 || b[i+3] != ' ' {
			return 0
		}
		flags |= f
		if i+4 < len(b) && b[i+4] == '\n' {
			s.VMFlags = flags
			s.has |= 1 << SmapVMFlags
			*next = SmapVMFlags + 1
			return i + 5
		}
	}
	return 0
}
