package provider

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// auxvText is a vector as a kernel of that word size writes it.
func auxvText(wordSize int, words ...uint64) (b []byte) {
	for _, w := range words {
		if wordSize == 4 {
			b = binary.NativeEndian.AppendUint32(b, uint32(w))
		} else {
			b = binary.NativeEndian.AppendUint64(b, w)
		}
	}
	return b
}

func TestParseAuxv(t *testing.T) {
	for _, size := range []int{4, 8} {
		text := auxvText(size, 33, 0xf7fc0000, 6, 4096, 17, 100, 6, 1, 99, 5, 0, 0)
		want := Auxv{{AtSysinfoEHdr, 0xf7fc0000}, {AtPageSize, 4096}, {AtClkTck, 100}, {AtPageSize, 1}, {99, 5}}
		v, err := ParseAuxv(text, size)
		if err != nil || !slices.Equal(v, want) || AuxvWordSize(text) != size {
			t.Errorf("%d: %v, %v, words of %d", size, v, err, AuxvWordSize(text))
		}
		if page, ok := v.Get(AtPageSize); !ok || page != 4096 {
			t.Errorf("%d, %v", page, ok)
		}
		if x, ok := v.Get(AtSecure); ok || x != 0 {
			t.Errorf("%d, %v", x, ok)
		}
		v, err = ParseAuxv(auxvText(size, 6, 4096, 0, 0, 0, 0, 0, 0), size) // spare zeros
		if err != nil || !slices.Equal(v, Auxv{{AtPageSize, 4096}}) {
			t.Errorf("%d: %v, %v", size, v, err)
		}
	}
	if v, err := ParseAuxv(nil, 8); v != nil || err != nil {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := ParseAuxv(auxvText(8, 6, 1, 0, 0), 2); v != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v, %v", v, err)
	}
}

func TestAuxvRefusesOddText(t *testing.T) {
	for _, size := range []int{4, 8} {
		parse := func(b []byte) (Auxv, error) { return ParseAuxv(b, size) }
		good := string(auxvText(size, 6, 4096, 0, 0))
		malformedText(t, parse, good[:len(good)-1], good[:len(good)-2*size], good[:1], good+"x",
			string(auxvText(size, 6, 4096, 0, 1)), string(auxvText(size, 6, 1, 0, 0, 6, 1)), string(auxvText(size, 6, 1, 0, 0, 0, 1)))
	}
}

func FuzzParseAuxv(f *testing.F) {
	f.Add(auxvText(8, 6, 4096, 0, 0))
	f.Add(auxvText(4, 6, 4096, 0, 0))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, size := range []int{4, 8, AuxvWordSize(b)} {
			v, err := ParseAuxv(b, size)
			if err != nil {
				lawful(t, v, err)
				continue
			}
			var words []uint64
			for _, a := range v {
				words = append(words, uint64(a.Type), a.Value)
			}
			back := auxvText(size, append(words, 0, 0)...)
			if len(b) > 0 && (string(b[:len(back)]) != string(back) || strings.Trim(string(b[len(back):]), "\x00") != "") {
				t.Fatalf("%x comes back as %x", b, back)
			}
		}
	})
}

// Our own, of which Go knows some.
func TestAuxv(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	var v Auxv
	leaksNothing(t, "Auxv", func() {
		var err error
		if v, err = p.Auxv(); err != nil {
			t.Fatal(err)
		}
	})
	for kind, want := range map[AuxType]int{AtPageSize: os.Getpagesize(), AtUID: os.Getuid(), AtEUID: os.Geteuid(), AtGID: os.Getgid(), AtEGID: os.Getegid()} {
		if got, ok := v.Get(kind); !ok || got != uint64(want) {
			t.Errorf("%v: %d, %v", kind, got, ok)
		}
	}
}

func TestAuxTypes(t *testing.T) {
	for kind, want := range map[AuxType]string{AtNull: "AT_NULL", AtPageSize: "AT_PAGESZ", AtSecure: "AT_SECURE", AtExecFn: "AT_EXECFN", AtSysinfoEHdr: "AT_SYSINFO_EHDR",
		AtL3CacheShape: "AT_L3_CACHESHAPE", AtL1ICacheSize: "AT_L1I_CACHESIZE", AtL3CacheGeometry: "AT_L3_CACHEGEOMETRY", AtMinSigStkSz: "AT_MINSIGSTKSZ",
		AtHWCap4: "AT_HWCAP4", 38: "AT_38", 50: "AT_50", 52: "AT_52", 1<<64 - 1: "AT_18446744073709551615"} {
		if got := kind.String(); got != want {
			t.Errorf("%d: %s, want %s", uint64(kind), got, want)
		}
	}
}

// checkAuxv takes the word size from the program instead.
func checkAuxv(p *Process) error {
	v, err := p.Auxv() // also of those whose raw file cannot be opened
	if err != nil || len(v) == 0 {
		return err
	}
	return steady(p, "auxv", func(raw []byte) error {
		v, err := p.Auxv()
		if err != nil {
			return err
		}
		size, err := wordSizeOf(p)
		if err != nil {
			return nil // the program cannot be read
		}
		n := 0
		for pair := range slices.Chunk(raw, 2*size) {
			kind, value := auxWord(pair, size), auxWord(pair[size:], size)
			if kind == 0 {
				break
			}
			if n == len(v) || v[n] != (Aux{AuxType(kind), value}) {
				return fmt.Errorf("%w: auxv, entry %d", errDiffers, n)
			}
			n++
		}
		return same("auxv", len(v), fmt.Sprint(n))
	})
}

func wordSizeOf(p *Process) (int, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/exe", p.PID()))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var ident [elf.EI_NIDENT]byte
	if _, err := f.ReadAt(ident[:], 0); err != nil {
		return 0, err
	}
	if elf.Class(ident[elf.EI_CLASS]) == elf.ELFCLASS32 {
		return 4, nil
	}
	return 8, nil
}
