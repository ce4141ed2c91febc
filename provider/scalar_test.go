package provider

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestParseScalars(t *testing.T) {
	numbers := func(parse func([]byte) (uint64, error)) {
		t.Helper()
		parses(t, parse, map[string]uint64{"0\n": 0, "666\n": 666, "18446744073709551615\n": 1<<64 - 1})
		malformedText(t, parse, "", "\n", "1", "1 \n", " 1\n", "-1\n", "1\n\n", "18446744073709551616\n", "x\n")
	}
	numbers(ParseOOMScore)
	numbers(ParseTimerslackNS)
	parses(t, ParseOOMScoreAdj, map[string]int{"0\n": 0, "-1000\n": -1000, "1000\n": 1000, "-17\n": -17})
	malformedText(t, ParseOOMScoreAdj, "", "\n", "1", "-\n", "--1\n", "2147483648\n", "-2147483649\n", "1 2\n")
	parses(t, ParsePersonality, map[string]Personality{"00000000\n": 0, "00040008\n": 8 | PersonalityNoRandomize, "ffffffff\n": 1<<32 - 1})
	parses(t, ParseCoredumpFilter, map[string]CoredumpFilter{"00000000\n": 0, "00000033\n": 0x33, "ffffffff\n": 1<<32 - 1})
	malformedText(t, ParsePersonality, "", "\n", "0", "0x0\n", "100000000\n", "g\n", "-1\n", "0 \n")
	malformedText(t, ParseCoredumpFilter, "", "\n", "33", "0x33\n", "1ffffffff\n")
	parses(t, ParseSetgroups, map[string]bool{"allow\n": true, "deny\n": false})
	malformedText(t, ParseSetgroups, "", "allow", "deny", "Allow\n", "allow\n\n", "x\n")
	parses(t, ParseCpuset, map[string]string{"/\n": "/", "/../a b\xff\n": "/../a b\xff"})
	malformedText(t, ParseCpuset, "", "\n", "/", "/a", "a\n", "/a\nb\n", "/\n\n")
}

func TestParseWChan(t *testing.T) {
	parses(t, ParseWChan, map[string]string{
		"": "", "0": "", "0\n": "", "do_wait": "do_wait", "sigsuspend.isra.0": "sigsuspend.isra.0", "4188540": "4188540",
		strings.Repeat("x", wchanMost-1): strings.Repeat("x", wchanMost-1),
	})
	malformedText(t, ParseWChan, "\n\n", "a b", "a\x00", "a\xff", strings.Repeat("x", wchanMost))
}

func TestParseAutogroup(t *testing.T) {
	parses(t, ParseAutogroup, map[string]Autogroup{
		"/autogroup-4706 nice 0\n": {ID: 4706}, "/autogroup-1 nice -20\n": {1, -20}, "/autogroup--1 nice 19\n": {-1, 19},
	})
	malformedText(t, ParseAutogroup, "", "\n", "/", "/autogroup-", "/autogroup- nice 1\n", "/autogroup-1\n", "/autogroup-1 nice \n", "/autogroup-1 nice 1",
		"/autogroup-1 nice 1 \n", "/autogroup-1  nice 1\n", "autogroup-1 nice 1\n", "/autogroup-9223372036854775808 nice 1\n")
}

func TestParseAuditID(t *testing.T) {
	parses(t, parseAuditID, map[string]auditID{
		"0": {0, true}, "1000": {1000, true}, "1000\n": {1000, true}, "4294967294": {1<<32 - 2, true}, "4294967295": {},
	})
	malformedText(t, parseAuditID, "", "\n", "-1", "4294967296", "1 ", "x", "1\n\n")
}

func TestFlagStrings(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"": CoredumpFilter(0),
		"anon-private anon-shared elf-headers huge-private": CoredumpFilter(0x33),
		"dax-shared 0x200 0x80000000":                       CoredumpDAXShared | 1<<9 | 1<<31,
		"linux":                                             Personality(0),
		"linux32 ADDR_NO_RANDOMIZE":                         8 | PersonalityNoRandomize,
		"linux 0x100 UNAME26 ADDR_LIMIT_3GB":                1<<8 | PersonalityUname26 | PersonalityLimit3GB,
		"255 READ_IMPLIES_EXEC 0x80000000":                  255 | 1<<31 | PersonalityReadImpliesExec,
	} {
		if got.String() != want {
			t.Errorf("%#v: %q, want %q", got, got, want)
		}
	}
	if !CoredumpFilter(0x33).Has(CoredumpAnonPrivate|CoredumpELFHeaders) || CoredumpFilter(0x33).Has(CoredumpFilePrivate|CoredumpAnonPrivate) {
		t.Error("Has of a filter")
	}
	if p := Personality(0x40008); !p.Has(PersonalityNoRandomize) || p.Has(PersonalityUname26) || p.Domain() != 8 {
		t.Error("Has of a personality")
	}
}

func TestScalarCases(t *testing.T) {
	text := func(file string) []byte { return counterText(t, "plain", file) }
	group, err1 := ParseAutogroup(text("autogroup"))
	person, err2 := ParsePersonality(text("personality"))
	score, err3 := ParseOOMScore(text("oom_score"))
	adj, err4 := ParseOOMScoreAdj(text("oom_score_adj"))
	old, err5 := ParseOOMScoreAdj(text("oom_adj"))
	slack, err6 := ParseTimerslackNS(text("timerslack_ns"))
	wchan, err7 := ParseWChan(text("wchan"))
	got := fmt.Sprintln(group, person, score, adj, old, slack, wchan, err1, err2, err3, err4, err5, err6, err7)
	const want = "{4706 0} linux ADDR_NO_RANDOMIZE 866 300 5 1000 sigsuspend.isra.0 <nil> <nil> <nil> <nil> <nil> <nil> <nil>\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if w, err := ParseWChan(counterText(t, "older", "wchan")); err != nil || w != "4188540" {
		t.Errorf("%q, %v", w, err)
	}
}

// fuzzScalar wants what is read to be written as it was, but for what the
// second form says is the same.
func fuzzScalar[T comparable](f *testing.F, file string, parse func([]byte) (T, error), write func(T) string) {
	counterSeeds(f, file)
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parse(b)
		zeroAfterError(t, v, err)
		if err != nil {
			return
		}
		if again, err := parse([]byte(write(v))); err != nil || again != v {
			t.Fatalf("%q: %v, then %v, %v", b, v, again, err)
		}
		if len(write(v)) > len(b)+8 { // hexadecimal is padded
			t.Fatalf("%q: %v is more than was there", b, v)
		}
	})
}

func FuzzParseOOMScore(f *testing.F) {
	fuzzScalar(f, "oom_score", ParseOOMScore, func(v uint64) string { return fmt.Sprintln(v) })
}

func FuzzParseOOMScoreAdj(f *testing.F) {
	fuzzScalar(f, "oom_*adj", ParseOOMScoreAdj, func(v int) string { return fmt.Sprintln(v) })
}

func FuzzParseTimerslackNS(f *testing.F) {
	fuzzScalar(f, "timerslack_ns", ParseTimerslackNS, func(v uint64) string { return fmt.Sprintln(v) })
}

func FuzzParsePersonality(f *testing.F) {
	fuzzScalar(f, "personality", ParsePersonality, func(v Personality) string { return fmt.Sprintf("%08x\n", uint32(v)) })
}

func FuzzParseCoredumpFilter(f *testing.F) {
	fuzzScalar(f, "coredump_filter", ParseCoredumpFilter, func(v CoredumpFilter) string { return fmt.Sprintf("%08x\n", uint32(v)) })
}

func FuzzParseSetgroups(f *testing.F) {
	fuzzScalar(f, "setgroups", ParseSetgroups, setgroupsText)
}

func FuzzParseCpuset(f *testing.F) {
	fuzzScalar(f, "cpuset", ParseCpuset, func(v string) string { return v + "\n" })
}

func FuzzParseWChan(f *testing.F) {
	fuzzScalar(f, "wchan", ParseWChan, func(v string) string { return v })
}

func FuzzParseAutogroup(f *testing.F) {
	fuzzScalar(f, "autogroup", ParseAutogroup, autogroupText)
}

func FuzzParseAuditID(f *testing.F) {
	fuzzScalar(f, "loginuid", parseAuditID, auditText)
}

func setgroupsText(allowed bool) string {
	if allowed {
		return "allow\n"
	}
	return "deny\n"
}

func autogroupText(a Autogroup) string { return fmt.Sprintf("/autogroup-%d nice %d\n", a.ID, a.Nice) }

func auditText(a auditID) string {
	if !a.set {
		return "4294967295"
	}
	return strconv.Itoa(int(a.id))
}
