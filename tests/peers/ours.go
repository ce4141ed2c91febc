package main

import "github.com/procfsd/procfsd/provider"

// ours is package provider, by the key of the item. One line wires a method,
// by the helper in forms.go that fits its form:
//
//	record(method, tell)       func(*T) error             a record, read into a reused T
//	sampled(method, tell)      func(*T) error             likewise, of a Sampler
//	value(method, tell)        func() (T, error)          a scalar, a link, a list
//	each(method, add, tell)    func(func(T) error) error  elements that are lent, each added to a sum
//	of(call, tell)             anything else, made for a target
//
// Iterators are called in functions of their own, which the compiler can make
// plain loops of, as it would of any user's.
//
// The facts that tell gives must have some of the names that the item's decoder
// in decode.go gives, with equal values: the test compares them.
var ours = impls{
	"stat":        record((*provider.Process).Stat, ourStat),
	"open + stat": ourOpenStat,
	"status":      record((*provider.Process).Status, ourStatus),
	"statm": record((*provider.Process).Statm, func(s *provider.Statm) facts {
		return facts{"size": s.Size, "resident": s.Resident}
	}),
	"io": record((*provider.Process).IO, func(i *provider.IO) facts {
		return facts{"rchar": i.RChar, "syscr": i.SyscR, "write_bytes": i.WriteBytes}
	}),
	"schedstat": record((*provider.Process).Schedstat, func(s *provider.Schedstat) facts {
		return facts{"run": s.SumExecRuntime, "wait": s.RunDelay, "slices": s.PCount}
	}),
	"limits": record((*provider.Process).Limits, func(l *provider.Limits) facts {
		return facts{"files": l.OpenFiles.Soft, "pending": l.PendingSignals.Soft}
	}),
	"maps":       each((*provider.Process).EachMapping, (*mappingSum).addOurs, (*mappingSum).facts),
	"maps list":  value((*provider.Process).Maps, ourMaps),
	"smaps":      each((*provider.Process).EachSmap, (*smapSum).addOurs, (*smapSum).facts),
	"smaps list": value((*provider.Process).Smaps, ourSmaps),
	"smaps_rollup": record((*provider.Process).SmapsRollup, func(s *provider.Smap) facts {
		return facts{"rss": s.RSS / 1024, "pss": s.PSS / 1024}
	}),
	"fd targets": record(ourFDTargets, ourFDs),
	"fd modes":   record(ourFDModes, ourFDs),
	"fd count":   value((*provider.Process).FDCount, func(n int) facts { return facts{"fds": n} }),
	"mountinfo":  record(ourMounts, (*mountSum).facts),
	"mountinfo list": value((*provider.Process).Mountinfo, func(m []provider.Mount) facts {
		return facts{"mounts": len(m), "last": m[len(m)-1].ID, "point": m[len(m)-1].MountPoint}
	}),
	"cmdline": value((*provider.Process).Cmdline, func(args []string) facts {
		return facts{"arguments": len(args), "first": args[0]}
	}),
	"environ": value((*provider.Process).Environ, func(env []string) facts {
		return facts{"variables": len(env), "characters": characters(env)}
	}),
	"cgroup": value((*provider.Process).Cgroup, func(c provider.Cgroups) facts {
		return facts{"cgroups": len(c), "path": c[len(c)-1].Path}
	}),
	"exe":                  value((*provider.Process).Exe, func(l provider.Link) facts { return facts{"exe": l} }),
	"namespaces":           record(ourNamespaces, namespacesFound),
	"address":              ourAddress,
	"address again":        ourAddressAgain,
	"list pids":            ourPIDs,
	"walk + stat":          ourWalk((*provider.FS).AllStat),
	"walk + status":        ourWalk((*provider.FS).AllStatus),
	"walk + pinned stat":   ourPinnedWalk((*provider.Process).Stat),
	"walk + pinned status": ourPinnedWalk((*provider.Process).Status),
	"sampled stat":         sampled((*provider.Sampler).Stat, ourStat),
	"sampled status":       sampled((*provider.Sampler).Status, ourStatus),
}

func ourStat(s *provider.Stat) facts {
	return facts{"pid": s.PID, "comm": s.Comm, "ppid": s.PPID, "utime": s.UTime, "start": s.StartTime, "vsize": s.VSize}
}

func ourStatus(s *provider.Status) facts {
	return facts{"pid": s.PID, "name": s.Name, "rss": s.VMRSS / 1024, "uid": s.UID.Real, "threads": s.Threads}
}

func ourMaps(all []provider.Mapping) facts {
	var sum mappingSum
	for i := range all {
		sum.addOurs(&all[i])
	}
	return sum.facts()
}

func ourSmaps(all []provider.Smap) facts {
	var sum smapSum
	for i := range all {
		sum.addOurs(&all[i])
	}
	return sum.facts()
}

func ourFDs(all *[]provider.FD) facts {
	n := 0
	for _, fd := range *all {
		n += len(fd.Target.String())
	}
	return facts{"fds": len(*all), "characters": n}
}

func namespacesFound(all *[]provider.NamespaceEntry) facts {
	f := facts{"namespaces": len(*all)}
	for _, e := range *all {
		if e.Name == "mnt" {
			f["mnt"] = e.Inode
		}
	}
	return f
}
