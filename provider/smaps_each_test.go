package provider

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// naiveSmaps takes a smaps text apart: a map of values for each header.
func naiveSmaps(raw []byte) (heads []string, values []map[string]string) {
	for line := range strings.Lines(string(raw)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok || strings.ContainsAny(key, "- ") {
			heads = append(heads, naiveMaps([]byte(line))[0])
			values = append(values, map[string]string{})
			continue
		}
		values[len(values)-1][key] = strings.Join(strings.Fields(value), " ")
	}
	return heads, values
}

// ofOthers are the lines that change, and back again, with what other processes
// do: those are compared on captured texts alone.
const ofOthers = 1<<SmapPSS | 1<<SmapPSSDirty | 1<<SmapSharedClean | 1<<SmapSharedDirty | 1<<SmapPrivateClean | 1<<SmapPrivateDirty |
	1<<SmapSwapPSS | 1<<SmapPSSAnon | 1<<SmapPSSFile | 1<<SmapPSSShmem

// sameSmap compares each line of the kernel's with the field that holds it.
func sameSmap(s *Smap, head string, values map[string]string, except uint32) error {
	if s.plain() != head {
		return fmt.Errorf("%w: %q, the text says %q", errDiffers, s.plain(), head)
	}
	n := len(s.Unknown)
	for k := range smapFields {
		text, ok := values[k.String()]
		if ok != s.Has(k) {
			return fmt.Errorf("has %s: %v", k, s.Has(k))
		}
		if !ok {
			continue
		}
		n++
		var got string
		switch k {
		case SmapVMFlags: // in whatever order
			if len(s.VMFlags.String()) != len(text) && len(s.Unknown) == 0 {
				return fmt.Errorf("%w: flags %s, the text says %s", errDiffers, s.VMFlags, text)
			}
			continue
		case SmapTHPEligible:
			got = map[bool]string{false: "0", true: "1"}[s.THPEligible]
		case SmapProtectionKey:
			got = strconv.Itoa(s.ProtectionKey)
		default:
			got = strconv.FormatUint(*s.counter(k)>>10, 10) + " kB"
		}
		if got != text && except>>k&1 == 0 {
			return fmt.Errorf("%w: %s of %s: %s, the text says %s", errDiffers, k, head, got, text)
		}
	}
	if n < len(values) {
		return fmt.Errorf("%d lines of %d", n, len(values))
	}
	return nil
}

func checkSmaps(p *Process) error { return checkSmapsExcept(p, ofOthers) }

func checkSmapsExcept(p *Process, except uint32) error {
	return steady(p, "smaps", func(raw []byte) error {
		all, err := p.Smaps()
		if err != nil {
			return err
		}
		if err := sameSmaps(p, all); err != nil {
			return err
		}
		heads, values := naiveSmaps(raw)
		if len(heads) != len(all) {
			return fmt.Errorf("%w: %d mappings, the text says %d", errDiffers, len(all), len(heads))
		}
		for i := range all {
			if err := sameSmap(&all[i], heads[i], values[i], except); err != nil {
				return err
			}
		}
		return nil
	})
}

// sameSmaps wants the same mappings without the list.
func sameSmaps(p *Process, all []Smap) error {
	n := 0
	err := p.EachSmap(func(s *Smap) error {
		if n < len(all) && s.Start != all[n].Start {
			return fmt.Errorf("%w: mapping %d at %x, %x", errDiffers, n, s.Start, all[n].Start)
		}
		n++
		return nil
	})
	if err == nil && n != len(all) {
		err = fmt.Errorf("%w: %d mappings, %d", errDiffers, n, len(all))
	}
	return err
}

func checkSmapsRollup(p *Process) error {
	var s Smap
	if err := p.SmapsRollup(&s); err != nil {
		return err
	}
	return steady(p, "smaps_rollup", func(raw []byte) error {
		if err := p.SmapsRollup(&s); err != nil {
			return err
		}
		heads, values := naiveSmaps(raw)
		return sameSmap(&s, heads[0], values[0], ofOthers)
	})
}

func TestEachSmapCases(t *testing.T) {
	for _, name := range []string{"plain", "shm", "blanks", "older310", "older419"} {
		f, err := OpenFS("testdata/proc/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		pids, _ := f.PIDs(nil)
		if err := checkSmapsExcept(pin(t, f, pids[0]), 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const rollupText = "00400000-7ffe9afdb000 ---p 00000000 00:00 0                                  [rollup]\n" +
	"Rss:                  44 kB\nPss:                  40 kB\nPrivate_Dirty:        4 kB\nLocked:               0 kB\n"

// rollup is SmapsRollup of a captured text.
func rollup(s *Smap, text string) error {
	err := (&smapsRollup{s, new(smapsText)}).Parse([]byte(text))
	if err != nil {
		*s = Smap{}
	}
	return err
}

func TestSmapsRollupReuses(t *testing.T) {
	var s Smap
	if err := rollup(&s, rollupText+"New:   3 kB\n"); err != nil || s.RSS != 44<<10 || len(s.Unknown) != 1 || s.Kind() != MapRollup {
		t.Errorf("%+v, %v", s, err)
	}
	if err := rollup(&s, rollupText); err != nil || s.PSS != 40<<10 || len(s.Unknown) != 0 || s.Has(SmapReferenced) {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", "x", rollupText + rollupText, rollupText[:len(rollupText)-1]} {
		if err := rollup(&s, text); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	if err := p.SmapsRollup(&s); err != nil || s.RSS == 0 || s.PSS > s.RSS || !s.Has(SmapLocked) {
		t.Errorf("%+v, %v", s, err)
	}
	c.end()
	if err := p.SmapsRollup(&s); !errors.Is(err, ErrGone) || s.RSS != 0 || s.Path != nil {
		t.Errorf("after an error: %+v, %v", s, err)
	}
}

func FuzzSmapsRollup(f *testing.F) {
	f.Add(rollupText)
	f.Add(rollupText + "New: 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := ParseSmapsRollup([]byte(text))
		var s Smap
		if err := rollup(&s, rollupText+"Old: 1\n"); err != nil { // what is reused
			t.Fatal(err)
		}
		err := rollup(&s, text)
		lawful(t, s, err)
		if (err == nil) != (wantErr == nil) || err == nil && (s.RSS != want.RSS || s.has != want.has || len(s.Unknown) != len(want.Unknown)) {
			t.Fatalf("%+v, %v; want %+v, %v", s, err, want, wantErr)
		}
	})
}
