//go:build !race

package provider

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A target without a name is read without allocation, another with one.
func TestFDAllocations(t *testing.T) {
	const many = 100
	p := pin(t, openProc(t), os.Getpid())
	var pair [2]int
	for range many / 2 {
		if err := unix.Pipe2(pair[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
	}
	pipes := 0
	walk := func(mode bool) func() {
		return func() {
			pipes = 0
			for fd, err := range p.fds(mode) {
				if err == nil && fd.Target.Kind == FDPipe {
					pipes++
				}
			}
		}
	}
	walk(true)()
	named := len(fdsOf(t, p)) - pipes
	ofTheWalk := float64(named + 8)
	for _, mode := range []bool{true, false} {
		if got := testing.AllocsPerRun(20, walk(mode)); pipes < many || ofTheWalk > many/2 || got > ofTheWalk {
			t.Errorf("%v allocations for %d pipes and %d others", got, pipes, named)
		}
	}
}

func TestDescriptorAllocations(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	text, pipe, socket := fdInfoText(t, "pipe"), []byte("pipe:[17]"), []byte("socket:[4080385]")
	environ := []byte(strings.Repeat("NAME=value\x00", 50))
	for _, row := range []struct {
		name string
		most float64
		fn   func()
	}{
		{"ParseFDTarget", 0, func() { ParseFDTarget(pipe); ParseFDTarget(socket) }},
		{"ParseFDInfo", 0, func() { _, _ = ParseFDInfo(text) }},
		{"ParseEnviron", 2, func() { ParseEnviron(environ) }},
		{"ParseAuxv", 1, func() { _, _ = ParseAuxv(auxvOfTest[:], 8) }},
		{"Cmdline", 2, func() { _, _ = p.Cmdline() }},
		{"Environ", 2, func() { _, _ = p.Environ() }},
		{"FDCount", 0, func() { _, _ = p.FDCount() }},
		{"Exe", 1, func() { _, _ = p.Exe() }},
		{"Namespace", 1, func() { _, _ = p.Namespace("mnt") }},
	} {
		if got := testing.AllocsPerRun(50, row.fn); got > row.most {
			t.Errorf("%s: %v allocations, want %v", row.name, got, row.most)
		}
	}
}

var auxvOfTest = [32]byte{6, 9: 16}

func BenchmarkFDs(b *testing.B) {
	p := pin(b, openProc(b), os.Getpid())
	for range 64 {
		defer unix.Close(fdOf(unix.Eventfd(0, unix.EFD_CLOEXEC))[0])
	}
	b.Run("targets", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range p.FDTargets() {
			}
		}
	})
	b.Run("modes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range p.FDs() {
			}
		}
	})
}

func BenchmarkEnviron(b *testing.B) {
	p := pin(b, openProc(b), os.Getpid())
	b.Run("floor", func(b *testing.B) {
		buf := make([]byte, 0, 16<<10)
		for b.Loop() {
			fd, _ := openat(p.fd, "environ", unix.O_RDONLY)
			_, _ = appendAll(buf, fd, maxArea)
			unix.Close(fd)
		}
	})
	b.Run("Environ", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = p.Environ()
		}
	})
	b.Run("FDCount", func(b *testing.B) {
		for b.Loop() {
			_, _ = p.FDCount()
		}
	})
}
