package provider

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestParseLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString("Limit                     Soft Limit           Hard Limit           Units     \n")
	for k := range limitKinds {
		unit := "units"
		if k == LimitNicePriority || k == LimitRealtimePriority {
			unit = ""
		}
		fmt.Fprintf(&b, "%-25s %-20d %-20s %-10s\n", k, k, "unlimited", unit)
	}
	l, err := ParseLimits([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	u := Unlimited
	want := Limits{
		CPUTime: Limit{0, u}, FileSize: Limit{1, u}, DataSize: Limit{2, u}, StackSize: Limit{3, u},
		CoreFileSize: Limit{4, u}, ResidentSet: Limit{5, u}, Processes: Limit{6, u}, OpenFiles: Limit{7, u},
		LockedMemory: Limit{8, u}, AddressSpace: Limit{9, u}, FileLocks: Limit{10, u}, PendingSignals: Limit{11, u},
		MsgqueueSize: Limit{12, u}, NicePriority: Limit{13, u}, RealtimePriority: Limit{14, u}, RealtimeTimeout: Limit{15, u},
		has: 1<<limitKinds - 1,
	}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("got  %+v\nwant %+v", l, want)
	}
	for k := range limitKinds {
		if got, ok := l.Get(k); !ok || got.Soft != uint64(k) {
			t.Errorf("%s: %v, %v", k, got, ok)
		}
	}
}

// Fault 16: kernels with fewer limits, or more, are no error.
func TestFault16LimitsMissing(t *testing.T) {
	l, err := ParseLimits([]byte("Max open files  20000  unlimited files\nMax new thing   1 2 x\n"))
	if err != nil || l.OpenFiles != (Limit{20000, Unlimited}) || !l.Has(LimitOpenFiles) || l.Has(LimitCPUTime) ||
		len(l.Unknown) != 1 || string(l.Unknown[0]) != "Max new thing   1 2 x" {
		t.Errorf("%+v, %v", l, err)
	}
	if _, ok := l.Get(LimitCPUTime); ok || l.Has(limitKinds) {
		t.Error("a limit out of nothing")
	}
}

func TestLimitsRefusesOddText(t *testing.T) {
	malformedText(t, ParseLimits, "", "\n", "Limit  Soft Limit  Hard Limit  Units\n", "Max open files 1 2", "Max open files\n",
		"Max open files 1\n", "Max open files 1 \n", "Max open files x 2\n", "Max open files 1 -2\n", "Max open files 1 2x\n",
		"Max open files 1 18446744073709551616 files\n", "Max open files unlimitedx 1\n")
}

func TestLimitsCases(t *testing.T) {
	for _, name := range caseNames(t) {
		l, err := ParseLimits(caseText(t, name, "limits"))
		if err != nil || l.has != 1<<limitKinds-1 || len(l.Unknown) != 0 {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}

func TestLimitsAllocatesNothing(t *testing.T) {
	text := caseText(t, "plain", "limits")
	var l Limits
	if n := testing.AllocsPerRun(100, func() { _ = l.Parse(text); _, _ = ParseLimits(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseLimits(f *testing.F) {
	f.Add(caseText(f, "plain", "limits"))
	f.Add([]byte("Max nice priority 1 2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLimits(b)
		lawful(t, l, err)
		if slow, ok := limitsByLine(b); ok != (err == nil) || ok && !reflect.DeepEqual(slow, l) {
			t.Fatalf("line by line: %+v, %v; quick %+v, %v", slow, ok, l, err)
		}
	})
}

// limitsByLine parses without the quick path.
func limitsByLine(b []byte) (l Limits, ok bool) {
	next := LimitKind(0)
	for line := range bytes.Lines(b) {
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole || !l.line(text, &next) {
			return Limits{}, false
		}
	}
	return l, l.has != 0
}

// checkLimits takes the columns by their places.
func checkLimits(p *Process) error {
	return steady(p, "limits", func(raw []byte) error {
		var l Limits
		if err := p.Limits(&l); err != nil {
			return err
		}
		show := func(v uint64) string {
			if v == Unlimited {
				return "unlimited"
			}
			return strconv.FormatUint(v, 10)
		}
		for i, line := range strings.Split(string(raw), "\n")[1 : limitKinds+1] {
			limit, _ := l.Get(LimitKind(i))
			if err := same(line, LimitKind(i), strings.TrimSpace(line[:26]), show(limit.Soft)+" "+show(limit.Hard),
				strings.Join(strings.Fields(line[26:68]), " ")); err != nil {
				return err
			}
		}
		return nil
	})
}
