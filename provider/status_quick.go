package provider

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// statusLine is what a line looks like: its kind, and its key with ":\t" as
// two words, the first eight bytes and the last eight, of which those beyond a
// short key are masked.
type statusLine struct {
	kind        statusKind
	head        uint8 // length of key and ":\t"
	second      uint8 // where the second word begins
	first, last uint64
	mask        uint64
}

var statusLines = statusLineTable()

func statusLineTable() (t [statusFields]statusLine) {
	for f, key := range statusKeys {
		head := append([]byte(key+":\t"), make([]byte, 8)...)
		n := len(key) + 2
		t[f] = statusLine{kind: StatusField(f).kind(), head: uint8(n), second: uint8(max(0, n-8)), mask: ^uint64(0)}
		if n < 8 {
			t[f].mask = 1<<(8*n) - 1
		}
		t[f].first = binary.LittleEndian.Uint64(head) & t[f].mask
		t[f].last = binary.LittleEndian.Uint64(head[t[f].second:]) & t[f].mask
	}
	return t
}

func (f StatusField) kind() statusKind {
	switch {
	case f >= StatusTGID && f <= StatusTracerPID, f == StatusThreads:
		return statusInt
	case f >= StatusNSTGID && f <= StatusNSSID:
		return statusNumbers
	case f == StatusKernelThread, f == StatusCoreDumping, f == StatusTHPEnabled, f == StatusNoNewPrivs:
		return statusBool
	case f >= StatusVMPeak && f <= StatusHugetlbPages:
		return statusSize
	case f == StatusUntagMask, f >= StatusSigPnd && f <= StatusCapAmb:
		return statusHex
	case f == StatusUID, f == StatusGID:
		return statusIDs
	case f == StatusFDSize, f == StatusSeccompFilters, f == StatusVoluntaryCtxtSwitches, f == StatusNonvoluntaryCtxtSwitches:
		return statusUint
	case f == StatusSpeculationStoreBypass, f == StatusSpeculationIndirectBranch, f >= StatusX86ThreadFeatures:
		return statusText
	}
	return statusOther
}

// quickRoom holds the longest key and a value of each quick kind.
const quickRoom = 64

// quick takes the lines at the start of b, before end's, that are in the
// kernel's order and of its plainest form, which are all but a dozen. It gives
// the bytes taken; the rest is line's.
func (s *Status) quick(b []byte, next *StatusField, end StatusField) (taken int) {
	for f := *next; f < end && len(b) >= quickRoom; f++ {
		line, w := &statusLines[f], (*[quickRoom]byte)(b)
		if binary.LittleEndian.Uint64(w[:])&line.mask != line.first ||
			binary.LittleEndian.Uint64(w[line.second&31:])&line.mask != line.last {
			continue // a line that this process does not have
		}
		head := int(line.head & 31)
		if head > 16 && string(w[:head-2]) != statusKeys[f] {
			continue // between the two words it is another
		}
		n := s.quickValue(f, line.kind, (*[quickRoom / 2]byte)(w[head:]))
		if n == 0 {
			break
		}
		s.has |= 1 << f
		*next = f + 1
		b = b[head+n:]
		taken += head + n
	}
	return taken
}

// quickValue takes a value and its newline, and gives their length; 0 where it
// is not of the plain form.
func (s *Status) quickValue(f StatusField, kind statusKind, b *[quickRoom / 2]byte) int {
	switch kind {
	case statusSize:
		return quickSize(s.size(f), b)
	case statusHex:
		return quickHex(s.mask(f), b)
	case statusBool:
		*s.flag(f) = b[0] == '1'
		return quickEnd(b, b[0]|1 == '1', 1)
	case statusInt, statusUint, statusNumbers:
		v, n := quickNumber(b)
		if n == 8 {
			return 0
		}
		switch kind {
		case statusInt:
			*s.number(f) = int(v)
		case statusUint:
			*s.size(f) = v
		default:
			p := s.numbers(f)
			*p = append((*p)[:0], int(v))
		}
		return quickEnd(b, n > 0, n)
	case statusIDs:
		return s.quickIDs(f, b)
	}
	return s.quickOther(f, b)
}

// quickOther takes values of a form of their own.
func (s *Status) quickOther(f StatusField, b *[quickRoom / 2]byte) int {
	switch f {
	case StatusUmask:
		v, n := octal(b[:4])
		s.Umask = uint32(v)
		return quickEnd(b, n == 4, 4)
	case StatusSeccomp:
		s.Seccomp = uint32(b[0] - '0')
		return quickEnd(b, s.Seccomp <= 9, 1)
	case StatusState:
		end := bytes.IndexByte(b[:], '\n')
		if end < 0 || !s.setState(b[:end]) {
			return 0
		}
		return end + 1
	}
	return 0
}

// quickNumber is decimal for up to seven digits; more are 8.
func quickNumber(b *[quickRoom / 2]byte) (v uint64, n int) {
	x := binary.LittleEndian.Uint64(b[:]) ^ eightZeros
	n = bits.TrailingZeros64((x+belowTen|x)&highBits) / 8
	return eightDigits(x << (64 - 8*n)), n
}

// quickEnd is the length of a value of n bytes with its newline, if it is ok.
func quickEnd(b *[quickRoom / 2]byte, ok bool, n int) int {
	if !ok || b[n&31] != '\n' {
		return 0
	}
	return n + 1
}

// quickIDs takes four numbers that are the same, as they mostly are.
func (s *Status) quickIDs(f StatusField, b *[quickRoom / 2]byte) int {
	v, n := quickNumber(b)
	if n == 0 || n > 6 {
		return 0
	}
	for i := range 3 {
		if at := (i + 1) * (n + 1); b[at-1] != '\t' || !bytes.Equal(b[at:at+n], b[:n]) {
			return 0
		}
	}
	*s.ids(f) = IDs{uint32(v), uint32(v), uint32(v), uint32(v)}
	if b[4*n+3] != '\n' {
		return 0
	}
	return 4*n + 4
}

// quickSize takes "%8u kB\n".
func quickSize(p *uint64, b *[quickRoom / 2]byte) int {
	if binary.LittleEndian.Uint32(b[8:]) != smapUnit {
		return 0
	}
	*p = 0
	if binary.LittleEndian.Uint64(b[:]) != smapZero {
		v, ok := padded8(b[:8])
		if !ok {
			return 0
		}
		*p = v << 10
	}
	return 12
}

// quickHex takes "%016x\n".
func quickHex(p *uint64, b *[quickRoom / 2]byte) int {
	high, ok1 := eightHexDigits(binary.LittleEndian.Uint64(b[:]))
	low, ok2 := eightHexDigits(binary.LittleEndian.Uint64(b[8:]))
	*p = high<<32 | low
	return quickEnd(b, ok1 && ok2, 16)
}

// wordsOfZero is how the masks of most kernels begin, which are as long as the
// largest machine's.
var wordsOfZero = bytes.Repeat([]byte("00000000,"), 128)

// zeroWords gives how many words of a mask are plain zero at its start.
func zeroWords(v []byte) int {
	n := max(len(v)-8, 0) / 9
	if n > 128 || !bytes.Equal(v[:9*n], wordsOfZero[:9*n]) {
		return 0
	}
	return n
}
