package provider

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// samePart wants the lines in fields as the whole parse has them, where no line
// stands in another place than the kernel's. What a part refuses, all do.
func samePart(t *testing.T, name string, part Parser, got *Status, b []byte, whole Status, err error, fields uint64) {
	t.Helper()
	partErr := part.Parse(b)
	if partErr != nil && err == nil {
		t.Fatalf("%s refuses what is good: %v", name, partErr)
	}
	if partErr != nil || err != nil || !inOrder(b) {
		return
	}
	for f := range statusFields {
		if fields>>f&1 == 0 {
			continue
		}
		if got.Has(f) != whole.Has(f) {
			t.Fatalf("%s: %s is there: %v", name, f, got.Has(f))
		}
	}
	if got.TGID != whole.TGID || got.PID != whole.PID || got.UID != whole.UID || got.GID != whole.GID || got.State != whole.State ||
		got.Name != whole.Name || !slices.Equal(got.Groups, whole.Groups) || got.Alive() != whole.Alive() && name == "head" ||
		name == "head" && !slices.Equal(got.NSPID, whole.NSPID) ||
		name == "rights" && (got.CapEff != whole.CapEff || got.NoNewPrivs != whole.NoNewPrivs) {
		t.Fatalf("%s: %+v, whole %+v", name, *got, whole)
	}
}

// inOrder reports whether each line comes once at most, where the kernel has it.
func inOrder(b []byte) bool {
	next := StatusField(0)
	for line := range bytes.Lines(b) {
		f := findStatus(bytes.TrimSuffix(line, []byte("\n")), next)
		if f == statusFields {
			continue // of another kernel
		}
		if f < next {
			return false
		}
		next = f + 1
	}
	return true
}

// Every line, and every captured text, has its parts.
func TestStatusParts(t *testing.T) {
	texts := [][]byte{[]byte(everyStatus), []byte(leastStatus), []byte(strings.ReplaceAll(everyStatus, "NoNewPrivs", "Later"))}
	for _, name := range caseNames(t) {
		texts = append(texts, caseText(t, name, "status"))
	}
	for _, text := range texts {
		var s Status
		whole := mustStatus(t, text)
		samePart(t, "head", (*statusHead)(&s), &s, text, whole, nil, 1<<(StatusNSPID+1)-1)
		if whole.Has(StatusVMSize) && s.Has(StatusVMSize) && whole.Has(StatusNSPID) {
			t.Errorf("the head of %q has all", text)
		}
		samePart(t, "rights", (*statusRights)(&s), &s, text, whole, nil, 1<<(StatusGroups+1)-1|1<<StatusSigBlk|1<<StatusSigIgn|1<<StatusCapEff|1<<StatusNoNewPrivs)
		if !s.NoNewPrivs != !whole.NoNewPrivs || s.CapEff != whole.CapEff {
			t.Errorf("%q: %v, %x", text, s.NoNewPrivs, s.CapEff)
		}
	}
	malformedText(t, func(b []byte) (s Status, err error) { err = (*statusHead)(&s).Parse(b); return s, err },
		"", "\n", leastStatus[:len(leastStatus)-1], strings.Replace(leastStatus, "Uid", "Xid", 1))
}
