package provider

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"testing"
)

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		text string
		v    uint64
		n    int
	}{
		{"", 0, 0}, {"x", 0, 0}, {"-1", 0, 0}, {"0", 0, 1}, {"42 ", 42, 2}, {"18446744073709551615", math.MaxUint64, 20},
		{"18446744073709551616", 0, 0}, {"99999999999999999999", 0, 0}, {"000000000000000000000000000000007", 7, 33},
	} {
		if v, n := decimal([]byte(c.text)); v != c.v || n != c.n {
			t.Errorf("%q: %d, %d", c.text, v, n)
		}
	}
	for _, c := range []struct {
		text string
		v    int64
		n    int
	}{
		{"-", 0, 0}, {"--1", 0, 0}, {"-1", -1, 2}, {"9223372036854775807", math.MaxInt64, 19}, {"9223372036854775808", 0, 0},
		{"-9223372036854775808", math.MinInt64, 20}, {"-9223372036854775809", 0, 0},
	} {
		if v, n := signed([]byte(c.text)); v != c.v || n != c.n {
			t.Errorf("%q: %d, %d", c.text, v, n)
		}
	}
}

func TestHexadecimalAndOctal(t *testing.T) {
	for _, c := range []struct {
		text string
		v    uint64
		n    int
	}{
		{"", 0, 0}, {"A", 0, 0}, {"00000000", 0, 8}, {"0000000000000000", 0, 16}, {"ffffffffffffffff", math.MaxUint64, 16},
		{"10000000000000000", 0, 0}, {"0ffffffffffffffff", math.MaxUint64, 17}, {"1f-", 0x1f, 2}, {"0000000000000000f", 15, 17},
	} {
		if v, n := hexadecimal([]byte(c.text)); v != c.v || n != c.n {
			t.Errorf("%q: %x, %d", c.text, v, n)
		}
	}
	for text, want := range map[string]uint64{"0022": 0o22, "0777": 0o777, "37777777777": math.MaxUint32} {
		if v, n := octal([]byte(text)); v != want || n != len(text) {
			t.Errorf("%q: %o, %d", text, v, n)
		}
	}
	if _, n := octal([]byte("40000000000")); n != 0 {
		t.Error("octal beyond 32 bits")
	}
}

// padded8 is what strconv says of the same eight bytes.
func TestPadded8(t *testing.T) {
	for _, v := range []uint64{0, 1, 9, 10, 99, 100, 12345, 999999, 1234567, 12345678, 99999999} {
		if got, ok := padded8(fmt.Appendf(nil, "%8d", v)); !ok || got != v {
			t.Errorf("%d: %d, %v", v, got, ok)
		}
	}
	for _, text := range []string{"        ", "      1 ", "1       ", "    1 23", "      -1", "      1:", "      /1", "      1\x80", "\xb0\xb0\xb0\xb0\xb0\xb0\xb0\xb0", "\x10\x10\x10\x10\x10\x10\x10\x10", "1234567?"} {
		if v, ok := padded8([]byte(text)); ok {
			t.Errorf("%q: %d", text, v)
		}
	}
}

func FuzzPadded8(f *testing.F) {
	f.Add([]byte("      42"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 8 {
			return
		}
		i := 0
		for i < 7 && b[i] == ' ' {
			i++
		}
		want, err := strconv.ParseUint(string(b[i:]), 10, 64)
		if b[i] == '+' {
			err = strconv.ErrSyntax
		}
		if v, ok := padded8(b); ok != (err == nil) || ok && v != want {
			t.Fatalf("%q: %d, %v; want %d, %v", b, v, ok, want, err)
		}
	})
}

// Eight hexadecimal digits at once, against the loop.
func TestEightHexDigits(t *testing.T) {
	for _, text := range []string{"00000000", "12345678", "abcdef09", "ffffffff", "fffffffe", "0000000a",
		"`0000000", "0000000g", "000A0000", "0000/000", "0000:000", "000\x80\xff000", "\xba\xff\x000000a", "00 00000"} {
		want, n := hexadecimal([]byte(text))
		v, ok := eightHexDigits(binary.LittleEndian.Uint64([]byte(text)))
		if ok != (n == 8) || ok && v != want {
			t.Errorf("%q: %x, %v; want %x of %d digits", text, v, ok, want, n)
		}
	}
}

func FuzzEightHexDigits(f *testing.F) {
	f.Add(uint64(0x3030303030303030))
	f.Add(uint64(0x6661393062636465))
	f.Fuzz(func(t *testing.T, x uint64) {
		text := binary.LittleEndian.AppendUint64(nil, x)
		want, n := hexadecimal(text)
		v, ok := eightHexDigits(x)
		if ok != (n == 8) || ok && v != want {
			t.Errorf("%q: %x, %v; want %x of %d digits", text, v, ok, want, n)
		}
	})
}
