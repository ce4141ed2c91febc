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
