package provider

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// malformed says that the text of file breaks its form at what. Each call
// gives a fresh *Error, so a caller who knows the process may add its PID.
func malformed(file, what string) error {
	return &Error{Op: "parse", File: file, Err: fmt.Errorf("%w: %s", ErrMalformed, what)}
}

// hexDigit holds the value of each lower-case hexadecimal digit plus one, and
// 0 for every other byte. The kernel writes no upper-case ones.
var hexDigit = [256]uint8{
	'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10,
	'a': 11, 'b': 12, 'c': 13, 'd': 14, 'e': 15, 'f': 16,
}

// decimal reads the number at the start of b: its value and its length in
// bytes. The length is 0 where there is none or it is beyond 64 bits.
func decimal(b []byte) (v uint64, n int) {
	for ; n < len(b); n++ {
		d := uint64(b[n] - '0')
		if d > 9 {
			break
		}
		if n >= 19 && v > (math.MaxUint64-d)/10 {
			return 0, 0
		}
		v = v*10 + d
	}
	return v, n
}

// signed is decimal with an optional minus sign, within 64 bits.
func signed(b []byte) (v int64, n int) {
	if len(b) == 0 || b[0] != '-' {
		u, n := decimal(b)
		if u > math.MaxInt64 {
			return 0, 0
		}
		return int64(u), n
	}
	u, n := decimal(b[1:])
	if n == 0 || u > 1<<63 {
		return 0, 0
	}
	return -int64(u), n + 1
}

// hexadecimal is decimal's counterpart for base 16 without prefix.
func hexadecimal(b []byte) (v uint64, n int) {
	for len(b) >= n+8 && string(b[n:n+8]) == "00000000" { // so begin most offsets and masks
		n += 8
	}
	for ; n < len(b); n++ {
		d := hexDigit[b[n]]
		if d == 0 {
			break
		}
		if v>>60 != 0 {
			return 0, 0
		}
		v = v<<4 | uint64(d-1)
	}
	return v, n
}

// octal is decimal's counterpart for base 8, within 32 bits.
func octal(b []byte) (v uint64, n int) {
	for ; n < len(b); n++ {
		d := uint64(b[n] - '0')
		if d > 7 {
			break
		}
		v = v<<3 | d
		if v > math.MaxUint32 {
			return 0, 0
		}
	}
	return v, n
}

// Eight bytes at once.
const (
	eightBlanks = 0x2020202020202020
	eightZeros  = 0x3030303030303030
	highHalves  = 0xf0f0f0f0f0f0f0f0
)

// padded8 reads the number in the first eight bytes of b, right-aligned with
// blanks as the kernel's %8lu writes it.
func padded8(b []byte) (v uint64, ok bool) {
	x := binary.LittleEndian.Uint64(b)
	if x == eightBlanks {
		return 0, false
	}
	pad := bits.TrailingZeros64(x^eightBlanks) &^ 7
	x |= 0x1010101010101010 & (1<<pad - 1) // ' ' becomes '0'
	if x&highHalves != eightZeros || (x+0x0606060606060606)&highHalves != eightZeros {
		return 0, false
	}
	x -= eightZeros
	x = x*10 + x>>8 // pairs of digits in every second byte
	const mask = 0x000000ff000000ff
	return ((x&mask)*(100+1000000<<32) + (x>>16&mask)*(1+10000<<32)) >> 32, true
}

// skipBlanks gives the index of the first byte of b from i on that is neither
// blank nor tab.
func skipBlanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

// uintField reads a line's value that is one decimal number among blanks.
func uintField(b []byte) (uint64, bool) {
	b = b[skipBlanks(b, 0):]
	v, n := decimal(b)
	return v, n > 0 && skipBlanks(b, n) == len(b)
}

// hexField is uintField for base 16; a prefix 0x is allowed.
func hexField(b []byte) (uint64, bool) {
	b = b[skipBlanks(b, 0):]
	if len(b) > 2 && b[0] == '0' && b[1] == 'x' {
		b = b[2:]
	}
	v, n := hexadecimal(b)
	return v, n > 0 && skipBlanks(b, n) == len(b)
}

// sizeField reads a value such as "   1680 kB" and gives it in bytes.
func sizeField(b []byte) (uint64, bool) {
	b = b[skipBlanks(b, 0):]
	v, n := decimal(b)
	if n == 0 || v > math.MaxUint64>>10 || string(b[n:]) != " kB" {
		return 0, false
	}
	return v << 10, true
}
