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
	for resource, limit := range map[render.Resource]provider.Limit{
		render.CPU:     l.CPUTime,
		render.FSize:   l.FileSize,
		render.Data:    l.DataSize,
		render.Stack:   l.StackSize,
		render.Core:    l.CoreFileSize,
		render.RSS:     l.ResidentSet,
		render.MemLock: l.LockedMemory,
		render.NProc:   l.Processes,
		render.NoFile:  l.OpenFiles,
		render.VMem:    l.AddressSpace,
	} {
		r[resource] = render.Limit{Cur: limit.Soft, Max: limit.Hard}
	}
	return r
}
