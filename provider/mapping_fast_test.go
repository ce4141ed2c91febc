package provider

import (
	"bytes"
	"testing"
)

// The fast way and the other agree wherever the fast one goes.
func FuzzMappingFast(f *testing.F) {
	for _, name := range caseNames(f) {
		for line := range bytes.Lines(caseText(f, name, "maps")) {
			f.Add(bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	f.Add([]byte("7f0e16a7900g-7f0e16a7b000 rw-s 00000000 00:1b 2                          /dev/shm/fixture"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var fast, other Mapping
		if !fast.parseFast(line) {
			return
		}
		if !other.parseAny(line) || fast.plain() != other.plain() {
			t.Fatalf("%q: fast %q, else %q", line, fast.plain(), other.plain())
		}
	})
}

func TestMappingFastTakesNearlyAll(t *testing.T) {
	fast, all := 0, 0
	for line := range bytes.Lines(ownText(t, "maps")) {
		var m Mapping
		all++
		if m.parseFast(bytes.TrimSuffix(line, []byte("\n"))) {
			fast++
		}
	}
	if fast*10 < all*8 {
		t.Errorf("%d of %d lines", fast, all)
	}
	for i := range 256 { // any one byte instead of a digit
		line := []byte("7f0e16a79000-7f0e16a7b000 rw-s 00000000 00:1b 2                          /dev/shm/fixture")
		line[5] = byte(i)
		var m, other Mapping
		if ok := m.parseFast(line); ok != other.parseAny(line) && i != '-' || ok && m.Start != other.Start {
			t.Errorf("%q: %v, %x, %x", line, ok, m.Start, other.Start)
		}
	}
}
