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
	if len(b) < 8 {
		return decimalTail(b, 0, 0)
	}
	x := binary.LittleEndian.Uint64(b) ^ eightZeros
	if other := (x + belowTen | x) & highBits; other != 0 {
		digits := bits.TrailingZeros64(other) / 8
		return eightDigits(x << (64 - 8*digits)), digits
	}
	v = eightDigits(x)
	if len(b) < 16 {
		return decimalTail(b, v, 8)
	}
	x = binary.LittleEndian.Uint64(b[8:]) ^ eightZeros
	if other := (x + belowTen | x) & highBits; other != 0 {
		digits := bits.TrailingZeros64(other) / 8
		return v*powersOfTen[digits] + eightDigits(x<<(64-8*digits)), 8 + digits
	}
	return longDecimal(b, v, 8)
}

// longDecimal goes on with v, whose n digits are read.
func longDecimal(b []byte, v uint64, n int) (uint64, int) {
	for len(b)-n >= 8 {
		x := binary.LittleEndian.Uint64(b[n:]) ^ eightZeros
		digits := bits.TrailingZeros64((x+belowTen|x)&highBits) / 8
		high, low := bits.Mul64(v, powersOfTen[digits])
		sum, carry := bits.Add64(low, eightDigits(x<<(64-8*digits)), 0)
		if high|carry != 0 {
			return 0, 0
		}
		v, n = sum, n+digits
		if digits < 8 {
			return v, n
		}
	}
	return decimalTail(b, v, n)
}

var powersOfTen = [9]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// decimalTail goes on with the last bytes of b, of which n are read.
func decimalTail(b []byte, v uint64, n int) (uint64, int) {
	for ; n < len(b); n++ {
		d := uint64(b[n] - '0')
		if d > 9 {
			break
		}
		if v > (math.MaxUint64-d)/10 {
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
	highBits    = 0x8080808080808080
	belowTen    = 0x7676767676767676 // added to a digit's value: its high bit stays 0
)

// eightDigits is the number whose digits, as values, the bytes of x are; the
// first one is the lowest byte.
func eightDigits(x uint64) uint64 {
	x = x*10 + x>>8 // pairs of digits in every second byte
	const mask = 0x000000ff000000ff
	return ((x&mask)*(100+1000000<<32) + (x>>16&mask)*(1+10000<<32)) >> 32
}

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
	return eightDigits(x - eightZeros), true
}

// eightHexDigits is the number that the bytes of x are in lower-case
// hexadecimal, the first digit in the lowest byte.
func eightHexDigits(x uint64) (v uint64, ok bool) {
	if x == eightZeros {
		return 0, true
	}
	digit := x ^ eightZeros          // 0 to 9 for '0' to '9'
	letter := x ^ 0x6060606060606060 // 1 to 6 for 'a' to 'f'
	isDigit := ^(digit + belowTen | digit) & highBits
	isLetter := (letter + 0x7f7f7f7f7f7f7f7f) &^ (letter + 0x7979797979797979) &^ letter & highBits
	if isDigit|isLetter != highBits {
		return 0, false
	}
	x = x&0x0f0f0f0f0f0f0f0f + isLetter>>7*9
	x = (x<<4 | x>>8) & 0x00ff00ff00ff00ff
	x = (x<<8 | x>>16) & 0x0000ffff0000ffff
	return x<<16&0xffff0000 | x>>32, true
}

// skipBlanks gives the index of the first byte of b from i on that is neither
// blank nor tab.
func skipBlanks(b []byte, i int) int {
	for len(b)-i >= 8 && (b[i] == ' ' || b[i] == '\t') {
		n := bits.TrailingZeros64(binary.LittleEndian.Uint64(b[i:])^eightBlanks) / 8
		i += max(n, 1)
	}
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
