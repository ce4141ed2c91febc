package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// scenario is a case: what is compared with what.
type scenario struct {
	name     string
	goal     float64  // how many times native it may take, 0 for no goal
	unpinned float64  // so, on several CPUs; goal is for one then
	rows     []string // what of it is told
	prepare  func() (sides, error)
}

func (b *bench) scenarios() []scenario {
	one := []string{""}
	many := fmt.Sprintf("status of %d processes", b.processes)
	large := fmt.Sprintf("map of %d MiB resident", b.resident)
	all := []scenario{
		{name: many, goal: 2.5, unpinned: 3.2, rows: one, prepare: func() (sides, error) { return b.status(b.pids) }},
		{name: "status of one process", goal: 2.5, unpinned: 3.2, rows: one, prepare: func() (sides, error) { return b.status(b.pids[:1]) }},
		{name: "root status, per process", goal: 0.8, rows: one, prepare: b.rootStatus},
		{name: "map of 1000 mappings", goal: 1.15, rows: one, prepare: func() (sides, error) { return b.mapOf("mappings", 1000) }},
		{name: large, goal: 1.1, rows: one, prepare: func() (sides, error) { return b.mapOf("resident", b.resident) }},
		{name: "rlimit", goal: 6, rows: one, prepare: b.rlimit},
		{name: "listing the root, per name", goal: 12, rows: one, prepare: b.listing},
		{name: "mem, reads of 1 MiB", goal: 2.5, rows: one, prepare: b.mem},
		{name: "pread of an open status", rows: one, prepare: b.openStatus},
		{name: fmt.Sprintf("first byte, %d readers", readers), rows: []string{", p50", ", p99"}, prepare: b.firstByte},
	}
	if b.long {
		all = append(all, b.longMap())
	}
	if b.scale {
		all = append(all, scenario{name: "ls of the root", rows: one, prepare: b.ls})
	}
	return all
}

// facts are the native files that a status line is made of.
var facts = []string{"stat", "status", "wchan"}

// status reads one process after another.
func (b *bench) status(pids []int) (sides, error) {
	three, err := b.statusFiles(pids)
	if err != nil {
		return sides{}, err
	}
	return sides{serial(b.inTurn(three[ours])), serial(b.inTurn(three[native])), serial(b.inTurn(three[floor]))}, nil
}

// statusFiles are the files of each process, on each side. All of ours and of
// the floor's have been read once: the kernel knows their names.
func (b *bench) statusFiles(pids []int) (three [3][][]path, err error) {
	for i, pid := range pids {
		line := b.procfsdPath(pid, "status")
		size, err := line.once(b.buf)
		if err != nil {
			return three, err
		}
		same := b.floorPath(1+i, size)
		if _, err := same.once(b.buf); err != nil {
			return three, err
		}
		three[ours] = append(three[ours], []path{line})
		three[native] = append(three[native], nativePaths(pid, facts...))
		three[floor] = append(three[floor], []path{same})
	}
	return three, nil
}

// inTurn reads the files of one process after another, in one read each.
func (b *bench) inTurn(processes [][]path) op {
	next := 0
	return func() (int, error) {
		files := processes[next]
		next = (next + 1) % len(processes)
		return 1, b.eachOnce(files)
	}
}

func (b *bench) eachOnce(files []path) error {
	for _, file := range files {
		if _, err := file.once(b.buf); err != nil {
			return err
		}
	}
	return nil
}

// rootStatus reads the lines of all processes at once; natively the same facts
// of all processes that there are, whose names need not be listed.
func (b *bench) rootStatus() (sides, error) {
	all := pathOf(b.mount, "status")
	size, err := all.whole(b.buf)
	if err != nil {
		return sides{}, err
	}
	lines := bytes.Count(b.buf[:size], []byte("\n"))
	return sides{
		serial(func() (int, error) {
			n, err := all.whole(b.buf)
			return bytes.Count(b.buf[:n], []byte("\n")), err
		}),
		b.nativeTable,
		serial(b.wholly(b.floorPath(1, size), lines)),
	}, nil
}

// wholly reads a file to its end.
func (b *bench) wholly(file path, units int) op {
	return func() (int, error) {
		_, err := file.whole(b.buf)
		return units, err
	}
}

// allPids are those of /proc now.
func allPids() (pids []int, err error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, err
}

// gone says that a process has ended meanwhile, as strangers do.
func gone(err error) bool { return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) }

// mapOf a process in that role: both sides are read to the end, for nobody
// knows before how long they are.
func (b *bench) mapOf(role string, n int) (sides, error) {
	pid, _, err := b.startTarget(role, n)
	if err != nil {
		return sides{}, err
	}
	file := b.procfsdPath(pid, "map")
	size, err := file.whole(b.buf)
	if err != nil {
		return sides{}, err
	}
	smaps := nativePaths(pid, "smaps")[0]
	return sides{serial(b.wholly(file, 1)), serial(b.wholly(smaps, 1)), serial(b.wholly(b.floorPath(1, size), 1))}, nil
}

func (b *bench) rlimit() (sides, error) {
	file := b.procfsdPath(b.pids[0], "rlimit")
	size, err := file.once(b.buf)
	if err != nil {
		return sides{}, err
	}
	limits := nativePaths(b.pids[0], "limits")
	return sides{
		serial(b.inTurn([][]path{{file}})),
		serial(b.inTurn([][]path{limits})),
		serial(b.inTurn([][]path{{b.floorPath(1, size)}})),
	}, nil
}

// listing reads the names of the root: procfsd's are fewer than /proc's, so
// what counts is one name.
func (b *bench) listing() (sides, error) {
	names, err := pathOf(b.mount).list(b.buf)
	if err != nil {
		return sides{}, err
	}
	same := pathOf(b.floor, strconv.Itoa(names))
	if n, err := same.list(b.buf); err != nil || n != names {
		return sides{}, fmt.Errorf("%s lists %d names, want %d: %w", same, n, names, err)
	}
	of := func(dir path) side { return serial(func() (int, error) { return dir.list(b.buf) }) }
	return sides{of(pathOf(b.mount)), of(pathOf("/proc")), of(same)}, nil
}
