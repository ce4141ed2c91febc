package provider

import (
	"os"
	"testing"
)

func TestParseELFIdent(t *testing.T) {
	for text, want := range map[string]ELFClass{
		"\x7fELF\x01": ELF32, "\x7fELF\x02\x01\x01": ELF64, "\x7fELF\x03": ELFNone, "\x7fELF\x00": ELFNone,
		"\x7fELF": ELFNone, "": ELFNone, "#!/bin/sh": ELFNone, "\x7fELG\x02": ELFNone,
	} {
		if got := ParseELFIdent([]byte(text)); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	own, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		cannot(t, err.Error())
	}
	if got := ParseELFIdent(own); got != ELF32 && got != ELF64 {
		t.Errorf("this program is %s", got)
	}
}
