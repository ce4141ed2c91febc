package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// What a child of ours does that is this program again.

const targetRole = "target"

func act(role string) error {
	if role != targetRole {
		return fmt.Errorf("unknown role %q", role)
	}
	return actTarget()
}

// targetDescriptors is how many descriptors a target holds.
const targetDescriptors = 64

// actTarget gathers descriptors and mappings, says "ready" and then does
// nothing at all until its input ends.
func actTarget() error {
	debug.SetGCPercent(-1)
	want, err := strconv.Atoi(os.Getenv(mappingsEnv))
	if err != nil {
		return err
	}
	files := os.Getenv(filesEnv)
	if err := holdDescriptors(files); err != nil {
		return err
	}
	if err := holdMappings(files, want); err != nil {
		return err
	}
	burn()
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// holdDescriptors opens one of each kind, over and over.
func holdDescriptors(files string) error {
	for i := 0; ; i++ {
		have, err := os.ReadDir("/proc/self/fd")
		if err != nil || len(have)-1 >= targetDescriptors { // one was ReadDir's own
			return err
		}
		if _, err := openKind(i%kinds, files); err != nil {
			return fmt.Errorf("descriptor of kind %d: %w", i%kinds, err)
		}
	}
}

const kinds = 10

func openKind(kind int, files string) (int, error) {
	switch kind {
	case 0:
		var p [2]int
		err := unix.Pipe(p[:])
		unix.Close(p[1])
		return p[0], err
	case 1:
		return unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	case 2:
		return unix.Eventfd(0, 0)
	case 3:
		return unix.EpollCreate1(0)
	case 4:
		return unix.MemfdCreate("ordinary", 0)
	case 5:
		return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, 0)
	case 6:
		return unix.InotifyInit1(0)
	case 7:
		return unix.Open("/dev/null", unix.O_RDWR, 0)
	case 8:
		return unix.Open(files, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	}
	return unix.Open(libraryName(files, 0), unix.O_RDONLY, 0)
}

// holdMappings maps until there are as many mappings as wanted. The runtime
// may map and unmap on its own meanwhile, so it counts again.
func holdMappings(files string, want int) error {
	var held [][]byte
	for range 100 {
		have, err := countMappings()
		if err != nil || have == want {
			return err
		}
		for ; have < want; have++ {
			b, err := mapNext(files, len(held))
			if err != nil {
				return err
			}
			held = append(held, b)
		}
		if have > want && len(held) > 0 {
			unix.Munmap(held[len(held)-1])
			held = held[:len(held)-1]
		}
	}
	return fmt.Errorf("cannot have %d mappings", want)
}

func countMappings() (n int, err error) {
	fd, err := unix.Open("/proc/self/maps", unix.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	var buf [4096]byte
	for {
		m, err := unix.Read(fd, buf[:])
		if err != nil || m == 0 {
			return n, err
		}
		for _, c := range buf[:m] {
			if c == '\n' {
				n++
			}
		}
	}
}

// mapNext maps the parts of a shared library one after the other, as a loader
// does, and then some memory. All pages are there at once, and no two mappings
// merge.
func mapNext(files string, i int) ([]byte, error) {
	const flags = unix.MAP_PRIVATE | unix.MAP_POPULATE
	part, size := i%(filePages+1), os.Getpagesize()
	if part == filePages {
		return unix.Mmap(-1, 0, 4*size, unix.PROT_READ|unix.PROT_WRITE, flags|unix.MAP_ANON)
	}
	fd, err := unix.Open(libraryName(files, i/(filePages+1)%fileCount), unix.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	prot := [filePages]int{unix.PROT_READ, unix.PROT_READ | unix.PROT_EXEC, unix.PROT_READ, unix.PROT_READ | unix.PROT_WRITE}[part]
	return unix.Mmap(fd, int64(part*size), size, prot, flags)
}

// burn uses enough processor time to show in stat.
func burn() {
	var r unix.Rusage
	for unix.Getrusage(unix.RUSAGE_SELF, &r) == nil && r.Utime.Nano()+r.Stime.Nano() < 50e6 {
		runtime.Gosched()
	}
}
