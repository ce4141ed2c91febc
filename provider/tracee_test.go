package provider

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// Who is killed while its registers are set, or set back, is gone.
func TestChanged(t *testing.T) {
	var x Tracee
	for _, c := range []struct {
		set, undo, want error
		undone          bool
	}{
		{want: nil},
		{set: ErrBusy, want: ErrBusy},
		{set: unix.ESRCH, want: unix.ESRCH},
		{set: unix.EIO, want: unix.EINVAL, undone: true},
		{set: unix.EINVAL, want: unix.EINVAL, undone: true},
		{set: unix.EINVAL, undo: unix.ESRCH, want: unix.ESRCH, undone: true},
		{set: unix.EINVAL, undo: ErrBusy, want: ErrBusy, undone: true},
	} {
		undone := false
		err := x.changed(func() error { return c.set }, func() error { undone = true; return c.undo })
		if !errors.Is(err, c.want) || undone != c.undone {
			t.Errorf("%v, then %v: %v, undone: %v", c.set, c.undo, err, undone)
		}
		if c.want == unix.ESRCH && classify(err) != ErrGone {
			t.Errorf("%v is not known to be gone", err)
		}
	}
}
