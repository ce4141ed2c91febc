//go:build !race

package provider

import "testing"

// Neither a walk nor the reading of stat or status allocates for a process.
func TestWalkAllocations(t *testing.T) {
	f := openProc(t)
	var stat Stat
	var status Status
	n := 0
	walk := func() {
		n = 0
		for p, err := range f.All() {
			if err == nil && p.Stat(&stat) == nil && p.Status(&status) == nil {
				n++
			}
		}
	}
	walk()
	const ofTheWalk = 6
	if got := testing.AllocsPerRun(20, walk); got > ofTheWalk {
		t.Errorf("%v allocations for %d processes", got, n)
	}
}

// The walks that read one file of each allocate as little.
func TestAllStatAllocations(t *testing.T) {
	f := openProc(t)
	var stat Stat
	var status Status
	walk := func() {
		for range f.AllStat(&stat) {
		}
		for range f.AllStatus(&status) {
		}
	}
	walk()
	const ofTheWalks = 10
	if got := testing.AllocsPerRun(20, walk); got > ofTheWalks {
		t.Errorf("%v allocations", got)
	}
}

// Reading what is reused allocates nothing.
func TestReadingAllocations(t *testing.T) {
	p, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := p.Sampler()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var stat Stat
	var status Status
	var limits Limits
	var statm Statm
	var io IO
	var sched Schedstat
	for name, read := range map[string]func() error{
		"stat": func() error { return p.Stat(&stat) }, "sampled stat": func() error { return s.Stat(&stat) },
		"status": func() error { return p.Status(&status) }, "sampled status": func() error { return s.Status(&status) },
		"limits": func() error { return p.Limits(&limits) },
		"statm":  func() error { return p.Statm(&statm) }, "sampled statm": func() error { return s.Statm(&statm) },
		"io": func() error { return p.IO(&io) }, "sampled io": func() error { return s.IO(&io) },
		"schedstat": func() error { return p.Schedstat(&sched) }, "sampled schedstat": func() error { return s.Schedstat(&sched) },
	} {
		got := testing.AllocsPerRun(100, func() {
			if err := read(); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}
