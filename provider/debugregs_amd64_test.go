package provider

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// A hardware watchpoint outlives the tracer and fires.
func TestSetDebugRegsWatchpoint(t *testing.T) {
	const writes8 = 1 | 1<<16 | 2<<18 // enabled in slot 0, on writes to 8 bytes
	v := startVictim(t, "watch")
	v.stop()
	hold(t, newTracer(t), pinned(t, v.pid), func(x *Tracee) error {
		r, err := x.DebugRegs()
		if err != nil || r != (DebugRegsAMD64{6: 0xffff0ff0}) {
			t.Errorf("idle: %x, %v", r, err)
		}
		r[0], r[7] = uint64(v.a), writes8
		if err := x.SetDebugRegs(r); err != nil {
			return err
		}
		now, err := x.DebugRegs()
		if now[0] != r[0] || now[7]&0xffff00ff != writes8 {
			t.Errorf("%x", now)
		}
		return err
	})
	v.kill(unix.SIGCONT)
	if code := v.exit(); code != 33 {
		t.Errorf("exit %d", code)
	}
}

func TestSetDebugRegsRefused(t *testing.T) {
	v := startVictim(t, "watch")
	v.stop()
	hold(t, newTracer(t), pinned(t, v.pid), func(x *Tracee) error {
		good := DebugRegsAMD64{uint64(v.a), uint64(v.a) + 8, 0, 0, 0, 0, 0xffff0ff0, 1 | 1<<16}
		if err := x.SetDebugRegs(good); err != nil {
			return err
		}
		old, err := x.DebugRegs()
		if err != nil {
			return err
		}
		for name, bad := range map[string]DebugRegsAMD64{
			"kernel address": {1, 2, 3, 1 << 63},
			"input-output":   {uint64(v.a), 2, 3, 4, 0, 0, 0, 1 | 2<<16},
			"unaligned":      {uint64(v.a) + 1, 2, 3, 4, 0, 0, 0, 1 | 1<<16 | 3<<18},
		} {
			if err := x.SetDebugRegs(bad); !errors.Is(err, unix.EINVAL) {
				t.Errorf("%s: %v", name, err)
			}
			if now, err := x.DebugRegs(); err != nil || now != old {
				t.Errorf("%s: %x, not %x, %v", name, now, old, err)
			}
		}
		return x.SetDebugRegs(DebugRegsAMD64{})
	})
}
