package render

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parseMapEntry is AppendMapEntry the other way round: the path is what stands
// between the twelfth blank and the last but one, as good clients have it.
func parseMapEntry(line []byte) (*MapEntry, error) {
	text, ok := strings.CutSuffix(string(line), "\n")
	w := strings.SplitN(text, " ", 13)
	if !ok || len(w) != 13 {
		return nil, fmt.Errorf("%w: %q", errForm, line)
	}
	tail := strings.Split(w[12], " ")
	if len(tail) < 3 {
		return nil, fmt.Errorf("%w: %q", errForm, line)
	}
	n := len(tail) - 2
	p := mapParser{}
	e := &MapEntry{
		Start: p.hex(w[0]), End: p.hex(w[1]), Resident: p.count(w[2]), PrivateResident: p.count(w[3]),
		Object: p.hex(w[4]), Access: p.access(w[5]), RefCount: p.int(w[6]), ShadowCount: p.int(w[7]),
		Flags:       ObjectFlags(p.hex(w[8])),
		CopyOnWrite: p.either(w[9], "COW", "NCOW"), NeedsCopy: p.either(w[10], "NC", "NNC"), Type: p.typ(w[11]),
		Path: p.path(strings.Join(tail[:n], " ")), Charged: p.either(tail[n], "CH", "NCH"),
	}
	e.UID = p.uid(tail[n+1], e.Charged)
	return e, p.err
}

// mapParser keeps the first error.
type mapParser struct{ err error }

// want keeps an error unless word is spelled as the room spells it.
func (p *mapParser) want(word, spelled string, err error) {
	if p.err == nil && (err != nil || word != spelled) {
		p.err = fmt.Errorf("%w: word %q, want %q (%v)", errForm, word, spelled, err)
	}
}

func (p *mapParser) hex(word string) uint64 {
	v, err := strconv.ParseUint(word, 0, 64)
	p.want(word, fmt.Sprintf("0x%x", v), err)
	return v
}

func (p *mapParser) count(word string) uint64 {
	v, err := strconv.ParseUint(word, 10, 64)
	p.want(word, fmt.Sprint(v), err)
	return v
}

func (p *mapParser) int(word string) int {
	v, err := strconv.ParseInt(word, 10, 64)
	p.want(word, fmt.Sprint(v), err)
	return int(v)
}

func (p *mapParser) either(word, yes, no string) bool {
	if word != yes {
		p.want(word, no, nil)
	}
	return word == yes
}

func (p *mapParser) access(word string) Access {
	all := []string{"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"} // VM_PROT_*'s order
	i := slices.Index(all, word)
	if i < 0 {
		p.want(word, "rwx", nil)
	}
	return Access(i)
}

func (p *mapParser) typ(word string) ObjectType {
	i := slices.Index([]string{"none", "phys", "swap", "vnode", "device", "dead", "unknown"}, word)
	if i < 0 {
		p.want(word, "unknown", nil)
	}
	return ObjectType(i)
}

func (p *mapParser) path(word string) string {
	if word == "-" {
		return ""
	}
	return strings.ReplaceAll(word, `\012`, "\n")
}

func (p *mapParser) uid(word string, charged bool) uint32 {
	if !charged {
		p.want(word, "-1", nil)
		return 0
	}
	v, err := strconv.ParseInt(word, 10, 32)
	p.want(word, fmt.Sprint(v), err)
	return uint32(v)
}

func library() *MapEntry {
	return &MapEntry{
		Start: 0x800602000, End: 0x800622000, Resident: 32, PrivateResident: 3, Object: 0xfffff8000397e780,
		Access: AccessRead | AccessExecute, RefCount: 31, ShadowCount: 1, Flags: FlagColored,
		CopyOnWrite: true, NeedsCopy: true, Type: TypeVnode, Path: "/libexec/ld-elf.so.1",
	}
}

func TestAppendMapEntry(t *testing.T) {
	tests := []struct {
		name string
		edit func(e *MapEntry)
		want string
	}{
		{"library text, as a client quotes it", func(e *MapEntry) { e.PrivateResident, e.ShadowCount = 0, 0 },
			"0x800602000 0x800622000 32 0 0xfffff8000397e780 r-x 31 0 0x1000 COW NC vnode /libexec/ld-elf.so.1 NCH -1\n"},
		{"never touched", func(e *MapEntry) {
			*e = MapEntry{Start: 0x1000, End: 0x2000, Access: AccessRead | AccessWrite, Charged: true, UID: 1001}
		}, "0x1000 0x2000 0 0 0x0 rw- 0 0 0x0 NCOW NNC none - CH 1001\n"},
		{"heap", func(e *MapEntry) {
			e.Access, e.Flags, e.Type, e.Path = AccessRead|AccessWrite, FlagAnon|FlagSwap|FlagOneMapping, TypeSwap, ""
			e.CopyOnWrite, e.NeedsCopy, e.Charged = false, false, true
		}, "0x800602000 0x800622000 32 3 0xfffff8000397e780 rw- 31 1 0x2210 NCOW NNC swap - CH 0\n"},
		{"copied data", func(e *MapEntry) { e.NeedsCopy = false },
			"0x800602000 0x800622000 32 3 0xfffff8000397e780 r-x 31 1 0x1000 COW NNC vnode /libexec/ld-elf.so.1 NCH -1\n"},
		{"needs copy alone", func(e *MapEntry) { e.CopyOnWrite = false },
			"0x800602000 0x800622000 32 3 0xfffff8000397e780 r-x 31 1 0x1000 NCOW NC vnode /libexec/ld-elf.so.1 NCH -1\n"},
		{"device", func(e *MapEntry) {
			e.Type, e.Flags, e.Path = TypeDevice, FlagFictitious|FlagUnmanaged, "/dev/dri/card0"
		},
			"0x800602000 0x800622000 32 3 0xfffff8000397e780 r-x 31 1 0x3 COW NC device /dev/dri/card0 NCH -1\n"},
		{"blanks stay, newline goes", func(e *MapEntry) { e.Path = "/a b\n c (deleted)" },
			`0x800602000 0x800622000 32 3 0xfffff8000397e780 r-x 31 1 0x1000 COW NC vnode /a b\012 c (deleted) NCH -1` + "\n"},
		{"last address, not charged although a uid is there", func(e *MapEntry) {
			e.Start, e.End, e.UID = 0xffffffffff600000, math.MaxUint64, 7
		}, "0xffffffffff600000 0xffffffffffffffff 32 3 0xfffff8000397e780 r-x 31 1 0x1000 COW NC vnode /libexec/ld-elf.so.1 NCH -1\n"},
		{"the kernel prints the uid with %d", func(e *MapEntry) { e.Charged, e.UID = true, 4294967294 },
			"0x800602000 0x800622000 32 3 0xfffff8000397e780 r-x 31 1 0x1000 COW NC vnode /libexec/ld-elf.so.1 CH -2\n"},
		{"counts beyond int64", func(e *MapEntry) { e.Resident, e.PrivateResident = math.MaxUint64, 1<<63 },
			"0x800602000 0x800622000 18446744073709551615 9223372036854775808 0xfffff8000397e780 r-x 31 1 0x1000 COW NC vnode /libexec/ld-elf.so.1 NCH -1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := library()
			tt.edit(e)
			if got := string(AppendMapEntry(nil, e)); got != tt.want {
				t.Errorf("got  %swant %s", got, tt.want)
			}
		})
	}
}

func TestAccess(t *testing.T) {
	for a, want := range map[Access]string{
		0: "---", AccessRead: "r--", AccessWrite: "-w-", AccessExecute: "--x",
		AccessRead | AccessWrite: "rw-", AccessRead | AccessExecute: "r-x", AccessWrite | AccessExecute: "-wx",
		AccessRead | AccessWrite | AccessExecute: "rwx", 0xf8: "---",
	} {
		if got := string(appendAccess(nil, a)); got != want {
			t.Errorf("access %#x is %s, want %s", uint8(a), got, want)
		}
	}
}

// Some clients scan the flags as decimal digits after 0x.
func TestObjectFlagsAreDecimal(t *testing.T) {
	all := []ObjectFlags{
		FlagFictitious, FlagUnmanaged, FlagAnon, FlagSwap, FlagColored, FlagOneMapping, FlagSysVShm, FlagPosixShm,
	}
	for set := range 1 << len(all) {
		var flags ObjectFlags
		for i, f := range all {
			if set>>i&1 != 0 {
				flags |= f
			}
		}
		column := string(appendHex(nil, uint64(flags)))
		if strings.Trim(column[2:], "0123456789") != "" {
			t.Errorf("flags print %s", column)
		}
	}
	if got := string(appendHex(nil, uint64(FlagFictitious|FlagUnmanaged|FlagAnon|FlagSwap|FlagColored|FlagOneMapping|FlagSysVShm|FlagPosixShm))); got != "0x33213" {
		t.Errorf("all flags print %s, want 0x33213", got)
	}
}

func TestObjectTypeString(t *testing.T) {
	for typ, want := range map[ObjectType]string{
		TypeNone: "none", TypePhys: "phys", TypeSwap: "swap", TypeVnode: "vnode", TypeDevice: "device",
		TypeDead: "dead", TypeUnknown: "unknown", TypeUnknown + 1: "unknown", 255: "unknown",
	} {
		if got := typ.String(); got != want {
			t.Errorf("type %d is %s, want %s", uint8(typ), got, want)
		}
	}
}

func TestAppendMap(t *testing.T) {
	heap := &MapEntry{Start: 0x800622000, End: 0x800623000, Type: TypeSwap}
	got := string(AppendMap([]byte("x\n"), []MapEntry{*library(), *heap}))
	want := "x\n" +
		"0x800602000 0x800622000 32 3 0xfffff8000397e780 r-x 31 1 0x1000 COW NC vnode /libexec/ld-elf.so.1 NCH -1\n" +
		"0x800622000 0x800623000 0 0 0x0 --- 0 0 0x0 NCOW NNC swap - NCH -1\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if got := AppendMap(nil, nil); len(got) != 0 {
		t.Errorf("map of nothing is %q", got)
	}
}

func TestMapRoundTrip(t *testing.T) {
	odd := library()
	odd.Path, odd.Charged, odd.UID = " a  b\n\t\xff ", true, math.MaxUint32
	for _, e := range []*MapEntry{library(), odd, {}} {
		line := AppendMapEntry(nil, e)
		got, err := parseMapEntry(line)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: parsed %+v, %v, want %+v", line, got, err, e)
		}
	}
}

func TestAppendMapAllocs(t *testing.T) {
	odd := library()
	odd.Path, odd.Charged = strings.Repeat("\n", 4096), true
	entries := []MapEntry{*library(), *odd, {}}
	noAllocs(t, func(dst []byte) []byte { return AppendMap(dst, entries) })
}

func BenchmarkAppendMap(b *testing.B) {
	entries, dst := slices.Repeat([]MapEntry{*library()}, 100), make([]byte, 0, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendMap(dst[:0], entries)
	}
	b.SetBytes(int64(len(dst)))
}

// TestAppendHex: every length, and every digit in every place.
func TestAppendHex(t *testing.T) {
	numbers := []uint64{0, math.MaxUint64, 0x0123456789abcdef, 0xfedcba9876543210}
	for i := range 64 {
		numbers = append(numbers, 1<<i, 1<<i-1, 0x0123456789abcdef>>i, 0xfedcba9876543210>>i)
	}
	for _, n := range numbers {
		for _, room := range []int{0, 10, 64} {
			if got, want := string(appendHex(make([]byte, 0, room), n)), fmt.Sprintf("%#x", n); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}

// TestAppendMapHeadTail: a line is its two parts with the ref count between.
func TestAppendMapHeadTail(t *testing.T) {
	e := library()
	head, tail := string(AppendMapHead(nil, e)), string(AppendMapTail(nil, e))
	if got, want := head+strconv.Itoa(e.RefCount)+tail, string(AppendMapEntry(nil, e)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !strings.HasSuffix(head, " r-x ") || strings.Count(head, " ") != 6 {
		t.Errorf("head %q", head)
	}
}
