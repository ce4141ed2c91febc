package nodes

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkMap is a map of a process with many mappings beside the floor:
// smaps, read to its end into a buffer. Only their ratio tells.
func BenchmarkMap(b *testing.B) {
	c, _ := manyMapped(b, "1000")
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 32<<10)
		for b.Loop() {
			if err := readAway(fmt.Sprintf("/proc/%d/smaps", c.pid), buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		q := find(b, ourselves(b, openTree(b, Options{GID: -1})), c.pid)
		for b.Loop() {
			if len(processText(b, q, "map")) < 1000*80 {
				b.Fatal("a short map")
			}
		}
	})
}

func readAway(path string, buf []byte) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	defer unix.Close(fd)
	for n := 1; n > 0 && err == nil; {
		n, err = unix.Read(fd, buf)
	}
	return err
}
