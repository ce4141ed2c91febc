package provider

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseSchedstat(t *testing.T) {
	parses(t, ParseSchedstat, map[string]Schedstat{
		"1 2 3\n":                    {1, 2, 3},
		"0 0 0\n":                    {},
		"0 18446744073709551615 0\n": {RunDelay: 1<<64 - 1},
		"1 2 3 4\n":                  {1, 2, 3},
		string(counterText(t, "plain", "schedstat")): {SumExecRuntime: 2299974, PCount: 3},
	})
	malformedText(t, ParseSchedstat, "", "1 2\n", "1 2 3", "1 2 3 \n", "1\t2 3\n", "1 2 3\nx", "1 2 18446744073709551616\n", "-1 2 3\n")
}

func FuzzParseSchedstat(f *testing.F) {
	counterSeeds(f, "schedstat")
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSchedstat(b)
		zeroAfterError(t, s, err)
		all, ok := fieldsOf(b)
		if (err == nil) != (ok && len(all) >= 3) {
			t.Fatalf("%q: %v", b, err)
		}
		if err == nil && fmt.Sprint([]uint64{s.SumExecRuntime, s.RunDelay, s.PCount}) != fmt.Sprint(all[:3]) {
			t.Fatalf("%q: %+v", b, s)
		}
	})
}

func checkSchedstat(p *Process) error {
	return steady(p, "schedstat", func(raw []byte) error {
		var s Schedstat
		if err := p.Schedstat(&s); err != nil {
			return err
		}
		f := strings.Fields(string(raw))
		return same("schedstat", s.SumExecRuntime, f[0], s.RunDelay, f[1], s.PCount, f[2])
	})
}
