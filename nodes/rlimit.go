package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// rlimit translates the limits that Linux has. The others are without limit:
// Linux enforces none on a process.
func rlimit(q *Query) (render.Rlimit, error) {
	var l provider.Limits
	if err := q.Target.Limits(&l); err != nil {
		return render.Rlimit{}, err
	}
	return rlimitOf(&l), nil
}

func rlimitOf(l *provider.Limits) render.Rlimit {
	var r render.Rlimit
	for i := range r {
		r[i] = render.Limit{Cur: render.Infinity, Max: render.Infinity}
	}
	for resource, kind := range map[render.Resource]provider.LimitKind{
		render.CPU:     provider.LimitCPUTime,
		render.FSize:   provider.LimitFileSize,
		render.Data:    provider.LimitDataSize,
		render.Stack:   provider.LimitStackSize,
		render.Core:    provider.LimitCoreFileSize,
		render.RSS:     provider.LimitResidentSet,
		render.MemLock: provider.LimitLockedMemory,
		render.NProc:   provider.LimitProcesses,
		render.NoFile:  provider.LimitOpenFiles,
		render.VMem:    provider.LimitAddressSpace,
	} {
		if limit, ok := l.Get(kind); ok { // else this kernel sets none
			r[resource] = render.Limit{Cur: limit.Soft, Max: limit.Hard}
		}
	}
	return r
}
