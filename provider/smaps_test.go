package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAllSmaps collects what ReadSmaps yields.
func readAllSmaps(r io.Reader, buf []byte) (all []Smap, err error) {
	err = ReadSmaps(r, buf, func(s *Smap) error {
		all = append(all, s.clone())
		return nil
	})
	return all, err
}

const smapHeader = "7f0000000000-7f0000002000 rw-p 00000000 00:00 0                              [heap]\n"

// everyLine has each line with its own value, in the kernel's layout.
func everyLine() string {
	var b strings.Builder
	b.WriteString(smapHeader)
	for k := range SmapTHPEligible {
		fmt.Fprintf(&b, "%-16s%8d kB\n", k.String()+":", 100+int(k))
	}
	b.WriteString("THPeligible:           1\nProtectionKey:         7\nVmFlags: rd wr \n")
	return b.String()
}

func TestSmapsEachLine(t *testing.T) {
	const k = 1024
	want := Smap{
		Mapping: Mapping{Start: 0x7f0000000000, End: 0x7f0000002000, Perms: PermRead | PermWrite, Path: []byte("[heap]")},
		Size:    100 * k, KernelPageSize: 101 * k, MMUPageSize: 102 * k, RSS: 103 * k, PSS: 104 * k, PSSDirty: 105 * k,
		SharedClean: 106 * k, SharedDirty: 107 * k, PrivateClean: 108 * k, PrivateDirty: 109 * k, Referenced: 110 * k,
		Anonymous: 111 * k, KSM: 112 * k, LazyFree: 113 * k, AnonHugePages: 114 * k, ShmemPMDMapped: 115 * k,
		FilePMDMapped: 116 * k, SharedHugetlb: 117 * k, PrivateHugetlb: 118 * k, Swap: 119 * k, SwapPSS: 120 * k, Locked: 121 * k,
		THPEligible: true, ProtectionKey: 7, VMFlags: VMRead | VMWrite, has: 1<<SmapPSSAnon - 1,
	}
	// The same in other layouts: without padding, wider than it, with new lines between.
	plain := strings.NewReplacer("       ", " ", "  ", " ").Replace(everyLine())
	for _, text := range []string{everyLine(), plain} {
		all, err := ParseSmaps([]byte(text))
		if err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, all, err, want)
		}
	}
	all, err := ParseSmaps([]byte(strings.ReplaceAll(everyLine(), "Rss:", "abc: -1 x\nNew_Line:      5 kB\nRss:") + everyLine()))
	if err != nil || len(all) != 2 || !reflect.DeepEqual(all[1], want) {
		t.Fatalf("%+v, %v", all, err)
	}
	if u := all[0].Unknown; len(u) != 2 || string(u[0]) != "abc: -1 x" || string(u[1]) != "New_Line:      5 kB" || all[0].RSS != want.RSS {
		t.Errorf("%q", u)
	}
	wide := strings.Replace(everyLine(), "     100 kB", "18014398509481983 kB", 1)
	if all, err := ParseSmaps([]byte(wide)); err != nil || all[0].Size != 18014398509481983<<10 || all[0].Locked != want.Locked {
		t.Errorf("wide: %+v, %v", all, err)
	}
}

func TestSmapsRefuses(t *testing.T) {
	good := everyLine()
	change := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	malformedText(t, ParseSmaps, "\n", "x", "Size:                  8 kB\n", smapHeader, smapHeader+smapHeader, good[:len(good)-1],
		smapHeader+good, good+smapHeader, good+good[:len(good)-len("VmFlags: rd wr \n")],
		good[:len(good)-len("VmFlags: rd wr \n")], good+"Rss:    1 kB\n", good+"VmFlags: rd \n",
		change("     100 kB", "18014398509481984 kB"), change(" kB", " MB"), change(" kB", ""), change("     103", "     1 3"), change("     103", "        "),
		change("     103", "     10:"), change("     103", "    -103"), change("Rss:", "Xss:"),
		change("THPeligible:           1", "THPeligible:           1 kB"), change("ProtectionKey:         7", "ProtectionKey:  "),
		change("rw-p", "rwp"))
	for i := len(smapHeader); i < len(good)-1; i++ { // an entry cut anywhere is no entry
		if all, err := ParseSmaps([]byte(good + good[:i])); err == nil {
			t.Fatalf("cut at %d: %+v", i, all[1])
		}
	}
	if all, err := ParseSmaps(nil); all != nil || err != nil {
		t.Errorf("no text: %v, %v", all, err)
	}
}

// Fault 16: kernels with fewer lines are no error.
func TestFault16SmapsLinesMissing(t *testing.T) {
	for name, has := range map[string]bool{"older310": false, "older419": true} {
		all, err := ParseSmaps(caseText(t, name, "smaps"))
		if err != nil {
			t.Fatal(name, err)
		}
		for _, s := range all {
			if s.Has(SmapLazyFree) != has || s.Has(SmapSwapPSS) != has || s.Has(SmapPSSDirty) || !s.Has(SmapLocked) || !s.Has(SmapVMFlags) {
				t.Errorf("%s: %+v", name, s)
			}
			if s.Size != s.End-s.Start || s.MMUPageSize != 4096 || len(s.Unknown) != 0 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
	const first = "00400000-00401000 r-xp 00000000 08:01 1 /bin/a\nSize: 4 kB\nRss: 4 kB\nShared_Clean: 4 kB\nShared_Dirty: 0 kB\nPrivate_Clean: 0 kB\nPrivate_Dirty: 0 kB\n"
	if all, err := ParseSmaps([]byte(first)); err != nil || all[0].RSS != 4096 { // 2.6.14
		t.Errorf("%+v, %v", all, err)
	}
}

// smaps names the same mappings as maps.
func TestSmapsCases(t *testing.T) {
	for _, name := range caseNames(t) {
		all, err := readAllSmaps(bytes.NewReader(caseText(t, name, "smaps")), nil)
		if err != nil {
			t.Fatal(name, err)
		}
		var text strings.Builder
		for _, s := range all {
			text.WriteString(s.text() + "\n")
			if s.Size != s.End-s.Start || len(s.Unknown) != 0 || s.VMFlags == 0 {
				t.Errorf("%s: %+v", name, s)
			}
			if s.RSS != s.SharedClean+s.SharedDirty+s.PrivateClean+s.PrivateDirty {
				t.Errorf("%s: sums of %s", name, s.Path)
			}
		}
		if want := caseText(t, name, "maps"); text.String() != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, text.String(), want)
		}
	}
}

func TestParseSmapsRollup(t *testing.T) {
	const head = "5571a4c0f000-7ffd1ffd2000 ---p 00000000 00:00 0                          [rollup]\n"
	lines := "Rss:                1724 kB\nPss:                 308 kB\nPss_Dirty:           100 kB\nPss_Anon:            100 kB\nPss_File:            208 kB\n" +
		"Pss_Shmem:             3 kB\nShared_Clean:       1624 kB\nPrivate_Dirty:       100 kB\nLocked:                5 kB\n"
	s, err := ParseSmapsRollup([]byte(head + lines))
	if err != nil || s.RSS != 1724<<10 || s.PSSAnon != 100<<10 || s.PSSFile != 208<<10 || s.PSSShmem != 3<<10 || s.Locked != 5<<10 || string(s.Path) != "[rollup]" {
		t.Errorf("%+v, %v", s, err)
	}
	malformedText(t, ParseSmapsRollup, "", head, head+lines[:len(lines)-30], head+lines+head+lines)
}

// A reader's chunks and the buffer's size change nothing.
func TestReadSmapsChunks(t *testing.T) {
	text := caseText(t, "shm", "smaps")
	want, err := ParseSmaps(text)
	if err != nil {
		t.Fatal(err)
	}
	readers := map[string]func() io.Reader{
		"whole": func() io.Reader { return bytes.NewReader(text) },
		"byte":  func() io.Reader { return iotest.OneByteReader(bytes.NewReader(text)) },
		"half":  func() io.Reader { return iotest.HalfReader(bytes.NewReader(text)) },
		"eof":   func() io.Reader { return iotest.DataErrReader(bytes.NewReader(text)) },
		"page":  func() io.Reader { return newKernelReader(text) },
	}
	for name, reader := range readers {
		for _, size := range []int{0, 1, 100, 900, 5000, 100000} {
			got, err := readAllSmaps(reader(), make([]byte, size))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s into %d: %d entries of %d, %v", name, size, len(got), len(want), err)
			}
		}
	}
}

func TestReadSmapsErrors(t *testing.T) {
	text := caseText(t, "plain", "smaps")
	stop := errors.New("stop")
	n := 0
	err := ReadSmaps(bytes.NewReader(text), nil, func(*Smap) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if err != stop || n != 3 {
		t.Errorf("yield's error: %v after %d", err, n)
	}
	if _, err := readAllSmaps(io.MultiReader(bytes.NewReader(text), iotest.ErrReader(stop)), nil); err != stop {
		t.Errorf("reader's error: %v", err)
	}
	if _, err := readAllSmaps(iotest.ErrReader(nil), nil); err != io.ErrNoProgress {
		t.Errorf("no progress: %v", err)
	}
	endless := io.MultiReader(strings.NewReader(smapHeader), strings.NewReader(strings.Repeat("New: 1 kB\n", 200000)))
	if _, err := readAllSmaps(endless, nil); !errors.Is(err, ErrTooBig) {
		t.Errorf("endless entry: %v", err)
	}
	long := strings.Repeat("x", 2<<20)
	if _, err := readAllSmaps(strings.NewReader(long), nil); !errors.Is(err, ErrTooBig) {
		t.Errorf("endless line: %v", err)
	}
}

func TestReadSmapsAllocatesOnce(t *testing.T) {
	text := bytes.Repeat(caseText(t, "shm", "smaps"), 20)
	buf := make([]byte, 32<<10)
	var r bytes.Reader
	n := testing.AllocsPerRun(20, func() {
		r.Reset(text)
		_ = ReadSmaps(&r, buf, func(*Smap) error { return nil })
	})
	if n > 1 {
		t.Errorf("%v allocations for %d mappings", n, bytes.Count(text, []byte("VmFlags")))
	}
}

func TestSmapKeyNames(t *testing.T) {
	for k := range smapFields {
		if got, rest := findSmap([]byte(k.String()+": x"), 0); got != k || string(rest) != " x" {
			t.Errorf("%s is found as %s", k, got)
		}
	}
}

// chunks reads text in pieces whose sizes follow from seed.
type chunks struct {
	text []byte
	seed uint32
}

func (c *chunks) Read(b []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	c.seed = c.seed*1664525 + 1013904223
	n := copy(b[:min(len(b), 1+int(c.seed>>16)%2000)], c.text)
	c.text = c.text[n:]
	return n, nil
}

func FuzzReadSmaps(f *testing.F) {
	for i, name := range caseNames(f) {
		f.Add(caseText(f, name, "smaps"), uint32(i), uint16(i*100))
	}
	f.Add([]byte(everyLine()+everyLine()), uint32(7), uint16(0))
	f.Fuzz(func(t *testing.T, text []byte, seed uint32, size uint16) {
		original := slices.Clone(text)
		want, wantErr := ParseSmaps(text)
		if wantErr != nil {
			lawful(t, want, wantErr)
		}
		if !bytes.Equal(text, original) {
			t.Fatal("the text was changed")
		}
		got, err := readAllSmaps(&chunks{text, seed}, make([]byte, size))
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("in chunks: %+v, %v\nat once: %+v, %v", got, err, want, wantErr)
		}
		sum, err := ParseSmapsRollup(text)
		lawful(t, sum, err)
	})
}
