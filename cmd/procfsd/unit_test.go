package main

import (
	"os"
	"strings"
	"testing"
)

// The unit leaves the daemon what it keeps by itself, no more and no less.
func TestUnitCapabilities(t *testing.T) {
	text, err := os.ReadFile("../../dist/systemd/procfsd@.service.in")
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]int{"CAP_DAC_OVERRIDE": 1, "CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21}
	var got capSet
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "CapabilityBoundingSet="); ok {
			for _, name := range strings.Fields(list) {
				number, known := numbers[name]
				if !known {
					t.Errorf("the unit has %s", name)
				}
				got |= caps(number)
			}
		}
	}
	if got != daemonCaps() {
		t.Errorf("the unit has %#x, the daemon %#x", uint64(got), uint64(daemonCaps()))
	}
}
