package provider

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestParseStatm(t *testing.T) {
	parses(t, ParseStatm, map[string]Statm{
		"1 2 3 4 5 6 7\n":                    {1, 2, 3, 4, 5, 6, 7},
		"0 0 0 0 0 0 0\n":                    {},
		"18446744073709551615 0 0 0 0 0 0\n": {Size: 1<<64 - 1},
		"1 2 3 4 5 6 7 8 9\n":                {1, 2, 3, 4, 5, 6, 7}, // of a later kernel
	})
	malformedText(t, ParseStatm, "", "\n", "1 2 3 4 5 6\n", "1 2 3 4 5 6 7", "1 2 3 4 5 6 7 ", "1 2 3 4 5 6 7 \n", "1  2 3 4 5 6 7\n",
		"1 2 3 4 5 6 -7\n", "1 2 3 4 5 6 x\n", "1 2 3 4 5 6 7\n\n", "1 2 3 4 5 6 18446744073709551616\n", " 1 2 3 4 5 6 7\n")
}

func TestStatmCases(t *testing.T) {
	for _, name := range caseNames(t) {
		s, err := ParseStatm(caseText(t, name, "statm"))
		dead := name == "zombie" || name == "zombieleader" || name == "kthread" || name == "kworker"
		if err != nil || (s == Statm{}) != dead || s.Resident > s.Size {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// fieldsOf is the naive decoding of a line of numbers.
func fieldsOf(b []byte) (all []uint64, ok bool) {
	for _, f := range strings.Split(strings.TrimSuffix(string(b), "\n"), " ") {
		v, err := strconv.ParseUint(f, 10, 64)
		if err != nil || f[0] == '+' {
			return nil, false
		}
		all = append(all, v)
	}
	return all, strings.HasSuffix(string(b), "\n")
}

func FuzzParseStatm(f *testing.F) {
	counterSeeds(f, "statm")
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseStatm(b)
		zeroAfterError(t, s, err)
		all, ok := fieldsOf(b)
		if (err == nil) != (ok && len(all) >= 7) {
			t.Fatalf("%q: %v", b, err)
		}
		if err == nil && fmt.Sprint([]uint64{s.Size, s.Resident, s.Shared, s.Text, s.Lib, s.Data, s.DT}) != fmt.Sprint(all[:7]) {
			t.Fatalf("%q: %+v", b, s)
		}
	})
}

func checkStatm(p *Process) error {
	return steady(p, "statm", func(raw []byte) error {
		var s Statm
		if err := p.Statm(&s); err != nil {
			return err
		}
		f := strings.Fields(string(raw))
		return same("statm", s.Size, f[0], s.Resident, f[1], s.Shared, f[2], s.Text, f[3], s.Lib, f[4], s.Data, f[5], s.DT, f[6])
	})
}
