package nodes

import (
	"os"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// Usage is what this very process takes, who serves the tree.
type Usage struct {
	PID             int    `json:"pid"` // in the tree's pid namespace
	Threads         int    `json:"threads"`
	Resident        uint64 `json:"resident"` // bytes
	Descriptors     int    `json:"descriptors"`
	DescriptorLimit uint64 `json:"descriptor_limit"`
	Kept            int    `json:"kept_processes"` // of targets that are kept open for who comes next
}

// Usage reads it from /proc/self: stat, statm, fd.
func (t *Tree) Usage() (Usage, error) {
	var u Usage
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Usage{}, err
	}
	self, err := t.own.Self()
	if err != nil {
		return Usage{}, err
	}
	defer self.Close()
	var stat provider.Stat
	var memory provider.Statm
	if err := self.Stat(&stat); err != nil {
		return Usage{}, err
	}
	if err := self.Statm(&memory); err != nil {
		return Usage{}, err
	}
	if u.Descriptors, err = self.FDCount(); err != nil {
		return Usage{}, err
	}
	u.PID, u.Threads, u.DescriptorLimit = stat.PID, int(stat.NumThreads), limit.Cur
	u.Resident = memory.Resident * uint64(os.Getpagesize())
	u.Kept = t.own.Kept()
	if t.proc != t.own {
		u.Kept += t.proc.Kept()
	}
	return u, nil
}
