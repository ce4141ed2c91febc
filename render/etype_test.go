package render

import "testing"

func TestAppendEtype(t *testing.T) {
	for abi, want := range map[ABI]string{
		ABIUnknown: "Not Available", ABINull: "null", ABILinux32: "Linux ELF32", ABILinux64: "Linux ELF64",
		ABILinux64 + 1: "Not Available", 255: "Not Available",
	} {
		if got := string(AppendEtype([]byte("x"), abi)); got != "x"+want+"\n" {
			t.Errorf("etype %d is %q, want x%s and a newline", uint8(abi), got, want)
		}
		if got := abi.String(); got != want || len(got) > 31 {
			t.Errorf("ABI %d is %q, want %q", uint8(abi), got, want)
		}
	}
	if unset := *new(ABI); unset != ABIUnknown {
		t.Errorf("an ABI that was not set is %v", unset)
	}
}

func TestAppendEtypeAllocs(t *testing.T) {
	for abi := range ABI(5) {
		noAllocs(t, func(dst []byte) []byte { return AppendEtype(dst, abi) })
	}
}
