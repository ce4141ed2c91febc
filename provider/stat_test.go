package provider

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func mustStat(t *testing.T, text []byte) Stat {
	t.Helper()
	s, err := ParseStat(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s
}

// Every field gets its own number, so a swapped pair shows.
func TestParseStatEachField(t *testing.T) {
	var b strings.Builder
	b.WriteString("1 (c) S")
	for i := 4; i <= 52; i++ {
		fmt.Fprintf(&b, " %d", i)
	}
	s := mustStat(t, []byte(b.String()+"\n"))
	c, _ := makeComm([]byte("c"))
	want := Stat{
		Fields: 52, PID: 1, Comm: c, State: StateSleeping, PPID: 4, PGRP: 5, Session: 6, TTYNr: 7, TPGID: 8, Flags: 9,
		MinFlt: 10, CMinFlt: 11, MajFlt: 12, CMajFlt: 13, UTime: 14, STime: 15, CUTime: 16, CSTime: 17,
		Priority: 18, Nice: 19, NumThreads: 20, ITRealValue: 21, StartTime: 22, VSize: 23, RSS: 24, RSSLim: 25,
		StartCode: 26, EndCode: 27, StartStack: 28, KStkESP: 29, KStkEIP: 30,
		Signal: 31, Blocked: 32, SigIgnore: 33, SigCatch: 34, WChan: 35, NSwap: 36, CNSwap: 37, ExitSignal: 38,
		Processor: 39, RTPriority: 40, Policy: 41, DelayacctBlkIOTicks: 42, GuestTime: 43, CGuestTime: 44,
		StartData: 45, EndData: 46, StartBrk: 47, ArgStart: 48, ArgEnd: 49, EnvStart: 50, EnvEnd: 51, ExitCode: 52,
	}
	if s != want {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestParseStatOldAndNewKernels(t *testing.T) {
	const upTo37 = "1 (c) S" + " 0 0 0 0 -1 0 0 0 0 0 0 0 -1 -2 -3 -4 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"
	s := mustStat(t, []byte(upTo37+"\n"))
	if s.Fields != 37 || !s.Has(37) || s.Has(38) || s.TPGID != -1 || s.CUTime != -1 || s.Nice != -4 {
		t.Errorf("%+v", s)
	}
	s = mustStat(t, []byte(upTo37+" 17 3 0 0 0 0 -9\n")) // 2.6.24
	if s.Fields != 44 || s.CGuestTime != -9 || s.Has(45) {
		t.Errorf("%+v", s)
	}
	tail := " 17" + strings.Repeat(" 7", 14) // a later kernel's 53rd and 54th fields
	s = mustStat(t, []byte(upTo37+tail+" x (y)\n"))
	if s.Fields != 52 || s.ExitCode != 7 || s.Has(53) {
		t.Errorf("%+v", s)
	}
}

// Fault 2: text without its shape made the Rust crate and prometheus panic.
func TestFault02StatWithoutShape(t *testing.T) {
	good := string(caseText(t, "plain", "stat"))
	malformedText(t, ParseStat, "", "\n", "1 (a)", "1 (a)\n", "(a) S 1", ")(", "1 )a( S 1", "1 (a) S", "1 (a) S 1 2 3\n",
		"1 (a", "1 a)", "x (a) S"+strings.Repeat(" 1", 49)+"\n", " "+good, strings.TrimSuffix(good, "\n"),
		strings.Replace(good, " S ", "  S ", 1), strings.Replace(good, " S ", " 1 ", 1),
		"1 (a) S"+strings.Repeat(" 1", 48)+" 99999999999999999999\n",
		"1 (a) S"+strings.Repeat(" 1", 48)+" \n",
		"1 (a) S"+strings.Repeat(" -1", 49)+"\n",
		"1 ("+strings.Repeat("a", 65)+") S"+strings.Repeat(" 1", 49)+"\n")
	for i := range len(good) - 1 {
		if s, err := ParseStat([]byte(good[:i])); err == nil {
			t.Fatalf("cut at %d: %+v", i, s)
		}
	}
}

// Fault 4: a command name need not be UTF-8.
func TestFault04CommNotUTF8(t *testing.T) {
	s := mustStat(t, []byte("1 (caf\xe9) S"+strings.Repeat(" 1", 49)+"\n"))
	if s.Comm.String() != "caf\xe9" {
		t.Errorf("stat: %q", s.Comm)
	}
	st, err := ParseStatus([]byte("Name:\tcaf\xe9\n" + leastStatus))
	if err != nil || st.Name != s.Comm {
		t.Errorf("status: %q, %v", st.Name, err)
	}
}

// Fault 19: the flags of later kernels are kept, none is refused.
func TestFault19StatFlags(t *testing.T) {
	s := mustStat(t, []byte("1 (a) S 1 1 1 1 1 4294967295"+strings.Repeat(" 1", 43)+"\n"))
	if s.Flags != 0xffffffff || !s.KernelThread() {
		t.Errorf("flags %#x", s.Flags)
	}
}

// Fault 18: the start time is whole ticks, exact after any uptime.
func TestFault18StartTimeExact(t *testing.T) {
	s := mustStat(t, []byte("1 (a) S"+strings.Repeat(" 1", 18)+" 9007199254740993"+strings.Repeat(" 1", 30)+"\n"))
	if s.StartTime != 9007199254740993 {
		t.Errorf("start %d", s.StartTime)
	}
}

func TestStatCases(t *testing.T) {
	for _, c := range []struct {
		name          string
		alive, kernel bool
		comm          string
	}{
		{"plain", true, false, "t"},
		{"kthread", true, true, "kthreadd"},
		{"zombie", false, false, "t"},
		{"zombieleader", true, false, "t"},
		{"name", true, false, "a) R 1\n(b\\n:c)"},
		{"older310", true, false, "bash"},
		{"older419", true, false, "rsyslogd"},
	} {
		s := mustStat(t, caseText(t, c.name, "stat"))
		if s.Alive() != c.alive || s.KernelThread() != c.kernel || s.Comm.String() != c.comm || s.Fields != 52 {
			t.Errorf("%s: alive %v, kernel %v, %q, %d fields", c.name, s.Alive(), s.KernelThread(), s.Comm, s.Fields)
		}
		if s.StartTime == 0 && !c.kernel {
			t.Errorf("%s: no start time", c.name)
		}
	}
}

func TestStatTTY(t *testing.T) {
	for _, c := range []struct {
		nr           int32
		major, minor uint32
	}{{0, 0, 0}, {34816, 136, 0}, {1025, 4, 1}, {0x00108805, 136, 0x105}, {-1 << 20, 0, 0xfff00}} {
		major, minor := (&Stat{TTYNr: c.nr}).TTY()
		if major != c.major || minor != c.minor {
			t.Errorf("%d: %d, %d", c.nr, major, minor)
		}
	}
}

func TestProcState(t *testing.T) {
	for _, c := range []struct {
		s    ProcState
		text string
		dead bool
	}{
		{StateRunning, "running", false}, {StateSleeping, "sleeping", false}, {StateWaiting, "waiting", false}, {StateZombie, "zombie", true},
		{StateStopped, "stopped", false}, {StateTracing, "tracing", false}, {StateDead, "dead", true}, {'x', "dead", true},
		{StateWakekill, "wakekill", false}, {StateWaking, "waking", false}, {StateParked, "parked", false}, {StateIdle, "idle", false},
		{'Q', "unknown Q", false},
	} {
		if c.s.String() != c.text || c.s.Dead() != c.dead {
			t.Errorf("%c: %s, %v", c.s, c.s, c.s.Dead())
		}
	}
}

func TestParseComm(t *testing.T) {
	for _, name := range caseNames(t) {
		c, err := ParseComm(caseText(t, name, "comm"))
		if s := mustStat(t, caseText(t, name, "stat")); err != nil || c != s.Comm {
			t.Errorf("%s: comm %q, stat %q, %v", name, c, s.Comm, err)
		}
	}
	malformedText(t, ParseComm, "", "a", strings.Repeat("a", 65)+"\n")
}

func TestStatAllocatesNothing(t *testing.T) {
	text := caseText(t, "name", "stat")
	var s Stat
	if n := testing.AllocsPerRun(100, func() { _ = s.Parse(text); _, _ = ParseStat(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseStat(f *testing.F) {
	for _, name := range caseNames(f) {
		f.Add(caseText(f, name, "stat"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseStat(b)
		lawful(t, s, err)
		if err == nil && s.Fields < 37 {
			t.Fatalf("%d fields", s.Fields)
		}
		if err != nil {
			return
		}
		if slow, ok := statByFields(b); !ok || slow != s {
			t.Fatalf("field by field: %+v, %v; got %+v", slow, ok, s)
		}
		var head statHead
		if err := head.Parse(b); err != nil || Stat(head) != firstFields(s) {
			t.Fatalf("head %+v, %v; whole %+v", head, err, s)
		}
	})
}

// firstFields is s without what a head does not have.
func firstFields(s Stat) Stat {
	return Stat{
		Fields: statStart, PID: s.PID, Comm: s.Comm, State: s.State, PPID: s.PPID, PGRP: s.PGRP, Session: s.Session,
		TTYNr: s.TTYNr, TPGID: s.TPGID, Flags: s.Flags, MinFlt: s.MinFlt, CMinFlt: s.CMinFlt, MajFlt: s.MajFlt, CMajFlt: s.CMajFlt,
		UTime: s.UTime, STime: s.STime, CUTime: s.CUTime, CSTime: s.CSTime, Priority: s.Priority, Nice: s.Nice,
		NumThreads: s.NumThreads, ITRealValue: s.ITRealValue, StartTime: s.StartTime,
	}
}

func TestStatHead(t *testing.T) {
	for _, name := range caseNames(t) {
		text := caseText(t, name, "stat")
		var head statHead
		if err := head.Parse(text); err != nil || Stat(head) != firstFields(mustStat(t, text)) {
			t.Errorf("%s: %+v, %v", name, head, err)
		}
	}
	malformedText(t, func(b []byte) (s Stat, err error) { err = (*statHead)(&s).Parse(b); return s, err },
		"", "1 (c) S 1 2 3\n", "1 (c) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24",
		"1 (c) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 x 23\n")
}

// statByFields takes the text apart with the standard library.
func statByFields(b []byte) (s Stat, ok bool) {
	var v [statFields + 1]uint64
	open, end, _ := findComm(b)
	fields := strings.Split(strings.TrimSuffix(string(b[end+1:]), "\n"), " ")
	for i, text := range append([]string{string(b[:open-1])}, fields[2:]...) {
		field := i + 3
		if i == 0 {
			field = 1
		}
		if field > statFields {
			break
		}
		v[field], ok = anyInteger(text)
		if !ok {
			return Stat{}, false
		}
		s.Fields = field
	}
	s.set(&v)
	s.State = ProcState(fields[1][0])
	s.Comm, ok = makeComm(b[open+1 : end])
	return s, ok
}

func anyInteger(text string) (uint64, bool) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return uint64(i), true
	}
	u, err := strconv.ParseUint(text, 10, 64)
	return u, err == nil
}
