package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// fillRlimit is fill(rlimit, render.AppendRlimit) that allocates nothing.
func fillRlimit(q *Query, dst []byte) ([]byte, error) {
	r, err := rlimit(q)
	if err != nil {
		return dst, err
	}
	return render.AppendRlimit(dst, &r), nil
}

// rlimit translates the limits that Linux has. The others are without limit:
// Linux enforces none on a process.
func rlimit(q *Query) (render.Rlimit, error) {
	l := &q.Target.limits
	if err := q.Target.Limits(l); err != nil {
		return render.Rlimit{}, err
	}
	return rlimitOf(l), nil
}

// limitsHere are the limits that both kernels have.
var limitsHere = [...]struct {
	resource render.Resource
	kind     provider.LimitKind
}{
	{render.CPU, provider.LimitCPUTime},
	{render.FSize, provider.LimitFileSize},
	{render.Data, provider.LimitDataSize},
	{render.Stack, provider.LimitStackSize},
	{render.Core, provider.LimitCoreFileSize},
	{render.RSS, provider.LimitResidentSet},
	{render.MemLock, provider.LimitLockedMemory},
	{render.NProc, provider.LimitProcesses},
	{render.NoFile, provider.LimitOpenFiles},
	{render.VMem, provider.LimitAddressSpace},
}

func rlimitOf(l *provider.Limits) render.Rlimit {
	var r render.Rlimit
	for i := range r {
		r[i] = render.Limit{Cur: render.Infinity, Max: render.Infinity}
	}
	for i := range limitsHere {
		here := &limitsHere[i]
		if limit, ok := l.Get(here.kind); ok { // else this kernel sets none
			r[here.resource] = render.Limit{Cur: limit.Soft, Max: limit.Hard}
		}
	}
	return r
}
