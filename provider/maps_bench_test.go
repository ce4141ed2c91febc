package provider

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// manyMappings gives this process n mappings of a file, and the process.
func manyMappings(tb testing.TB, n int) *Process {
	tb.Helper()
	f, err := os.CreateTemp(tb.TempDir(), "a-mapped-file")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 20); err != nil {
		tb.Fatal(err)
	}
	for i := range n { // neighbours differ, or they would be one
		b, err := unix.Mmap(int(f.Fd()), int64(i%2)*8192, 8192, unix.PROT_READ, unix.MAP_PRIVATE)
		if err != nil {
			tb.Fatal(err)
		}
		_ = b[0] // a page to be counted
		tb.Cleanup(func() { unix.Munmap(b) })
	}
	return pinned(tb, os.Getpid())
}

// floor opens a file, reads it to its end into a buffer, and closes it: what
// nobody can do without.
func floor(b *testing.B, p *Process, file string) {
	buf := make([]byte, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		fd, err := p.open(file, unix.O_RDONLY)
		if err != nil {
			b.Fatal(err)
		}
		for n := 1; n > 0; {
			if n, err = readRetry(fd, buf); err != nil {
				b.Fatal(err)
			}
		}
		unix.Close(fd)
	}
}

func bench(b *testing.B, fn func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := fn(); err != nil {
			b.Fatal(err)
		}
	}
}

// Each beside the floor, in one run: only the ratio tells.
func BenchmarkMaps(b *testing.B) {
	p := manyMappings(b, 120)
	b.Run("floor", func(b *testing.B) { floor(b, p, "maps") })
	b.Run("EachMapping", func(b *testing.B) {
		bench(b, func() error { return p.EachMapping(func(*Mapping) error { return nil }) })
	})
	b.Run("Maps", func(b *testing.B) {
		bench(b, func() error { _, err := p.Maps(); return err })
	})
	f, err := p.OpenMaps()
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	b.Run("MapsFile.Each", func(b *testing.B) {
		bench(b, func() error { return f.Each(func(*Mapping) error { return nil }) })
	})
}

func BenchmarkSmaps(b *testing.B) {
	p := manyMappings(b, 120)
	b.Run("floor", func(b *testing.B) { floor(b, p, "smaps") })
	b.Run("EachSmap", func(b *testing.B) {
		bench(b, func() error { return p.EachSmap(func(*Smap) error { return nil }) })
	})
	b.Run("Smaps", func(b *testing.B) {
		bench(b, func() error { _, err := p.Smaps(); return err })
	})
	b.Run("floor-rollup", func(b *testing.B) { floor(b, p, "smaps_rollup") })
	var s Smap
	b.Run("SmapsRollup", func(b *testing.B) { bench(b, func() error { return p.SmapsRollup(&s) }) })
}

// Which mapping holds an address: asked, and looked for in the text.
func BenchmarkProcmapQuery(b *testing.B) {
	p := manyMappings(b, 120)
	f, err := p.OpenMaps()
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var m FoundMapping
	all, err := p.Maps()
	if err != nil {
		b.Fatal(err)
	}
	address := all[len(all)/2].Start
	b.Run("query", func(b *testing.B) {
		bench(b, func() error { _, err := f.Query(address, 0, &m); return err })
	})
	b.Run("query-name", func(b *testing.B) {
		bench(b, func() error { _, err := f.Query(address, QueryName, &m); return err })
	})
	b.Run("query-buildid", func(b *testing.B) {
		bench(b, func() error { _, err := f.Query(address, QueryBuildID, &m); return err })
	})
	b.Run("text", func(b *testing.B) {
		found := false
		bench(b, func() error {
			return f.Each(func(m *Mapping) error {
				found = found || m.Start <= address && address < m.End
				return nil
			})
		})
	})
}

// A page's word, and the search for the pages that are there.
func BenchmarkPagemap(b *testing.B) {
	p := manyMappings(b, 1)
	m, err := p.OpenPagemap()
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	const pages = 1 << 16
	mem, err := unix.Mmap(-1, 0, pages*4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Munmap(mem)
	mem[0], mem[pages*4096-1] = 1, 1
	page := uint64(address(mem)) / 4096
	b.Run("Info", func(b *testing.B) { bench(b, func() error { _, err := m.Info(page); return err }) })
	dst := make([]PageInfo, pages)
	b.Run("Infos-65536", func(b *testing.B) { bench(b, func() error { _, err := m.Infos(dst, page); return err }) })
	q := PagemapScan{Start: page * 4096, End: (page + pages) * 4096, All: PageIsPresent, Return: PageIsPresent}
	var regions [8]PageRegion
	b.Run("Scan-65536", func(b *testing.B) {
		bench(b, func() error { _, _, err := m.Scan(q, regions[:]); return err })
	})
}
