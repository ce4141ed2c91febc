package render

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func FuzzMapEntry(f *testing.F) {
	f.Add(uint64(0x800602000), uint64(32), uint64(0xfffff8000397e780), uint8(5), 31, uint32(FlagColored), uint8(3), uint8(TypeVnode), "/libexec/ld-elf.so.1", uint32(0))
	f.Add(uint64(0), uint64(0), uint64(0), uint8(0), 0, uint32(0), uint8(0), uint8(0), "", uint32(0))
	f.Add(uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(1), uint8(255), math.MinInt, uint32(math.MaxUint32), uint8(7), uint8(255), " /a b\n (deleted)\n", uint32(math.MaxUint32))
	f.Add(uint64(1), uint64(2), uint64(3), uint8(7), -1, uint32(0x10), uint8(4), uint8(2), `\012 NCH -1`, uint32(65534))
	f.Fuzz(func(t *testing.T, start, pages, obj uint64, access uint8, refs int, flags uint32, bits, typ uint8, path string, uid uint32) {
		e := &MapEntry{
			Start: start, End: ^start, Resident: pages, PrivateResident: pages / 2, Object: obj,
			Access: Access(access), RefCount: refs, ShadowCount: -refs, Flags: ObjectFlags(flags),
			CopyOnWrite: bits&1 != 0, NeedsCopy: bits&2 != 0, Type: ObjectType(typ), Path: path, Charged: bits&4 != 0, UID: uid,
		}
		line := AppendMapEntry(nil, e)
		checkMapForm(t, line, path)
		got, err := parseMapEntry(line)
		if err != nil {
			t.Fatal(err)
		}
		checkMapSame(t, got, e)
		if again := AppendMapEntry(nil, got); !bytes.Equal(again, line) {
			t.Fatalf("line  %qagain %q", line, again)
		}
	})
}

// checkMapForm holds for every line, whatever went in.
func checkMapForm(t *testing.T, line []byte, path string) {
	t.Helper()
	if bytes.IndexByte(line, '\n') != len(line)-1 {
		t.Fatalf("not one newline: %q", line)
	}
	longest := 3*19 + 4*20 + 3 + 10 + 4 + 3 + 7 + 3 + 11 + 14 + 1 // columns, blanks, newline
	if len(line) > longest+max(1, len(path)+3*strings.Count(path, "\n")) {
		t.Fatalf("%d bytes: %q", len(line), line)
	}
	columns := strings.Split(string(line), " ")
	if len(columns) != 15+strings.Count(path, " ") || slices.Contains(columns[:12], "") {
		t.Fatalf("%d columns: %q", len(columns), line)
	}
	for _, i := range []int{0, 1, 4, 8} {
		if !strings.HasPrefix(columns[i], "0x") {
			t.Fatalf("column %d of %q", i+1, line)
		}
	}
}

// checkMapSame wants got to be e, but for what one spelling stands for.
func checkMapSame(t *testing.T, got, e *MapEntry) {
	t.Helper()
	want := *e
	want.Access &= AccessRead | AccessWrite | AccessExecute
	want.Type = min(e.Type, TypeUnknown)
	want.Path = strings.ReplaceAll(e.Path, `\012`, "\n")
	if e.Path == "-" {
		want.Path = ""
	}
	if !e.Charged {
		want.UID = 0
	}
	if !reflect.DeepEqual(got, &want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}
