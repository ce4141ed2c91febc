package main

import (
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// prometheus is github.com/prometheus/procfs, by the key of the item.
var prometheus = impls{
	"stat": prom(procfs.Proc.Stat, func(s procfs.ProcStat) facts {
		return facts{"pid": s.PID, "comm": s.Comm, "ppid": s.PPID, "utime": s.UTime, "start": s.Starttime, "vsize": s.VSize}
	}),
	"open + stat": promOpenStat,
	"status": prom(procfs.Proc.NewStatus, func(s procfs.ProcStatus) facts {
		return facts{"pid": s.PID, "name": s.Name, "rss": s.VmRSS / 1024, "uid": s.UIDs[0]}
	}),
	"statm": prom(procfs.Proc.Statm, func(s procfs.ProcStatm) facts {
		return facts{"size": s.Size, "resident": s.Resident}
	}),
	"io": prom(procfs.Proc.IO, func(i procfs.ProcIO) facts {
		return facts{"rchar": i.RChar, "syscr": i.SyscR, "write_bytes": i.WriteBytes}
	}),
	"schedstat": prom(procfs.Proc.Schedstat, func(s procfs.ProcSchedstat) facts {
		return facts{"run": s.RunningNanoseconds, "wait": s.WaitingNanoseconds, "slices": s.RunTimeslices}
	}),
	"limits": prom(procfs.Proc.Limits, func(l procfs.ProcLimits) facts {
		return facts{"files": l.OpenFiles, "pending": l.PendingSignals}
	}),
	"maps":      promMaps,
	"maps list": promMaps,
	"smaps_rollup": prom(procfs.Proc.ProcSMapsRollup, func(r procfs.ProcSMapsRollup) facts {
		return facts{"rss": r.Rss / 1024, "pss": r.Pss / 1024}
	}),
	"fd targets": prom(procfs.Proc.FileDescriptorTargets, func(targets []string) facts {
		return facts{"fds": len(targets), "characters": characters(targets)}
	}),
	"fd count":       prom(procfs.Proc.FileDescriptorsLen, func(n int) facts { return facts{"fds": n} }),
	"mountinfo":      promMounts,
	"mountinfo list": promMounts,
	"cmdline": prom(procfs.Proc.CmdLine, func(args []string) facts {
		return facts{"arguments": len(args), "first": args[0]}
	}),
	"environ": prom(procfs.Proc.Environ, func(env []string) facts {
		return facts{"variables": len(env), "characters": characters(env)}
	}),
	"cgroup": prom(procfs.Proc.Cgroups, func(c []procfs.Cgroup) facts {
		return facts{"cgroups": len(c), "path": c[len(c)-1].Path}
	}),
	"exe": prom(procfs.Proc.Executable, func(exe string) facts { return facts{"exe": exe} }),
	"namespaces": prom(procfs.Proc.Namespaces, func(n procfs.Namespaces) facts {
		return facts{"namespaces": len(n), "mnt": n["mnt"].Inode}
	}),
	"address":   promAddress,
	"list pids": promList(func(procfs.Proc) error { return nil }),
	"walk + stat": promList(func(p procfs.Proc) error {
		_, err := p.Stat()
		return err
	}),
	"walk + status": promList(func(p procfs.Proc) error {
		_, err := p.NewStatus()
		return err
	}),
}

func prom[T any](method func(procfs.Proc) (T, error), tell func(T) facts) impl {
	return func(t *target) *probe {
		return of(func() (T, error) { return method(t.prom) }, tell)
	}
}

func promOpenStat(t *target) *probe {
	return of(func() (procfs.ProcStat, error) {
		p, err := procfs.NewProc(t.pid)
		if err != nil {
			return procfs.ProcStat{}, err
		}
		return p.Stat()
	}, func(s procfs.ProcStat) facts { return facts{"pid": s.PID, "comm": s.Comm} })
}

var promMaps = prom(procfs.Proc.ProcMaps, func(maps []*procfs.ProcMap) facts {
	var sum mappingSum
	for _, m := range maps {
		sum.add(uint64(m.StartAddr), m.Pathname != "")
	}
	return sum.facts()
})

var promMounts = prom(procfs.Proc.MountInfo, func(m []*procfs.MountInfo) facts {
	return facts{"mounts": len(m), "last": m[len(m)-1].MountID, "point": m[len(m)-1].MountPoint}
})

// promAddress looks for the mapping in the list of all, as one must there.
func promAddress(t *target) *probe {
	return of(func() (*procfs.ProcMap, error) {
		maps, err := t.prom.ProcMaps()
		for _, m := range maps {
			if uint64(m.StartAddr) <= t.address && t.address < uint64(m.EndAddr) {
				return m, nil
			}
		}
		return nil, err
	}, func(m *procfs.ProcMap) facts { return facts{"start": m.StartAddr, "end": m.EndAddr} })
}

// promList lists all processes and reads something of each.
func promList(read func(procfs.Proc) error) impl {
	return func(t *target) *probe {
		var seen []int
		return of(func() ([]int, error) {
			all, err := procfs.AllProcs()
			if err != nil {
				return nil, err
			}
			seen = seen[:0]
			for _, p := range all {
				if err := read(p); err != nil && !gone(p.PID) {
					return nil, err
				}
				seen = append(seen, p.PID)
			}
			return seen, nil
		}, func(seen []int) facts { return crowdFacts(t.stage, seen) })
	}
}

// gone tells of a process whose reading failed whether it has exited. Neither
// peer has an error that says so.
func gone(pid int) bool { return unix.Kill(pid, 0) == unix.ESRCH }
