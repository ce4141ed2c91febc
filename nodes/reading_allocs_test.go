//go:build !race

package nodes

import "testing"

// A node that is read again and again costs no memory.
func TestReadAllocations(t *testing.T) {
	for _, node := range []string{"status", "rlimit"} {
		r := newReading(t, node)
		read := func() { r.do(t) }
		for range 3 {
			read()
		}
		if got := testing.AllocsPerRun(200, read); got != 0 {
			t.Errorf("%s: %v allocations", node, got)
		}
	}
}
