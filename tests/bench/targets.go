package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// argument of a role.
func argument() (int, error) {
	if len(os.Args) != 2 {
		return 0, errors.New("want one number")
	}
	return strconv.Atoi(os.Args[1])
}

// ready tells a number and waits to be killed.
func ready(answer int64) error {
	if _, err := fmt.Println(answer); err != nil {
		return err
	}
	for {
		time.Sleep(time.Hour)
	}
}

// mappings is a process with that many mappings, by turns of a file and
// anonymous ones, of a resident page each.
func mappings() error {
	n, err := argument()
	if err != nil {
		return err
	}
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	self, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	for i := bytes.Count(text, []byte("\n")); i < n; i++ {
		if err := mapPage(i, self); err != nil {
			return fmt.Errorf("mapping %d: %w", i, err)
		}
	}
	return ready(0)
}

func mapPage(i, file int) error {
	flags := unix.MAP_PRIVATE | unix.MAP_POPULATE
	if i%2 == 0 {
		file, flags = -1, flags|unix.MAP_ANONYMOUS
	}
	_, err := unix.MmapPtr(file, 0, nil, uintptr(os.Getpagesize()), unix.PROT_READ|unix.PROT_WRITE, flags)
	return err
}

// resident is a process with that many MiB in memory, in small pages, which
// are what costs smaps its time. It tells where.
func resident() error {
	mib, err := argument()
	if err != nil {
		return err
	}
	memory, err := unix.Mmap(-1, 0, mib<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	_ = unix.Madvise(memory, unix.MADV_NOHUGEPAGE) // EINVAL: a kernel without huge pages
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = byte(i) | 1
	}
	return ready(int64(uintptr(unsafe.Pointer(unsafe.SliceData(memory)))))
}
