package main

import (
	"fmt"
	"slices"
)

// facts are what an answer says, by name, as far as it can be compared: those
// of two implementations agree where both know a name. They are compared as
// text, so the types of numbers do not matter.
type facts map[string]any

// agree says where two differ, and how many names both know.
func (f facts) agree(other facts) (common int, err error) {
	for name, value := range f {
		its, ok := other[name]
		if !ok {
			continue
		}
		common++
		if a, b := fmt.Sprint(value), fmt.Sprint(its); a != b {
			return common, fmt.Errorf("%s: %s, not %s", name, b, a)
		}
	}
	return common, nil
}

// crowdFacts counts those of the stage's crowd among the processes seen.
func crowdFacts(s *stage, seen []int) facts {
	slices.Sort(seen)
	n := 0
	for _, c := range s.crowd {
		if _, found := slices.BinarySearch(seen, c.Process.Pid); found {
			n++
		}
	}
	return facts{"crowd": n, "twice": len(seen) - len(slices.Compact(seen))}
}
