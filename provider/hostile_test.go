package provider

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A process that calls exec again and again must not be shown with a command
// line of which one part is the old program's and one the new one's.
func TestCmdlineNotTornByExec(t *testing.T) {
	const size = 100_000
	file := t.TempDir() + "/again"
	script := "case $1 in A*) exec /bin/sh \"$0\" %s ;; esac; exec /bin/sh \"$0\" %s\n"
	text := fmt.Sprintf(script, strings.Repeat("B", size), strings.Repeat("A", size))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", file, "A")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	p := pin(t, openProc(t), cmd.Process.Pid)
	seen := map[byte]int{}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && (seen['A'] < 2000 || seen['B'] < 2000); {
		args, err := p.Cmdline()
		raw, err2 := p.AppendCmdline(nil, 1<<20)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for _, args := range [][]string{args, ParseCmdline(raw)} {
			if len(args) < 3 || args[2] == "A" {
				continue
			}
			if seen[args[2][0]]++; args[2] != strings.Repeat(args[2][:1], size) {
				t.Fatalf("%d times A and %d times B in one of %d bytes", strings.Count(args[2], "A"), strings.Count(args[2], "B"), len(args[2]))
			}
		}
	}
	if seen['A'] == 0 || seen['B'] == 0 {
		t.Errorf("nothing is shown: %v", seen)
	}
}

// Texts of nothing but NULs would take sixteen times their memory as a list,
// and cost the process none.
func TestCmdlineOfNULs(t *testing.T) {
	_, p, root := hostileTree(t)
	for _, file := range []string{"cmdline", "environ"} {
		for size, want := range map[int64]error{maxArguments: nil, maxArguments + 1: ErrTooBig} {
			plant(t, root+"/42/"+file, func(path string) error {
				return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size))
			})
			list, err := p.area(file)
			if !errors.Is(err, want) || err == nil && int64(len(list)) != size {
				t.Errorf("%s of %d: %d, %v", file, size, len(list), err)
			}
		}
	}
}

// A process whose main thread has exited still has what the others opened: it
// must not look as if it had nothing.
func TestDescriptorsOfLeaderGone(t *testing.T) {
	v := startVictim(t, "leadergone")
	p := pinned(t, v.pid)
	v.wants(v.pid, StateZombie)
	for name, walk := range map[string]func() error{
		"FDs":       func() error { return ended(p.FDs()) },
		"FDTargets": func() error { return ended(p.FDTargets()) },
		"FDCount":   func() error { _, err := p.FDCount(); return err },
		"counted":   func() error { _, err := before62(p).FDCount(); return err },
	} {
		if err := walk(); !errors.Is(err, ErrGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	task := must(p.Task(int(v.a)))(t)
	defer task.Close()
	if n, err := task.FDCount(); err != nil || n == 0 {
		t.Errorf("the living thread: %d, %v", n, err)
	}
}

// A loop body that panics, and is recovered from, leaves no process open.
func TestAllPanicLeaksNothing(t *testing.T) {
	f := openProc(t)
	leaksNothing(t, "All", func() {
		defer func() { recover() }()
		for range f.All() {
			panic("in the loop")
		}
	})
}

// Reading within a reading of the same descriptor would let the outer one end
// early, as if it were whole.
func TestMapsFileWithinItself(t *testing.T) {
	p := manyMappings(t, 400)
	f := must(p.OpenMaps())(t)
	defer f.Close()
	n, all := 0, must(p.Maps())(t)
	err := f.Each(func(*Mapping) error {
		if n++; n > 1 {
			return nil
		}
		return f.Each(func(*Mapping) error { return nil })
	})
	if !errors.Is(err, ErrBusy) && n < len(all) {
		t.Errorf("%d of %d, %v", n, len(all), err)
	}
	if err := f.Each(func(*Mapping) error { return unix.EINTR }); err != unix.EINTR {
		t.Errorf("busy for ever: %v", err)
	}
}
