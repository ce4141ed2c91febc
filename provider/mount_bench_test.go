package provider

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func BenchmarkParseMountinfo(b *testing.B) {
	text := ownText(b, "mountinfo")
	b.Run("owned", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseMountinfo(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("lent", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range MountLines(text) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// The whole call against openat, reads to the end and close.
func BenchmarkMountinfo(b *testing.B) {
	p := pin(b, openProc(b), os.Getpid())
	b.Run("floor", func(b *testing.B) {
		buf := make([]byte, 0, 64<<10)
		for b.Loop() {
			fd, err := openat(p.fd, "mountinfo", unix.O_RDONLY)
			if err != nil {
				b.Fatal(err)
			}
			if buf, err = appendAll(buf[:0], fd, wholeMost); err != nil {
				b.Fatal(err)
			}
			unix.Close(fd)
		}
	})
	b.Run("owned", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Mountinfo(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("lent", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range p.MountLines() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
