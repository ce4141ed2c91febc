package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestFloorReads: the floor reads all that there is to read.
func TestFloorReads(t *testing.T) {
	s := testStage(t, 0)
	buf := make([]byte, floorRoom)
	for file, read := range map[string]func(int, *byte, []byte) (int, error){
		"stat": readOnce, "status": readOnce, "statm": readOnce, "limits": readOnce, "smaps_rollup": readOnce,
		"maps": readToEnd, "smaps": readToEnd, "environ": readToEnd, "mountinfo": readToEnd,
	} {
		text, err := os.ReadFile(s.large.path(file))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := read(s.large.fd, cname(file), buf); err != nil || n != len(text) {
			t.Errorf("%s: %d, %v: want %d", file, n, err, len(text))
		}
	}
}

// TestFloorWalks: the floor sees every entry once.
func TestFloorWalks(t *testing.T) {
	s := testStage(t, 0)
	want, err := os.ReadDir(s.small.path("fd"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	err = eachEntry(s.small.fd, cname("fd"), make([]byte, 512), func(_ int, name *byte) error {
		seen[string(cstring(name))]++
		return nil
	})
	if err != nil || len(seen) != len(want)+2 || seen["."] != 1 || seen[".."] != 1 {
		t.Fatalf("%v, %v", seen, err)
	}
	for _, e := range want {
		if seen[e.Name()] != 1 {
			t.Errorf("%s: %d times", e.Name(), seen[e.Name()])
		}
	}
}

// TestFloorAllocates nothing.
func TestFloorAllocates(t *testing.T) {
	s := testStage(t, 3)
	for _, i := range items {
		p := i.floor(s.small)
		n := testing.AllocsPerRun(3, func() {
			if err := p.call(); err != nil {
				t.Error(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", i.name, n)
		}
	}
}

// TestRun: the one command, in small.
func TestRun(t *testing.T) {
	for _, markdown := range []bool{false, true} {
		var out bytes.Buffer
		o := options{rounds: 2, slice: time.Millisecond, only: regexp.MustCompile("^stat$|walk"), markdown: markdown, processes: 3}
		if err := run(context.Background(), o, &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Linux ", "go run .", "v0.23.0", "procfsd", "gopsutil", "walk + status", "×", "≤ 1.15×"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
		if strings.Contains(out.String(), "| --- |") != markdown {
			t.Errorf("markdown %v:\n%s", markdown, out.String())
		}
	}
}

func TestRunFails(t *testing.T) {
	o := options{rounds: 1, slice: time.Millisecond, only: regexp.MustCompile("no such item")}
	if err := run(context.Background(), o, io.Discard, io.Discard); err == nil {
		t.Error("no item, no error")
	}
	o.only = regexp.MustCompile("^stat$")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := run(ctx, o, io.Discard, io.Discard); !errors.Is(err, errInterrupted) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestErrorsEnd: an implementation that fails is not measured.
func TestErrorsEnd(t *testing.T) {
	broken := errors.New("broken")
	c, calls := &cell{}, 0
	c.probe = &probe{call: func() error {
		if calls++; calls > 3 {
			return broken
		}
		return nil
	}}
	if err := c.calibrate(time.Hour); !errors.Is(err, broken) {
		t.Errorf("calibrate: %v", err)
	}
	c.calls = 1
	if err := c.slice(); !errors.Is(err, broken) || len(c.ns) != 0 {
		t.Errorf("slice: %v, %v", err, c.ns)
	}
}

func TestFigures(t *testing.T) {
	floor := &cell{ns: []float64{1000, 2000, 4000}}
	own := &cell{ns: []float64{1100, 2200, 8000}, allocs: 7}
	if got, want := own.text(floor), "1.10 / 2.20 µs · 1.10× · 7 a"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := floor.text(floor), "1.00 / 2.00 µs"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for most, want := range map[float64]string{0: "", 1.15: "≤ 1.15× kept", 1.05: "≤ 1.05× missed"} {
		r := &row{item: item{most: most}, cells: []*cell{floor, own}}
		if got := r.verdict(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := ratioText(0.00123) + " " + ratioText(0.999); got != "0.0012 1.00" {
		t.Errorf("ratios %q", got)
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median %v", m)
	}
}

// TestAllocations are counted as they are.
func TestAllocations(t *testing.T) {
	var kept []byte
	c := &cell{calls: 1000, probe: &probe{call: func() error {
		kept = make([]byte, 64)
		return nil
	}}}
	if err := c.countAllocations(); err != nil || c.allocs != 1 || c.bytes != 64 {
		t.Errorf("%d, %d, %v, %d", c.allocs, c.bytes, err, len(kept))
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-rounds", "3", "-time", "5ms", "-only", "^io$", "-markdown", "-processes", "9"})
	if err != nil || o.rounds != 3 || o.slice != 5*time.Millisecond || !o.markdown || o.processes != 9 || len(choose(o.only)) != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range [][]string{{"x"}, {"-rounds", "0"}, {"-time", "0s"}, {"-processes", "-1"}} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
