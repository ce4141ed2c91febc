package provider

import (
	"errors"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	become["oddname"] = func() error {
		return mainThread(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&oddNameText[0])))
	}
}

const oddName = "a\n(1, #\n--- :1\xff"

var oddNameText = [16]byte([]byte(oddName + "\x00"))

func TestParseSched(t *testing.T) {
	s, err := ParseSched(mountsText(t, "sched-old"))
	if err != nil || s.Name.String() != "a\n(b (1, #t" || s.PID != 914 || s.Threads != 3 || len(s.Values) != 7 || len(s.Unknown) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if d, ok := s.Duration("se.exec_start"); d != 98541*time.Millisecond+1 || !ok {
		t.Errorf("%v, %v", d, ok)
	}
	if d, ok := s.Duration("se.vruntime"); d != -5250*time.Microsecond || !ok {
		t.Errorf("%v, %v", d, ok)
	}
	if d, ok := s.SumExecRuntime(); d != 1097079 || !ok {
		t.Errorf("%v, %v", d, ok)
	}
	for name, got := range map[string]func() (int64, bool){"12": s.Switches, "0": s.Policy, "120": s.Prio} {
		if v, ok := got(); !ok || same(name, v, name) != nil {
			t.Errorf("%d, %v; want %s", v, ok, name)
		}
	}
	if _, ok := s.Int("se.vruntime"); ok {
		t.Error("a fraction is no whole number")
	}
	if _, ok := s.Duration("prio"); ok {
		t.Error("a whole number is no time")
	}
	if _, ok := s.Get("none"); ok {
		t.Error("a value out of nothing")
	}
}

func TestParseSchedOfToday(t *testing.T) {
	s, err := ParseSched(caseText(t, "plain", "sched"))
	if err != nil || s.Name.String() != "t" || s.PID != 25231 || s.Threads != 1 || len(s.Values) < 20 {
		t.Fatalf("%+v, %v", s, err)
	}
	if v, ok := s.Int("numa_preferred_nid"); v != -1 || !ok {
		t.Errorf("%d, %v", v, ok)
	}
	if !slices.Contains(s.Unknown, "current_node=0, numa_group_id=0") {
		t.Errorf("%q", s.Unknown)
	}
}

func TestSchedRefusesOddText(t *testing.T) {
	good := string(mountsText(t, "sched-old"))
	rule := good[strings.Index(good, "----"):]
	malformedText(t, ParseSched, "", "\n", good[:len(good)-1], strings.Replace(good, "---", "", 50), rule, "\n"+rule, "x\n"+rule, "x (1)\n"+rule,
		"x (1, #threads: 2\n"+rule, "x (y, #threads: 2)\n"+rule, "x (1, #threads: y)\n"+rule, strings.Repeat("x", 65)+" (1, #threads: 1)\n"+rule)
}

func FuzzParseSched(f *testing.F) {
	f.Add(caseText(f, "plain", "sched"))
	f.Add(mountsText(f, "sched-old"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSched(b)
		lawful(t, s, err)
		if n := strings.Count(string(b), "\n"); len(s.Values)+len(s.Unknown) > n {
			t.Fatalf("%d values of %d lines", len(s.Values)+len(s.Unknown), n)
		}
		for _, v := range s.Values {
			_, isInt := s.Int(v.Key)
			_, isTime := s.Duration(v.Key)
			if isInt && isTime {
				t.Fatalf("%+v is both", v)
			}
		}
	})
}

// A name may look like the head that it is in.
func TestSchedOfOddName(t *testing.T) {
	c := start(t, kind("oddname"))
	p := pin(t, openProc(t), c.pid)
	var s Sched
	if err := p.Sched(&s); errors.Is(err, ErrNotSupported) {
		cannot(t, err.Error())
	} else if err != nil || s.PID != c.pid || s.Threads < 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if s.Name.String() != oddName {
		t.Errorf("%q", s.Name)
	}
	if n, ok := s.Switches(); n < 1 || !ok {
		t.Errorf("%d, %v", n, ok)
	}
	if d, ok := s.SumExecRuntime(); d <= 0 || !ok {
		t.Errorf("%v, %v", d, ok)
	}
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	if err := task.Sched(&s); err != nil || s.PID != c.tid {
		t.Errorf("thread: %+v, %v", s, err)
	}
	c.end()
	if err := p.Sched(&s); !errors.Is(err, ErrGone) {
		t.Errorf("after the end: %v", err)
	}
}

// checkSched reads the values that stand still.
func checkSched(p *Process) error {
	return steady(p, "sched", func(raw []byte) error {
		var s Sched
		if err := p.Sched(&s); err != nil {
			return err
		}
		head, _, _ := strings.Cut(string(raw), "\n----")
		values := map[string]string{}
		for line := range strings.Lines(string(raw)) {
			if key, value, ok := strings.Cut(line, ":"); ok {
				values[strings.TrimSpace(key)] = strings.TrimSpace(value)
			}
		}
		policy, _ := s.Policy()
		prio, _ := s.Get("prio")
		return same("sched", s.PID, strings.Split(head[strings.LastIndex(head, "(")+1:], ",")[0], policy, values["policy"], prio, values["prio"])
	})
}

func TestParseStack(t *testing.T) {
	list, err := ParseStack(mountsText(t, "stack-old"))
	want := []StackFrame{
		{0xffffffff8121f0f5, "poll_schedule_timeout", 0x55, 0xb0, ""},
		{0xffffffffc02a1230, "nfs4_run_state_manager", 0x1f0, 0x7d0, "nfsv4"},
		{0, "foo.isra.0", 1, 2, "mod 0123abcd"},
		{^uint64(0), "", 0, 0, ""},
	}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	list, err = ParseStack(mountsText(t, "stack-kthread"))
	if err != nil || len(list) != 3 || list[0] != (StackFrame{Function: "kthreadd", Offset: 0x2f0, Size: 0x310}) {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := ParseStack(nil); list != nil || err != nil {
		t.Errorf("it runs: %v, %v", list, err)
	}
	malformedText(t, ParseStack, "\n", "[<0>] f+0x1/0x2", "f+0x1/0x2\n", "[<x>] f+0x1/0x2\n", "[<0>]f+0x1/0x2\n", "[<0>] f\n", "[<0>] f+0x1\n",
		"[<0>] f+x/0x2\n", "[<0>] f+0x1/\n", "[<0>] +0x1/0x2\n", "[<0>] f+0x1/0x2 mod\n", "[<0>] f+0x1/0x2 []\n", "[<0>] 0x1 [m]\n", "<0>] f+0x1/0x2\n")
}

func FuzzParseStack(f *testing.F) {
	f.Add(mountsText(f, "stack-old"))
	f.Add(caseText(f, "plain", "stack"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseStack(b)
		if len(b) > 0 {
			lawful(t, list, err)
		}
		for _, frame := range list {
			if !strings.Contains(string(b), frame.Function) || !strings.Contains(string(b), frame.Module) {
				t.Fatalf("%+v of %q", frame, b)
			}
		}
	})
}

// A process that sleeps does so in the kernel.
func TestStackOfSleeper(t *testing.T) {
	needRoot(t)
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	p := pin(t, openProc(t), cmd.Process.Pid)
	if _, err := p.Stack(); errors.Is(err, ErrNotSupported) {
		cannot(t, err.Error())
	}
	eventually(t, "a sleeper's stack", func() bool {
		list, err := p.Stack()
		return err == nil && slices.ContainsFunc(list, func(f StackFrame) bool {
			return strings.Contains(f.Function, "nanosleep") && f.Offset > 0 && f.Offset < f.Size
		})
	})
}

func checkStack(p *Process) error {
	return steady(p, "stack", func(raw []byte) error {
		list, err := p.Stack()
		if err != nil {
			return err
		}
		var names []string
		for _, field := range strings.Fields(string(raw)) {
			if name, _, ok := strings.Cut(field, "+0x"); ok {
				names = append(names, name)
			}
		}
		var got []string
		for _, f := range list {
			if f.Function != "" {
				got = append(got, f.Function)
			}
		}
		return same("stack", got, names)
	})
}

func TestParseArchStatus(t *testing.T) {
	for text, want := range map[string]ArchStatus{
		"":                                    {},
		"AVX512_elapsed_ms:\t8\n":             {AVX512Elapsed: 8 * time.Millisecond, HasAVX512: true},
		"AVX512_elapsed_ms:\t-1\nnew:\tone\n": {AVX512Elapsed: -time.Millisecond, HasAVX512: true, Unknown: []string{"new:\tone"}},
	} {
		if s, err := ParseArchStatus([]byte(text)); err != nil || !reflect.DeepEqual(s, want) {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
	malformedText(t, ParseArchStatus, "AVX512_elapsed_ms:\t8", "AVX512_elapsed_ms:\t\n", "AVX512_elapsed_ms:\tx\n", "AVX512_elapsed_ms:\t8 ms\n", "AVX512_elapsed_ms:\t9223372036855\n", "x")
}

func FuzzParseArchStatus(f *testing.F) {
	f.Add([]byte("AVX512_elapsed_ms:\t8\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseArchStatus(b)
		if err != nil || s.HasAVX512 || s.Unknown != nil {
			lawful(t, s, err)
		} else if len(b) > 0 {
			t.Fatalf("%q is nothing", b)
		}
	})
}

// checkArchStatus compares the words: the number does not stand still.
func checkArchStatus(p *Process) error {
	return steady(p, "arch_status", func(raw []byte) error {
		var s ArchStatus
		if err := p.ArchStatus(&s); err != nil {
			return err
		}
		return same("arch_status", s.HasAVX512, strings.HasPrefix(string(raw), "AVX512_elapsed_ms:"), len(s.Unknown), 0)
	})
}
