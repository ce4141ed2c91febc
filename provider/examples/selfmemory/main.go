// Selfmemory prints how much memory it uses itself; with -again once more for
// each line that it reads.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/procfsd/procfsd/provider"
)

func main() {
	log.SetFlags(0)
	again := flag.Bool("again", false, "show the memory once more for each line read")
	flag.Parse()
	me, err := provider.Self()
	if err != nil {
		log.Fatal("selfmemory: ", err)
	}
	defer me.Close()
	show(me)
	for in := bufio.NewScanner(os.Stdin); *again && in.Scan(); {
		show(me)
	}
}

func show(p *provider.Process) {
	var s provider.Stat
	if err := p.Stat(&s); err != nil {
		log.Fatal("selfmemory: ", err)
	}
	page := uint64(os.Getpagesize())
	fmt.Printf("PID %d: %d KiB of address space, %d KiB (%d pages) of memory\n",
		s.PID, s.VSize/1024, s.RSS*page/1024, s.RSS)
}
