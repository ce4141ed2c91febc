package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostileMappings is the kernel's own bound, vm.max_map_count. Under the race
// detector a map of as many takes longer than the daemon's deadline.
func hostileMappings() int {
	if raceEnabled {
		return 6000
	}
	return 65530
}

// hostiles are processes with one thing about them that is hostile, beside
// those of hostileNames.
var hostiles = []struct {
	kind string
	args []string
}{
	{"names", []string{"many names"}},
	{"argument", []string{""}},
	{"argument", []string{"a\nb", ")", " ", "", "\xff", "(", "0x1 0x2\n"}},
	{"argument", []string{strings.Repeat("\n) \xff", (128<<10)/4-1)}},
	{"argument", slicesOf(10, strings.Repeat("x", 128<<10-1))},
	{"rewritten", []string{"some", "arguments", "\n"}},
	{"moved", []string{"moved"}},
	{"moved:1", []string{"moved far"}},
	{fmt.Sprintf("mappings:%d", hostileMappings()), []string{"mappings"}},
}

func slicesOf(n int, text string) (all []string) {
	for range n {
		all = append(all, text)
	}
	return all
}

// trustHostile has two readers look at every line of hostile processes that
// change meanwhile: root, and who owns the processes.
func trustHostile(t *testing.T, s *trustRun) {
	d := mount(t)
	names, pids := startHostiles(t, d)
	howLong := forSoak(2*time.Second, time.Minute)
	last := len(pids) - 1 // the one of many mappings
	var group sync.WaitGroup
	var few, many [2]suspicion
	for i, uid := range []uint32{0, 65534} {
		group.Go(func() { few[i] = suspect(t, d, uid, howLong, pids[:last]) })
		group.Go(func() { many[i] = suspect(t, d, uid, howLong, pids[last:]) })
	}
	group.Wait()
	var sum suspicion
	for i := range few {
		checkSuspicion(t, &few[i], names)
		checkMany(t, &many[i])
		sum.add(&few[i])
		sum.add(&many[i])
	}
	s.figure("%d lines of %d reads, %d malformed; the longest has %d bytes, the largest text %d, the longest map %d lines",
		sum.Lines, sum.Reads, len(sum.Faults), sum.Longest, sum.Largest, sum.MapLines)
	s.figure("refused: %v", sum.Errors)
}

// suspect reads as a user.
func suspect(t *testing.T, d *daemon, uid uint32, howLong time.Duration, pids []string) (f suspicion) {
	cmd := as(public(t, helper(t, "suspicious", append([]string{d.dir, howLong.String()}, pids...)...)), uid, uid)
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		t.Errorf("reader of user %d: %v", uid, err)
	}
	return f
}

func (s *suspicion) add(f *suspicion) {
	s.Reads, s.Lines = s.Reads+f.Reads, s.Lines+f.Lines
	s.Longest, s.Largest, s.MapLines = max(s.Longest, f.Longest), max(s.Largest, f.Largest), max(s.MapLines, f.MapLines)
	s.Faults = append(s.Faults, f.Faults...)
	if s.Errors == nil {
		s.Errors = map[string]int{}
	}
	for key, n := range f.Errors {
		s.Errors[key] += n
	}
}

// startHostiles gives the name that each of hostileNames must be shown by, and
// all numbers.
func startHostiles(t *testing.T, d *daemon) (names map[string]string, pids []string) {
	t.Helper()
	names = map[string]string{}
	for i, name := range hostileNames {
		pid := startHostile(t, fmt.Sprintf("name:%d", i), "", []string{"named"})
		comm, err := os.ReadFile("/proc/" + pid + "/comm")
		if name = strings.TrimSuffix(name, "\x00"); err != nil || string(comm) != name+"\n" {
			t.Errorf("a process has the name %q, want %q, %v", comm, name, err)
		}
		if names[pid] = escaped(name); name == "" {
			names[pid] = `\000`
		}
		pids = append(pids, pid)
	}
	odd := filepath.Join(directory(t), "exe\n0x1 0x2 ) \xff (deleted)")
	copyProgram(t, "/proc/self/exe", odd)
	pids = append(pids, startHostile(t, "argument", odd, []string{odd}))
	for _, h := range hostiles {
		pid := startHostile(t, h.kind, "", h.args)
		if pids = append(pids, pid); h.kind == "argument" {
			got, err := os.ReadFile(d.path(pid, "cmdline"))
			if want := strings.Join(h.args, "\x00") + "\x00"; err != nil || string(got) != want {
				t.Errorf("arguments of %d bytes: %d, %.100q, %v", len(want), len(got), got, err)
			}
		}
	}
	return names, pids
}

func startHostile(t *testing.T, kind, path string, args []string) string {
	t.Helper()
	cmd := as(public(t, helper(t, "hostile")), 65534, 65534)
	if path != "" {
		cmd.Path = path
	}
	cmd.Args = args
	cmd.Env = append(cmd.Env, "KIND="+kind)
	start(t, cmd)
	return strconv.Itoa(cmd.Process.Pid)
}

// checkSuspicion: nothing malformed, and there was something to look at.
func checkSuspicion(t *testing.T, f *suspicion, names map[string]string) {
	t.Helper()
	for _, fault := range f.Faults {
		t.Error(fault)
	}
	for pid, name := range names {
		if n := f.Names[pid+" "+name]; n == 0 {
			t.Errorf("process %s is never called %s", pid, name)
		}
	}
	seen := 0
	for key := range f.Names {
		if _, fixed := names[strings.Fields(key)[0]]; !fixed {
			seen++
		}
	}
	if seen < forSoak(3, len(hostiles)+1) {
		t.Errorf("of changing names %d were seen", seen)
	}
	if f.Largest < 1<<20 || f.Longest < 100 {
		t.Errorf("a text of %d bytes at most, a line of %d", f.Largest, f.Longest)
	}
	if f.Errors["cmdline ENOMEM"] == 0 {
		t.Errorf("arguments of 64 MiB were never met: %v", f.Errors)
	}
}

// checkMany: nearly as many mappings as there may be.
func checkMany(t *testing.T, f *suspicion) {
	t.Helper()
	for _, fault := range f.Faults {
		t.Error(fault)
	}
	if f.MapLines < hostileMappings()-1000 {
		t.Errorf("a map of %d lines at most; %v", f.MapLines, f.Errors)
	}
}
