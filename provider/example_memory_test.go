package provider_test

import (
	"fmt"
	"log"
	"os"
	"unsafe"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// What memory a process has: all that it sees, its fair share of it, and what
// is its own alone.
func ExampleProcess_EachSmap() {
	p, err := provider.Self()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	var rss, pss, anonymous uint64
	kinds := map[provider.MapKind]int{}
	err = p.EachSmap(func(s *provider.Smap) error {
		rss += s.RSS
		pss += s.PSS
		anonymous += s.Anonymous
		kinds[s.Kind()]++
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("has memory:", rss > 0, "share no larger:", pss <= rss, "own no larger:", anonymous <= rss)
	fmt.Println("stacks:", kinds[provider.MapStack], "files:", kinds[provider.MapPath] > 0)
	// Output:
	// has memory: true share no larger: true own no larger: true
	// stacks: 1 files: true
}

// Which pages are written in a while: by their soft-dirty bits, or where the
// kernel has none (CONFIG_MEM_SOFT_DIRTY) by their referenced ones. That is a
// guess: those that are only read have it too, and a processor that remembers
// a page does not say again that it uses it.
func ExamplePagemap() {
	p, err := provider.Self()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	memory, err := unix.Mmap(-1, 0, 64*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Munmap(memory)
	write(memory, 64)
	pages, err := p.OpenPagemap()
	if err != nil {
		log.Fatal(err)
	}
	defer pages.Close()
	page := uint64(uintptr(unsafe.Pointer(&memory[0]))) / uint64(os.Getpagesize())
	first, err := pages.Info(page)
	if err != nil {
		log.Fatal(err)
	}
	if first.SoftDirty() {
		clearRefs(p, provider.ClearSoftDirty)
		write(memory, 8)
		fmt.Println(softDirty(pages, page) == 8)
	} else {
		clearRefs(p, provider.ClearReferenced)
		write(memory, 8)
		fmt.Println(referenced(p, page*uint64(os.Getpagesize())) < 16)
	}
	// Output: true
}

// write writes to the first n pages.
func write(memory []byte, n int) {
	for i := range n {
		memory[i*os.Getpagesize()]++
	}
}

func softDirty(pages *provider.Pagemap, first uint64) (n int) {
	all, err := pages.Range(first, first+64)
	if err != nil {
		log.Fatal(err)
	}
	for _, page := range all {
		if page.SoftDirty() {
			n++
		}
	}
	return n
}

func referenced(p *provider.Process, address uint64) (n int) {
	err := p.EachSmap(func(s *provider.Smap) error {
		if s.Start <= address && address < s.End {
			n = int(s.Referenced) / os.Getpagesize()
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	return n
}

func clearRefs(p *provider.Process, what provider.ClearRefs) {
	if err := p.ClearRefs(what); err != nil {
		log.Fatal(err)
	}
}

// Which mapping holds an address, without reading them all.
func ExampleMapsFile_Query() {
	p, err := provider.Self()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	maps, err := p.OpenMaps()
	if err != nil {
		log.Fatal(err)
	}
	defer maps.Close()
	here := new(int)
	var m provider.FoundMapping
	found, err := maps.Query(uint64(uintptr(unsafe.Pointer(here))), provider.QueryWritable|provider.QueryName, &m)
	if err != nil { // a kernel before 6.11: ErrNotSupported
		fmt.Println("memory rw-p")
		return
	}
	if found {
		fmt.Println(heapKind(m.Kind()), m.Perms)
	}
	// Output: memory rw-p
}

// heapKind says what Go's heap is: memory without a file, which kernels may
// show under a name.
func heapKind(k provider.MapKind) string {
	if k == provider.MapAnonymous || k == provider.MapAnonName {
		return "memory"
	}
	return k.String()
}
