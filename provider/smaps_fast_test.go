package provider

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// slowly is ParseSmaps one line after the other, none of them in the kernel's
// own layout as far as it knows.
func slowly(text []byte) (all []Smap, err error) {
	keep := func(s *Smap) error {
		all = append(all, s.clone())
		return nil
	}
	t := &smapsText{buf: text, end: len(text), need: smapOld}
	for t.pos < t.end && err == nil {
		n := bytes.IndexByte(text[t.pos:], '\n')
		if n < 0 {
			break
		}
		err = t.line(text[t.pos:t.pos+n], keep)
		t.pos += n + 1
	}
	if err == nil {
		err = t.finish(keep)
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// sameSlowly wants the fast ways to give what the slow one gives.
func sameSlowly(t *testing.T, text []byte) {
	t.Helper()
	want, wantErr := slowly(text)
	got, err := ParseSmaps(text)
	if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
		t.Errorf("%q: %d entries, %v; one line after the other: %d, %v", text[max(0, len(text)-1000):], len(got), err, len(want), wantErr)
	}
}

// odd are changes to an entry that the kernel's own layout does not have.
func odd() []string {
	line := func(old, new string) string { return strings.Replace(everyLine(), old, new, 1) }
	return []string{
		line("     103", "       0"), line("     103", "99999999"), line("     103", "123456789"), line("     103", "        "),
		line("     103", "     1 3"), line("     103", "    0103"), line("     103", "     10:"), line("     103", "    -103"),
		line("Rss:", "Xss:"), line("Rss:                 103 kB\n", ""), line("Shared_Clean", "Shared_Dirty"),
		line("Private_Clean", "Private_Clear"), line(" kB", " MB"), line("Locked", "Lacked"),
		line("THPeligible:           1", "THPeligible:           0"), line("THPeligible:           1", "THPeligible:          27"),
		line("THPeligible:           1", "THPeligible:            "), line("THPeligible:           1\n", ""),
		line("ProtectionKey:         7", "ProtectionKey:     65535"), line("ProtectionKey:         7", "ProtectionKey:     65536"),
		line("ProtectionKey:         7\n", ""), line("VmFlags: rd wr ", "VmFlags: "), line("VmFlags: rd wr ", "VmFlags: rd wr"),
		line("VmFlags: rd wr ", "VmFlags:rd wr "), line("VmFlags: rd wr ", "VmFlags: rd  wr "), line("VmFlags: rd wr ", "VmFlags: rd zz "),
		line("VmFlags: rd wr ", "VmFlags: rd w"), line("VmFlags", "VmFlaps"), everyLine() + "New_Line:     3 kB\n",
		line("VmFlags: rd wr \n", "VmFlags: rd wr \nVmFlags: rd \n"), line("Rss:", "Rss:    1 kB\nRss:"),
		line("Size:", "0Size:"), line("Size:", "Old: 3\nSize:"),
	}
}

// TestSmapsFast: first, in the middle and last, and where the first entry had
// other lines than the rest.
func TestSmapsFast(t *testing.T) {
	sameSlowly(t, []byte(everyLine()+everyLine()))
	for _, one := range odd() {
		sameSlowly(t, []byte(one))
		sameSlowly(t, []byte(everyLine()+one))
		sameSlowly(t, []byte(everyLine()+one+everyLine()))
		sameSlowly(t, []byte(one+everyLine()+everyLine()))
	}
	const late = smapHeader + "THPeligible: 1\nSize: 8 kB\nRss: 4 kB\nPrivate_Dirty: 0 kB\nVmFlags: rd \n"
	plain := smapHeader + "Size:                  8 kB\nRss:                   4 kB\nPrivate_Dirty:         0 kB\nVmFlags: rd \n"
	sameSlowly(t, []byte(late+plain+plain))
	sameSlowly(t, []byte(plain+late+plain))
	for _, name := range caseNames(t) {
		sameSlowly(t, caseText(t, name, "smaps"))
	}
	sameSlowly(t, ownText(t, "smaps"))
}

// TestSmapsReset: nothing of an entry is in the next one.
func TestSmapsReset(t *testing.T) {
	var s Smap
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Uint64:
			f.SetUint(1)
		case reflect.Int:
			f.SetInt(1)
		case reflect.Bool:
			f.SetBool(true)
		}
	}
	s.has, s.Unknown, s.Path = 1, [][]byte{{1}}, []byte("x")
	m := Mapping{Start: 1, Path: []byte("y")}
	s.reset(&m)
	if cap(s.Unknown) != 1 || len(s.Unknown) != 0 {
		t.Errorf("%v", s.Unknown)
	}
	if s.Unknown = nil; !reflect.DeepEqual(s, Smap{Mapping: m}) {
		t.Errorf("%+v", s)
	}
}

// TestSmapsSizes: the sizes lie in the order of their keys.
func TestSmapsSizes(t *testing.T) {
	var s Smap
	for k := range SmapTHPEligible {
		if &s.sizes()[k] != s.counter(k) {
			t.Errorf("%s is elsewhere", k)
		}
	}
}

func FuzzSmapsFast(f *testing.F) {
	for _, name := range caseNames(f) {
		f.Add(caseText(f, name, "smaps"))
	}
	for _, one := range odd() {
		f.Add([]byte(everyLine() + one))
	}
	f.Fuzz(func(t *testing.T, text []byte) { sameSlowly(t, text) })
}
