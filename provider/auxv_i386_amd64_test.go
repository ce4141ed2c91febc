package provider

import (
	"os"
	"testing"
)

// A 32-bit program under this 64-bit reader.
func TestAuxv32(t *testing.T) {
	path := place(t, openDir(t)+"/32", 0o755, tinyELF())
	p := pin(t, openProc(t), run(t, path))
	asleep(t, p.PID())
	v, err := p.Auxv()
	if err != nil {
		t.Fatal(err)
	}
	const entry = 0x08048000 + 52 + 32
	for kind, want := range map[AuxType]uint64{AtPageSize: uint64(os.Getpagesize()), AtEntry: entry, AtUID: uint64(os.Getuid()), AtPhnum: 1, AtPhent: 32} {
		if got, ok := v.Get(kind); !ok || got != want {
			t.Errorf("%v: %#x, %v; want %#x", kind, got, ok, want)
		}
	}
	if err := checkAuxv(p); err != nil {
		t.Error(err)
	}
}
