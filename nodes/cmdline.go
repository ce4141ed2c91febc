package nodes

import (
	"errors"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// An argument area is rarely long, but a process can move and stretch its own:
// what is beyond the usual is asked for first, and bounded.
const (
	usualCmdline = 256 << 10
	maxCmdline   = 16 << 20
)

func fillCmdline(q *Query, dst []byte) ([]byte, error) {
	if q.Target.kernelThread() {
		return dst, nil
	}
	start := len(dst)
	out, err := q.Target.AppendCmdline(dst, usualCmdline)
	if errors.Is(err, provider.ErrTooBig) {
		if err = q.reserve(2 * maxCmdline); err == nil {
			out, err = q.Target.AppendCmdline(dst, maxCmdline)
		}
	}
	if err != nil {
		return dst, err
	}
	return render.AppendCmdline(out[:start], out[start:]), nil
}
