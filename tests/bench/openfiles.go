package main

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// The cases whose files stay open.

// keep opens a file until the end.
func (b *bench) keep(p path) (int, error) {
	fd, err := p.open()
	if err == nil {
		b.after(func() { unix.Close(fd) })
	}
	return fd, err
}

func (b *bench) keepAll(paths []path) (fds []int, err error) {
	for _, p := range paths {
		fd, failed := b.keep(p)
		err = errors.Join(err, failed)
		fds = append(fds, fd)
	}
	return fds, err
}

// keepThree opens one of ours, what it is made of, and the floor's.
func (b *bench) keepThree(ours path, native []path, floor path) (fds [3][]int, err error) {
	for i, paths := range [][]path{{ours}, native, {floor}} {
		if fds[i], err = b.keepAll(paths); err != nil {
			return fds, err
		}
	}
	return fds, nil
}

// openStatus reads files again that have been opened once; each time from the
// beginning, which makes them anew.
func (b *bench) openStatus() (sides, error) {
	line := b.procfsdPath(b.pids[0], "status")
	size, err := line.once(b.buf)
	if err != nil {
		return sides{}, err
	}
	fds, err := b.keepThree(line, nativePaths(b.pids[0], facts...), b.floorPath(1, size))
	if err != nil {
		return sides{}, err
	}
	of := func(fds []int) side { return serial(func() (int, error) { return 1, b.eachAgain(fds) }) }
	return sides{of(fds[ours]), of(fds[native]), of(fds[floor])}, nil
}

func (b *bench) eachAgain(fds []int) error {
	for _, fd := range fds {
		if _, err := pread(fd, b.buf[:lineRoom], 0); err != nil {
			return err
		}
	}
	return nil
}

const (
	mib       = 1 << 20
	dumpedMiB = 64 // more than a cache holds
)

// mem walks through the memory of a process, as a dump does.
func (b *bench) mem() (sides, error) {
	pid, address, err := b.startTarget("resident", dumpedMiB)
	if err != nil {
		return sides{}, err
	}
	fds, err := b.keepThree(b.procfsdPath(pid, "mem"), nativePaths(pid, "mem"), b.floorPath(1, mib))
	if err != nil {
		return sides{}, err
	}
	return sides{
		serial(b.walk(fds[ours][0], address, dumpedMiB)),
		serial(b.walk(fds[native][0], address, dumpedMiB)),
		serial(b.walk(fds[floor][0], 0, 1)),
	}, nil
}

// walk reads a region in pieces, and from its start again.
func (b *bench) walk(fd int, start int64, pieces int) op {
	next := 0
	return func() (int, error) {
		n, err := pread(fd, b.buf[:mib], start+int64(next)*mib)
		next = (next + 1) % pieces
		if err == nil && n != mib {
			err = errors.New("a short read")
		}
		return 1, err
	}
}

// nativeTable reads the facts of every process, each time all of them: a
// kernel thread's cost less than another's.
func (b *bench) nativeTable(d time.Duration) ([]float64, error) {
	pids, err := allPids()
	if err != nil {
		return nil, err
	}
	var processes [][]path
	for _, pid := range pids {
		processes = append(processes, nativePaths(pid, facts...))
	}
	return serial(func() (read int, err error) {
		for _, files := range processes {
			err := b.eachOnce(files)
			switch {
			case err == nil:
				read++
			case !gone(err):
				return read, err
			}
		}
		return read, nil
	})(d)
}
