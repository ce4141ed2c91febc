package provider

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// text writes what the kernel would.
func (s *KSMStat) text() string {
	yes := map[bool]string{false: "no", true: "yes"}
	var b strings.Builder
	for k, line := range []string{
		fmt.Sprintf("ksm_rmap_items %d", s.RmapItems), fmt.Sprintf("ksm_zero_pages %d", s.ZeroPages),
		fmt.Sprintf("ksm_merging_pages %d", s.MergingPages), fmt.Sprintf("ksm_process_profit %d", s.ProcessProfit),
		"ksm_merge_any: " + yes[s.MergeAny], "ksm_mergeable: " + yes[s.Mergeable],
	} {
		if s.Has(KSMField(k)) {
			b.WriteString(line + "\n")
		}
	}
	for _, line := range s.Unknown {
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}

func checkKSMStat(p *Process) error {
	return steady(p, "ksm_stat", func(raw []byte) error {
		var s KSMStat
		if err := p.KSMStat(&s); err != nil {
			return err
		}
		if len(s.Unknown) != 0 {
			return fmt.Errorf("unknown: %q", s.Unknown)
		}
		return same("ksm_stat", s.text(), string(raw))
	})
}

func checkKSMMergingPages(p *Process) error {
	return steady(p, "ksm_merging_pages", func(raw []byte) error {
		n, err := p.KSMMergingPages()
		if err != nil {
			return err
		}
		return same("ksm_merging_pages", strconv.FormatUint(n, 10)+"\n", string(raw))
	})
}

func TestParseKSMStat(t *testing.T) {
	s, err := ParseKSMStat(memoryText(t, "ksm_stat-newer"))
	want := KSMStat{RmapItems: 4, ZeroPages: -1, MergingPages: 3, ProcessProfit: -256, MergeAny: true,
		Unknown: [][]byte{[]byte("ksm_new_count 5"), []byte("ksm_new_word: maybe")}, has: 1<<ksmFields - 1}
	if err != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v, %v\nwant %+v", s, err, want)
	}
	if s, err = ParseKSMStat(memoryText(t, "ksm_stat-older61")); err != nil || s.RmapItems != 77 || s.Has(KSMZeroPages) || !s.Has(KSMRmapItems) || s.Has(ksmFields) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = ParseKSMStat(memoryText(t, "ksm_stat")); err != nil || !s.MergeAny || s.has != 1<<ksmFields-1 || s.Unknown != nil {
		t.Errorf("%+v, %v", s, err)
	}
	malformedText(t, ParseKSMStat, "", "ksm_rmap_items 4", "ksm_rmap_items\n", "ksm_rmap_items x\n", "ksm_rmap_items -4\n", "ksm_rmap_items 4 5\n",
		"ksm_rmap_items 4\nksm_rmap_items 4\n", "ksm_process_profit --4\n", "ksm_process_profit 9223372036854775808\n", "ksm_merge_any: maybe\n", "ksm_mergeable: \n")
	malformedText(t, ParseKSMMergingPages, "", "\n", "1", "1 2\n", "-1\n", "1\n\n", "18446744073709551616\n")
	if n, err := ParseKSMMergingPages([]byte("18446744073709551615\n")); err != nil || n != 1<<64-1 {
		t.Errorf("%d, %v", n, err)
	}
	if KSMMergeAny.String() != "ksm_merge_any" || ksmFields.String() != "unknown field" {
		t.Error("names")
	}
}

func FuzzParseKSMStat(f *testing.F) {
	for _, name := range []string{"ksm_stat", "ksm_stat-newer", "ksm_stat-older61"} {
		f.Add(memoryText(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseKSMStat(text)
		lawful(t, s, err)
		if err != nil {
			return
		}
		again, err := ParseKSMStat([]byte(s.text()))
		if err != nil || again.text() != s.text() {
			t.Fatalf("%q again: %q, %v", s.text(), again.text(), err)
		}
		n, err := ParseKSMMergingPages(text)
		if err != nil && n != 0 {
			t.Fatal(n, err)
		}
	})
}

func FuzzParseKSMMergingPages(f *testing.F) {
	f.Add([]byte("7\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := ParseKSMMergingPages(text)
		if err == nil && strings.TrimLeft(string(text), "0") != strings.TrimPrefix(strconv.FormatUint(n, 10)+"\n", "0") || err != nil && n != 0 {
			t.Fatalf("%q: %d, %v", text, n, err)
		}
	})
}
