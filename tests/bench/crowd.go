package main

import (
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// readers at once in the last case, on a thread each.
const readers = 64

// firstByte is how long it takes until a reader among many has something: all
// files opened and read, not closed.
func (b *bench) firstByte() (sides, error) {
	three, err := b.statusFiles(b.pids)
	if err != nil {
		return sides{}, err
	}
	return sides{crowd(three[ours]), crowd(three[native]), crowd(three[floor])}, nil
}

// crowd has the readers go round the processes, each from another one on, and
// gives the median and the 99th percentile.
func crowd(processes [][]path) side {
	return func(d time.Duration) ([]float64, error) {
		var all sync.WaitGroup
		var times [readers][]float64
		var errs [readers]error
		end := time.Now().Add(d)
		for i := range readers {
			all.Go(func() { times[i], errs[i] = goRound(processes, i, end) })
		}
		all.Wait()
		merged := slices.Concat(times[:]...)
		slices.Sort(merged)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, err
		}
		return []float64{merged[len(merged)/2], merged[len(merged)*99/100]}, nil
	}
}

func goRound(processes [][]path, from int, end time.Time) (times []float64, err error) {
	var fds [4]int
	buf := make([]byte, 4096)
	for i := from; ; i++ {
		start := time.Now()
		opened, err := openAndRead(processes[i%len(processes)], fds[:0], buf)
		took := time.Since(start)
		for _, fd := range opened {
			unix.Close(fd)
		}
		if err != nil {
			return nil, err
		}
		times = append(times, micro(took))
		if time.Now().After(end) {
			return times, nil
		}
	}
}

// openAndRead appends the descriptors to fds.
func openAndRead(files []path, fds []int, buf []byte) ([]int, error) {
	for _, file := range files {
		fd, err := file.open()
		if err != nil {
			return fds, err
		}
		fds = append(fds, fd)
		if _, err := read(fd, file, buf); err != nil {
			return fds, err
		}
	}
	return fds, nil
}
