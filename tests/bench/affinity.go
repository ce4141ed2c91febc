package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// pin has the client and both servers run on one CPU, the last that they may
// run on, until release.
func (b *bench) pin() (release func() error, err error) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	one.Set(last(&before))
	release = func() error { return b.runOn(&before) }
	if err := b.runOn(&one); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

func last(set *unix.CPUSet) (cpu int) {
	for i := range len(set) * strconv.IntSize {
		if set.IsSet(i) {
			cpu = i
		}
	}
	return cpu
}

func (b *bench) runOn(set *unix.CPUSet) (err error) {
	for _, pid := range append(slices.Clone(b.served), os.Getpid()) {
		err = errors.Join(err, threadsRunOn(pid, set))
	}
	return err
}

// threadsRunOn looks twice: a thread may have begun, as its maker was allowed
// to run, between the listing and the setting.
func threadsRunOn(pid int, set *unix.CPUSet) error {
	for range 2 {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return err
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil {
				return err
			}
			if err := unix.SchedSetaffinity(tid, set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("sched_setaffinity %d: %w", tid, err)
			}
		}
	}
	return nil
}
