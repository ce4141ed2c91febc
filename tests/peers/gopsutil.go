package main

import (
	"math"
	"os"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/process"
)

// gopsutil is github.com/shirou/gopsutil/v4/process, by the key of the item:
// for each file the method that reads it and gives most of it.
var gopsutil = impls{
	"stat": gops((*process.Process).Times, func(c *cpu.TimesStat) facts {
		return facts{"utime": math.Round(c.User * 100)}
	}),
	"open + stat": gopsOpenStat,
	"status":      gops((*process.Process).NumThreads, func(n int32) facts { return facts{"threads": n} }),
	"statm": gops((*process.Process).MemoryInfo, func(m *process.MemoryInfoStat) facts {
		page := uint64(os.Getpagesize())
		return facts{"size": m.VMS / page, "resident": m.RSS / page}
	}),
	"io": gops((*process.Process).IOCounters, func(i *process.IOCountersStat) facts {
		return facts{"rchar": i.ReadBytes, "syscr": i.ReadCount, "write_bytes": i.DiskWriteBytes}
	}),
	"limits":     gops((*process.Process).Rlimit, gopsLimits),
	"smaps":      gopsSmaps,
	"smaps list": gopsSmaps,
	"smaps_rollup": gopsMaps(true, func(all []process.MemoryMapsStat) facts {
		return facts{"rss": all[0].Rss, "pss": all[0].Pss}
	}),
	"fd targets": gops((*process.Process).OpenFiles, func(files []process.OpenFilesStat) facts {
		n := 0
		for _, f := range files {
			n += len(f.Path)
		}
		return facts{"fds": len(files), "characters": n}
	}),
	"fd count": gops((*process.Process).NumFDs, func(n int32) facts { return facts{"fds": n} }),
	"cmdline": gops((*process.Process).CmdlineSlice, func(args []string) facts {
		return facts{"arguments": len(args), "first": args[0]}
	}),
	"environ": gops((*process.Process).Environ, func(env []string) facts {
		return facts{"variables": len(env) - 1, "characters": characters(env)} // the last is empty and none
	}),
	"exe":       gops((*process.Process).Exe, func(exe string) facts { return facts{"exe": exe} }),
	"list pids": gopsPIDs,
	"walk + stat": gopsWalk(func(p *process.Process) error {
		_, err := p.Times()
		return err
	}),
	"walk + status": gopsWalk(func(p *process.Process) error {
		_, err := p.NumThreads()
		return err
	}),
}

func gops[T any](method func(*process.Process) (T, error), tell func(T) facts) impl {
	return func(t *target) *probe {
		return of(func() (T, error) { return method(t.gops) }, tell)
	}
}

func gopsOpenStat(t *target) *probe {
	return of(func() (*cpu.TimesStat, error) {
		p, err := process.NewProcess(int32(t.pid))
		if err != nil {
			return nil, err
		}
		return p.Times()
	}, func(c *cpu.TimesStat) facts { return facts{"utime": math.Round(c.User * 100)} })
}

func gopsLimits(all []process.RlimitStat) facts {
	f := facts{}
	for _, l := range all {
		switch l.Resource {
		case process.RLIMIT_NOFILE:
			f["files"] = l.Soft
		case process.RLIMIT_SIGPENDING:
			f["pending"] = l.Soft
		}
	}
	return f
}

func gopsMaps(grouped bool, tell func([]process.MemoryMapsStat) facts) impl {
	return func(t *target) *probe {
		return of(func() (*[]process.MemoryMapsStat, error) { return t.gops.MemoryMaps(grouped) },
			func(all *[]process.MemoryMapsStat) facts { return tell(*all) })
	}
}

var gopsSmaps = gopsMaps(false, func(all []process.MemoryMapsStat) facts {
	var sum smapSum
	for _, m := range all {
		sum.add(m.Rss)
	}
	return sum.facts()
})

func gopsPIDs(t *target) *probe {
	return of(process.Pids, func(pids []int32) facts {
		var seen []int
		for _, pid := range pids {
			seen = append(seen, int(pid))
		}
		return crowdFacts(t.stage, seen)
	})
}

// gopsWalk lists all processes and reads something of each.
func gopsWalk(read func(*process.Process) error) impl {
	return func(t *target) *probe {
		var seen []int
		return of(func() ([]int, error) {
			all, err := process.Processes()
			if err != nil {
				return nil, err
			}
			seen = seen[:0]
			for _, p := range all {
				if err := read(p); err != nil && !gone(int(p.Pid)) {
					return nil, err
				}
				seen = append(seen, int(p.Pid))
			}
			return seen, nil
		}, func(seen []int) facts { return crowdFacts(t.stage, seen) })
	}
}

// characters counts those of all strings.
func characters(all []string) int {
	n := 0
	for _, s := range all {
		n += len(s)
	}
	return n
}
