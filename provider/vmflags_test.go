package provider

import (
	"slices"
	"strings"
	"testing"
)

func TestVMFlags(t *testing.T) {
	got, unknown := ParseVMFlags([]byte("VmFlags: rd ex mr mw me \n"))
	if want := VMRead | VMExec | VMMayRead | VMMayWrite | VMMayExec; got != want || unknown != nil {
		t.Errorf("%s, %q", got, unknown)
	}
	if !got.Has(VMRead|VMExec) || got.Has(VMRead|VMWrite) || got.String() != "rd ex mr mw me" {
		t.Errorf("%s", got)
	}
	for _, c := range []struct {
		code string
		flag VMFlags
	}{
		{"sh", VMShared}, {"gd", VMGrowsDown}, {"um", VMUffdMissing}, {"pf", VMPFNMap}, {"gu", VMMaybeGuard}, {"uw", VMUffdWP},
		{"lo", VMLocked}, {"io", VMIO}, {"sr", VMSeqRead}, {"rr", VMRandRead}, {"dc", VMDontCopy}, {"de", VMDontExpand},
		{"lf", VMLockOnFault}, {"ac", VMAccount}, {"nr", VMNoReserve}, {"ht", VMHugeTLB}, {"sf", VMSync}, {"ar", VMArch1},
		{"wf", VMWipeOnFork}, {"dd", VMDontDump}, {"sd", VMSoftDirty}, {"mm", VMMixedMap}, {"hg", VMHugePage}, {"nh", VMNoHugePage},
		{"mg", VMMergeable}, {"ss", VMShadowStack}, {"ui", VMUffdMinor}, {"dp", VMDroppable}, {"sl", VMSealed}, {"bt", VMBTI},
		{"mt", VMMTE}, {"dw", VMDenyWrite}, {"nl", VMNonlinear}, {"mp", VMMPX}, {"wr", VMWrite}, {"ms", VMMayShare},
	} {
		if f, unknown := ParseVMFlags([]byte(c.code)); f != c.flag || unknown != nil || f.String() != c.code {
			t.Errorf("%s: %s, %q", c.code, f, unknown)
		}
	}
}

// Fault 17: codes of later kernels are not lost.
func TestFault17UnknownVMFlags(t *testing.T) {
	f, unknown := ParseVMFlags([]byte(" rd zz ?? sl RD x abc wr"))
	if f != VMRead|VMSealed|VMWrite || !slices.Equal(unknown, []string{"zz", "??", "RD", "x", "abc"}) {
		t.Errorf("%s, %q", f, unknown)
	}
	line := "VmFlags: rd mr zz "
	text := strings.Replace(string(caseText(t, "plain", "smaps")), "VmFlags: rd mr mw me ", line, 1)
	all, err := ParseSmaps([]byte(text))
	if err != nil || all[0].VMFlags != VMRead|VMMayRead || len(all[0].Unknown) != 1 || string(all[0].Unknown[0]) != line {
		t.Errorf("%+v, %v", all[:min(1, len(all))], err)
	}
}

func FuzzVMFlags(f *testing.F) {
	f.Add([]byte("VmFlags: rd ex mr mw me \n"))
	f.Add([]byte(" zz ?? rd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		flags, unknown := ParseVMFlags(b)
		again, none := ParseVMFlags([]byte(flags.String()))
		if again != flags || none != nil {
			t.Fatalf("%s again: %s, %q", flags, again, none)
		}
		for _, code := range unknown {
			if f, u := ParseVMFlags([]byte(" " + code)); f != 0 || len(u) != 1 {
				t.Fatalf("%q is known alone: %s, %q", code, f, u)
			}
		}
	})
}
