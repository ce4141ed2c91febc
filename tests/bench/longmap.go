package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mostMappings is what the kernel allows a process by default. Some are left
// over, as the runtime of the process that has them needs a few more.
const (
	mostMappings  = 65530
	spareMappings = 64
)

// longMap is a map of as many mappings as the machine's limit allows.
func (b *bench) longMap() scenario {
	n := mostMappings
	text, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if limit, bad := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && bad == nil {
		n = min(n, limit-spareMappings)
	}
	return scenario{name: fmt.Sprintf("map of %d mappings", n), goal: 1.15, rows: []string{""}, prepare: func() (sides, error) { return b.longMapOf(n) }}
}

// longMapOf has texts beyond any buffer: all sides read them away.
func (b *bench) longMapOf(n int) (sides, error) {
	pid, _, err := b.startTarget("mappings", n)
	if err != nil {
		return sides{}, err
	}
	file := b.procfsdPath(pid, "map")
	size, err := b.remember(file)
	if err != nil {
		return sides{}, err
	}
	of := func(p path) side { return serial(func() (int, error) { _, err := p.away(b.buf[:mib]); return 1, err }) }
	return sides{of(file), of(nativePaths(pid, "smaps")[0]), of(b.floorPath(1, size))}, nil
}

// forgetful is how long after a giant text procfsd has given back its memory.
const forgetful = 7 * time.Second

// remember reads a file away, and says what memory procfsd had before, at once
// and some time after.
func (b *bench) remember(file path) (size int, err error) {
	var kib [3]int
	for i := range kib {
		switch i {
		case 1:
			size, err = file.away(b.buf[:mib])
		case 2:
			time.Sleep(forgetful)
		}
		if err == nil {
			kib[i], err = residentKiB(b.served[0])
		}
		if err != nil {
			return 0, err
		}
	}
	fmt.Fprintf(os.Stderr, "bench: procfsd has %d KiB in memory, %d after %s, and %d %v later\n", kib[0], kib[1], file, kib[2], forgetful)
	return size, nil
}

// residentKiB is VmRSS of a process.
func residentKiB(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	number, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	return strconv.Atoi(string(number))
}

// away opens, reads to the end and closes; of the text nothing is kept.
func (p path) away(buf []byte) (size int, err error) {
	fd, err := p.open()
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	for {
		n, err := read(fd, p, buf)
		if n == 0 || err != nil {
			return size, err
		}
		size += n
	}
}
