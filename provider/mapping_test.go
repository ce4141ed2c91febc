package provider

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func mustMapping(t *testing.T, line string) Mapping {
	t.Helper()
	var m Mapping
	if err := ParseMapping([]byte(line), &m); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return m
}

// text writes a mapping as the kernel does: the path begins at column 73.
func (m *Mapping) text() string {
	s := fmt.Sprintf("%08x-%08x %s %08x %02x:%02x %d ", m.Start, m.End, m.Perms, m.Offset, m.Dev.Major, m.Dev.Minor, m.Inode)
	if len(m.Path) == 0 {
		return s
	}
	return fmt.Sprintf("%-73s%s", s, m.Path)
}

func TestParseMapping(t *testing.T) {
	got := mustMapping(t, "7f0e16a79000-ffffffffffffffff rw-s fffffffffffff000 103:10f 18446744073709551615              /dev/shm/x (deleted)")
	want := Mapping{
		Start: 0x7f0e16a79000, End: 0xffffffffffffffff, Perms: PermRead | PermWrite | PermShared,
		Offset: 0xfffffffffffff000, Dev: Device{0x103, 0x10f}, Inode: 18446744073709551615, Path: []byte("/dev/shm/x (deleted)"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, line := range []string{"00400000-00401000 ---p 00000000 00:00 0 ", "00400000-00401000 ---p 00000000 00:00 0"} {
		if m := mustMapping(t, line); len(m.Path) != 0 || m.End != 0x401000 || m.Perms != 0 {
			t.Errorf("%q: %+v", line, m)
		}
	}
}

func TestParseMappingRefuses(t *testing.T) {
	parse := func(b []byte) (m Mapping, err error) {
		err = ParseMapping(b, &m)
		return m, err
	}
	good := "00400000-00401000 r-xp 00001000 fe:00 997 "
	malformedText(t, parse, "", " ", "-", "00400000", "00400000-", "00400000-00401000", "00400000-00401000 r-xp",
		"00400000-00401000 r-xp 00001000 fe:00", "00400000-00401000 r-xp 00001000 fe:00 ", "00400000-00401000 r-xp 00001000 fe 997 ",
		"00400000-00401000 rxxp 00001000 fe:00 997 ", "00400000-00401000 r-xq 00001000 fe:00 997 ", "00400000-00401000 r-xpp 00001000 fe:00 997 ",
		"10000000000000000-00401000 r-xp 00001000 fe:00 997 ", "00400000-00401000 r-xp 00001000 100000000:00 997 ",
		"00400000-00401000 r-xp 00001000 fe:00 18446744073709551616 ", "0040000G-00401000 r-xp 00001000 fe:00 997 ",
		"00400000-00401000 r-xp 00001000 fe:00 997x", good+"/a\n", "Size:                  8 kB")
	for i := range len(good) - 2 {
		if m, err := parse([]byte(good[:i])); err == nil && i < len(good)-4 {
			t.Errorf("cut at %d: %+v", i, m)
		}
	}
}

// Fault 1: paths that begin with /SYSV made the Rust crate panic.
func TestFault01PathLikeSysV(t *testing.T) {
	for _, path := range []string{"/SYSV", "/SYSV1", "/SYSV00c0ffe", "/SYSVnot hex at all", "/SYSV00c0ffee (deleted)", "[", "[]", "[stack:", "[stack:x]"} {
		m := mustMapping(t, "00400000-00401000 r--s 00000000 00:01 5 "+path)
		if string(m.Path) != path {
			t.Errorf("%q became %q", path, m.Path)
		}
	}
}

// Fault 7: a mapped file's name need not be UTF-8.
func TestFault07PathNotUTF8(t *testing.T) {
	if !slices.Contains(paths(t, "blanks"), "/tmp/pfx/caf\xe9 \xff") {
		t.Errorf("%q", paths(t, "blanks"))
	}
}

// Fault 21: blanks in and after a path stay; so does "(deleted)" of either kind.
func TestFault21PathKeepsBlanks(t *testing.T) {
	got := paths(t, "blanks")
	for _, want := range []string{"/tmp/pfx/a  b", "/tmp/pfx/ends in blank ", "/tmp/pfx/not gone (deleted)", `/tmp/pfx/new\012line`, "[heap]", ""} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
	if !slices.Contains(paths(t, "deletedexe"), "/tmp/pfx/gone (deleted)") {
		t.Errorf("%q", paths(t, "deletedexe"))
	}
}

func TestMappingShared(t *testing.T) {
	got := paths(t, "shm")
	for _, want := range []string{"/dev/shm/fixture (deleted)", "/dev/zero (deleted)", "/memfd:a memfd (deleted)", "/SYSV00c0ffee (deleted)"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
}

// paths gives the paths in the maps of a case.
func paths(t *testing.T, name string) (all []string) {
	t.Helper()
	for m, err := range Mappings(caseText(t, name, "maps")) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(m.Path))
	}
	return all
}

// What is parsed is what the kernel wrote, to the byte.
func TestMappingsRoundTrip(t *testing.T) {
	for _, name := range caseNames(t) {
		text := caseText(t, name, "maps")
		var b strings.Builder
		for m, err := range Mappings(text) {
			if err != nil {
				t.Fatal(name, err)
			}
			b.WriteString(m.text() + "\n")
		}
		if b.String() != string(text) {
			t.Errorf("%s:\n%s\nwant\n%s", name, b.String(), text)
		}
	}
}

func TestMappingsEnd(t *testing.T) {
	const line = "00400000-00401000 r-xp 00001000 fe:00 997 \n"
	for text, want := range map[string]int{"": 0, line: 1, line + line + "x\n" + line: 2, line + line[:len(line)-1]: 1} {
		n, failed := 0, false
		for m, err := range Mappings([]byte(text)) {
			if failed || (m == nil) != (err != nil) || err != nil && !errors.Is(err, ErrMalformed) {
				t.Fatalf("%q: %v, %v", text, m, err)
			}
			if failed = err != nil; !failed {
				n++
			}
		}
		if n != want || failed != (len(text) > len(line)) {
			t.Errorf("%q: %d mappings, failed %v", text, n, failed)
		}
	}
	for range Mappings([]byte(line + line)) {
		break
	}
}

func TestPermsString(t *testing.T) {
	for p := range Perms(16) {
		var q Perms
		if !q.parse([]byte(p.String()+" ")) || p != q {
			t.Errorf("%d: %s", p, p)
		}
	}
}

func TestMappingAllocatesNothing(t *testing.T) {
	line := []byte("00400000-00401000 r-xp 00001000 fe:00 997                                 /usr/bin/cat")
	var m Mapping
	if n := testing.AllocsPerRun(100, func() { _ = ParseMapping(line, &m) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseMapping(f *testing.F) {
	for _, name := range caseNames(f) {
		for line := range bytes.Lines(caseText(f, name, "maps")) {
			f.Add(bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	f.Add([]byte("0-1 rwxS 0 0:0 0 /SYSV"))
	f.Fuzz(func(t *testing.T, line []byte) {
		m := Mapping{Start: 1}
		err := ParseMapping(line, &m)
		if err != nil {
			lawful(t, m, err)
			return
		}
		if len(m.Path) > 0 && !bytes.HasSuffix(line, m.Path) {
			t.Fatalf("path %q", m.Path)
		}
		var again Mapping
		if err := ParseMapping([]byte(m.text()), &again); err != nil || again.text() != m.text() {
			t.Fatalf("%q again: %q, %v", m.text(), again.text(), err)
		}
	})
}
