package provider

import (
	"encoding/binary"
	"slices"
	"testing"
)

// dirents writes names as getdents64 does.
func dirents(names ...string) (b []byte) {
	for _, name := range names {
		size := (19 + len(name) + 1 + 7) &^ 7
		rec := make([]byte, size)
		binary.NativeEndian.PutUint16(rec[16:], uint16(size))
		copy(rec[19:], name)
		b = append(b, rec...)
	}
	return b
}

// numericNames appends the numbers among the names of a getdents64 buffer.
func numericNames(dst []int, b []byte) []int {
	names(b, func(name []byte) bool {
		if n, ok := decimalName(name); ok {
			dst = append(dst, n)
		}
		return true
	})
	return dst
}

func TestDirents(t *testing.T) {
	got := numericNames([]int{5}, dirents(".", "..", "1", "self", "42", "4x", "x4", "-3", "", "2147483647", "99999999999", "9"))
	if want := []int{5, 1, 42, 2147483647, 9}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func FuzzDirents(f *testing.F) {
	good := dirents("1", "self", "42")
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(append(good[:18:18], 0xff, 0xff))
	f.Add(make([]byte, 64)) // records of length zero
	f.Fuzz(func(t *testing.T, b []byte) {
		b = slices.Clip(slices.Clone(b))
		got := numericNames([]int{5}, b)
		if got[0] != 5 || len(got) > 1+len(b)/20 {
			t.Fatalf("%d numbers out of %d bytes", len(got), len(b))
		}
		for _, n := range got {
			if n < 0 || n > 9999999999 {
				t.Fatalf("%d is no pid", n)
			}
		}
	})
}
