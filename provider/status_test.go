package provider

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// leastStatus has the lines without which there is no status.
const leastStatus = "State:\tS (sleeping)\nTgid:\t1\nPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"

func mustStatus(t *testing.T, text []byte) Status {
	t.Helper()
	s, err := ParseStatus(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s
}

// Every line of today's kernel and of others, each with its own value.
const everyStatus = "Name:\tx\nUmask:\t0027\nState:\tT (stopped)\nTgid:\t3\nNgid:\t4\nPid:\t5\nPPid:\t6\nTracerPid:\t7\n" +
	"Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t4294967295\nFDSize:\t64\nGroups:\t4 24 1000 \nNStgid:\t3\t1\nNSpid:\t5\t2\nNSpgid:\t8\t3\nNSsid:\t9\t4\nKthread:\t1\n" +
	"VmPeak:\t      18 kB\nVmSize:\t      19 kB\nVmLck:\t      20 kB\nVmPin:\t      21 kB\nVmHWM:\t      22 kB\nVmRSS:\t      23 kB\n" +
	"RssAnon:\t      24 kB\nRssFile:\t      25 kB\nRssShmem:\t      26 kB\nVmData:\t      27 kB\nVmStk:\t      28 kB\nVmExe:\t      29 kB\n" +
	"VmLib:\t      30 kB\nVmPTE:\t      31 kB\nVmPMD:\t      32 kB\nVmSwap:\t      33 kB\nHugetlbPages:\t      34 kB\n" +
	"CoreDumping:\t1\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffff00\nThreads:\t38\nSigQ:\t39/40\nSigPnd:\t0000000000000041\nShdPnd:\t0000000000000042\n" +
	"SigBlk:\t0000000000000043\nSigIgn:\t0000000000000044\nSigCgt:\tffffffffffffffff\nCapInh:\t0000000000000046\nCapPrm:\t0000000000000047\n" +
	"CapEff:\t000001ffffffffff\nCapBnd:\t0000000000000049\nCapAmb:\t0000000000000050\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t53\n" +
	"Speculation_Store_Bypass:\tthread vulnerable\nSpeculationIndirectBranch:\tsomething new\n" +
	"Cpus_allowed:\tff,ffffffff\nCpus_allowed_list:\t0-39\nMems_allowed:\t00000000,00000005\nMems_allowed_list:\t0,2\n" +
	"voluntary_ctxt_switches:\t60\nnonvoluntary_ctxt_switches:\t61\nx86_Thread_features:\tshstk wrss \nx86_Thread_features_locked:\tshstk \n"

func TestParseStatusEachLine(t *testing.T) {
	s := mustStatus(t, []byte(everyStatus+"NewKey:\tnew: value\nno colon\n"))
	const k = 1024
	name, _ := makeComm([]byte("x"))
	want := Status{
		Name: name, Umask: 0o27, State: StateStopped, TGID: 3, NGID: 4, PID: 5, PPID: 6, TracerPID: 7,
		UID: IDs{1, 2, 3, 4}, GID: IDs{5, 6, 7, 4294967295}, FDSize: 64, Groups: []uint32{4, 24, 1000},
		NSTGID: []int{3, 1}, NSPID: []int{5, 2}, NSPGID: []int{8, 3}, NSSID: []int{9, 4}, KernelThread: true,
		VMPeak: 18 * k, VMSize: 19 * k, VMLck: 20 * k, VMPin: 21 * k, VMHWM: 22 * k, VMRSS: 23 * k,
		RSSAnon: 24 * k, RSSFile: 25 * k, RSSShmem: 26 * k, VMData: 27 * k, VMStk: 28 * k, VMExe: 29 * k,
		VMLib: 30 * k, VMPTE: 31 * k, VMPMD: 32 * k, VMSwap: 33 * k, HugetlbPages: 34 * k,
		CoreDumping: true, THPEnabled: true, UntagMask: 0xffffffffffffff00, Threads: 38, SigQ: SigQueue{39, 40},
		SigPnd: 0x41, ShdPnd: 0x42, SigBlk: 0x43, SigIgn: 0x44, SigCgt: 0xffffffffffffffff,
		CapInh: 0x46, CapPrm: 0x47, CapEff: 0x1ffffffffff, CapBnd: 0x49, CapAmb: 0x50,
		NoNewPrivs: true, Seccomp: 2, SeccompFilters: 53,
		SpeculationStoreBypass: "thread vulnerable", SpeculationIndirectBranch: "something new",
		CPUsAllowed: []uint32{0xff, 0xffffffff}, CPUsAllowedList: []Interval{{0, 39}},
		MemsAllowed: []uint32{0, 5}, MemsAllowedList: []Interval{{0, 0}, {2, 2}},
		VoluntaryCtxtSwitches: 60, NonvoluntaryCtxtSwitches: 61,
		X86ThreadFeatures: "shstk wrss", X86ThreadFeaturesLocked: "shstk",
		Unknown: [][]byte{[]byte("NewKey:\tnew: value"), []byte("no colon")},
		has:     1<<statusFields - 1,
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if !s.CapEff.Has(40) || s.CapEff.Has(41) || s.CapEff.Has(64) {
		t.Error("Caps.Has")
	}
}

func TestStatusFieldNames(t *testing.T) {
	lines := strings.Split(everyStatus, "\n")
	for f := range statusFields {
		if key, _, _ := strings.Cut(lines[f], ":"); key != f.String() {
			t.Errorf("field %d is %s, want %s", f, f, key)
		}
	}
}

func TestStatusRefusesOddValues(t *testing.T) {
	malformedText(t, ParseStatus, "", "\n", "Name:\tx\n", leastStatus[:len(leastStatus)-1])
	for line := range strings.Lines(leastStatus) {
		malformedText(t, ParseStatus, strings.Replace(leastStatus, line, "", 1))
	}
	for _, line := range []string{
		"Umask:\t", "Umask:\t0088", "State:\t", "State:\tSleeping", "State:\t1", "Pid:\t", "Pid:\tx", "Pid:\t4294967296",
		"Uid:\t0\t0\t0", "Uid:\t0\t0\t0\t0\t0", "Uid:\t0 0 0 0", "Uid:\t-1\t0\t0\t0", "Groups:\t1,2", "Groups:\t4294967296",
		"NSpid:\t1\tx", "VmPeak:\t1", "VmPeak:\tkB", "VmPeak:\t1 MB", "VmPeak:\t18014398509481984 kB",
		"SigQ:\t1", "SigQ:\t/1", "SigQ:\t1/", "CapEff:\t", "CapEff:\tg", "CapEff:\t11111111111111111", "NoNewPrivs:\t2",
		"Cpus_allowed:\t", "Cpus_allowed:\tff,", "Cpus_allowed:\t100000000", "Cpus_allowed_list:\t1-", "Cpus_allowed_list:\t2-1",
		"Cpus_allowed_list:\t1,", "Seccomp:\t", "Threads:\t1 2", "Name:\t" + strings.Repeat("a", 65),
	} {
		malformedText(t, ParseStatus, leastStatus+line+"\n")
	}
}

// Fault 5: a name with ':' is not cut there.
func TestFault05NameWithColon(t *testing.T) {
	for _, name := range []string{"kworker/0:1-events", "irq/24-ACPI:Ev", "memfd:x", ":", "Pid:", " :\t: "} {
		s := mustStatus(t, []byte("Name:\t"+name+"\n"+leastStatus))
		if s.Name.String() != name {
			t.Errorf("%q became %q", name, s.Name)
		}
	}
	st := mustStatus(t, caseText(t, "kworker", "status"))
	if !strings.Contains(st.Name.String(), ":") {
		t.Errorf("kworker is %q", st.Name)
	}
}

// Fault 6: status escapes the name and stat does not; here the two agree.
func TestFault06NameAgreesWithStat(t *testing.T) {
	for _, name := range caseNames(t) {
		s, st := mustStat(t, caseText(t, name, "stat")), mustStatus(t, caseText(t, name, "status"))
		if s.Comm != st.Name {
			t.Errorf("%s: stat %q, status %q", name, s.Comm, st.Name)
		}
	}
	for escaped, want := range map[string]string{`a\nb\\c`: "a\nb\\c", `\\n`: `\n`, `a\`: `a\`, `\t\x`: `\t\x`, "": ""} {
		s := mustStatus(t, []byte("Name:\t"+escaped+"\n"+leastStatus))
		if s.Name.String() != want {
			t.Errorf("%q: %q, want %q", escaped, s.Name, want)
		}
	}
}

// Fault 16: lines that other kernels or other processes lack are no error.
func TestFault16StatusLinesMissing(t *testing.T) {
	s := mustStatus(t, []byte(leastStatus))
	for f := range statusFields {
		if s.Has(f) != (statusNeeded>>f&1 != 0) {
			t.Errorf("Has(%s) is %v", f, s.Has(f))
		}
	}
	for _, name := range []string{"kthread", "zombie", "zombieleader"} {
		s := mustStatus(t, caseText(t, name, "status"))
		if s.Has(StatusVMSize) || s.VMSize != 0 {
			t.Errorf("%s has a size", name)
		}
	}
}

func TestStatusCases(t *testing.T) {
	for _, c := range []struct {
		name  string
		alive bool
		state ProcState
		has   []StatusField
		lacks []StatusField
	}{
		{"plain", true, StateSleeping, []StatusField{StatusVMRSS, StatusUmask, StatusKernelThread}, nil},
		{"kthread", true, StateSleeping, []StatusField{StatusUmask}, []StatusField{StatusVMRSS}},
		{"zombie", false, StateZombie, nil, []StatusField{StatusVMRSS, StatusUmask}},
		{"zombieleader", true, StateZombie, nil, []StatusField{StatusVMRSS, StatusUmask}},
		{"older310", true, StateSleeping, []StatusField{StatusVMRSS, StatusSeccomp}, []StatusField{StatusUmask, StatusNGID, StatusNSPID, StatusRSSAnon, StatusCapAmb}},
		{"older419", true, StateSleeping, []StatusField{StatusCoreDumping, StatusNSPID}, []StatusField{StatusTHPEnabled, StatusKernelThread, StatusSeccompFilters}},
	} {
		s := mustStatus(t, caseText(t, c.name, "status"))
		if s.Alive() != c.alive || s.State != c.state || len(s.Unknown) != 0 {
			t.Errorf("%s: alive %v, %s, unknown %q", c.name, s.Alive(), s.State, s.Unknown)
		}
		if slices.ContainsFunc(c.has, func(f StatusField) bool { return !s.Has(f) }) || slices.ContainsFunc(c.lacks, s.Has) {
			t.Errorf("%s: lines", c.name)
		}
	}
	if s := mustStatus(t, caseText(t, "older419", "status")); !slices.Equal(s.NSPID, []int{914, 7}) || !slices.Equal(s.Groups, []uint32{10, 1000}) {
		t.Errorf("%v %v", s.NSPID, s.Groups)
	}
}

// A reused Status holds nothing of what it held before.
func TestStatusReuse(t *testing.T) {
	var s Status
	for _, name := range append(caseNames(t), caseNames(t)...) {
		text := caseText(t, name, "status")
		if err := s.Parse(append(text, "NewKey:\t1\n"...)); err != nil {
			t.Fatal(err)
		}
		if err := s.Parse(text); err != nil {
			t.Fatal(err)
		}
		if fresh := mustStatus(t, text); !sameStatus(s, fresh) {
			t.Errorf("%s: %+v, afresh %+v", name, s, fresh)
		}
	}
}

// sameStatus takes empty and nil slices for the same.
func sameStatus(a, b Status) bool {
	for _, s := range []*Status{&a, &b} {
		v := reflect.ValueOf(s).Elem()
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.Slice && f.Len() == 0 {
				f.SetZero()
			}
		}
	}
	return reflect.DeepEqual(a, b)
}

func TestStatusAllocatesNothing(t *testing.T) {
	text := append(caseText(t, "older419", "status"), "NewKey:\t1\nOther:\t22\n"...)
	own := caseText(t, "plain", "status")
	var s Status
	run := func() { _ = s.Parse(text); _ = s.Parse(own) }
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseStatus(f *testing.F) {
	for _, name := range caseNames(f) {
		f.Add(caseText(f, name, "status"))
	}
	f.Add([]byte(everyStatus))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseStatus(b)
		lawful(t, s, err)
		var again Status
		_ = again.Parse([]byte(everyStatus))
		if e := again.Parse(b); (e == nil) != (err == nil) || !sameStatus(again, s) {
			t.Fatalf("reused: %+v, %v; afresh %+v, %v", again, e, s, err)
		}
		if err == nil && bytes.Count(b, []byte("\n")) < len(s.Unknown)+5 {
			t.Fatal("lines out of nothing")
		}
		samePart(t, "head", (*statusHead)(&again), &again, b, s, err, 1<<(StatusNSPID+1)-1)
		samePart(t, "rights", (*statusRights)(&again), &again, b, s, err, 1<<(StatusGroups+1)-1|1<<StatusSigBlk|1<<StatusSigIgn|1<<StatusCapEff|1<<StatusNoNewPrivs)
		if slow, ok := statusByLine(b); ok != (err == nil) || ok && !sameStatus(slow, s) {
			t.Fatalf("line by line: %+v, %v; quick %+v, %v", slow, ok, s, err)
		}
	})
}

// statusByLine parses without the quick path.
func statusByLine(b []byte) (s Status, ok bool) {
	next := StatusField(0)
	for line := range bytes.Lines(b) {
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		if _, ok := s.line(text, &next); !ok || !whole {
			return Status{}, false
		}
	}
	return s, s.has&statusNeeded == statusNeeded
}

// checkStatus cuts each line at its first colon.
func checkStatus(p *Process) error {
	return steady(p, "status", func(raw []byte) error {
		var s, head Status
		var stat Stat
		if err := errors.Join(p.Stat(&stat), p.Status(&s), p.StatusHead(&head)); err != nil {
			return err
		}
		if head.Alive() != s.Alive() {
			return errDiffers
		}
		if err := p.StatusIDs(&head, &stat); err != nil {
			return err
		}
		if err := same("head", head.UID, fmt.Sprint(s.UID), head.GID, fmt.Sprint(s.GID), head.Groups, fmt.Sprint(s.Groups),
			head.NSPID, fmt.Sprint(s.NSPID), head.TGID, fmt.Sprint(s.TGID)); err != nil {
			return err
		}
		text := map[string]string{}
		for line := range strings.Lines(string(raw)) {
			key, value, _ := strings.Cut(line, ":")
			text[key] = strings.TrimSpace(value)
		}
		rss := ""
		if s.Has(StatusVMRSS) {
			rss = fmt.Sprintf("%d kB", s.VMRSS>>10)
		}
		return same("status", s.PID, text["Pid"], s.TGID, text["Tgid"], s.PPID, text["PPid"], s.TracerPID, text["TracerPid"],
			string(rune(s.State)), text["State"][:1], s.Threads, text["Threads"], fmt.Sprintf("%016x", uint64(s.CapEff)), text["CapEff"],
			fmt.Sprintf("%016x", s.SigCgt), text["SigCgt"], rss, text["VmRSS"])
	})
}
