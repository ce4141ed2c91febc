// Command bench measures a mounted procfsd against the native files that its
// facts come from, and against the floor that FUSE itself sets: a static file
// of the same size behind the barest go-fuse server. As root:
//
//	go run ./tests/bench
//
// The three are measured in turns, in slices of a few milliseconds, so that
// what else the machine does meets all alike; compare them by their ratios.
// Everything happens in a mount namespace of its own, and nothing is left
// behind. PROCFSD_BIN names a procfsd to measure; else this tree's is built.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"
)

const (
	roleEnv   = "PROCFSD_BENCH_ROLE" // what this process is, "" the one that was called
	dirEnv    = "PROCFSD_BENCH_DIR"  // where the client keeps its files
	binaryEnv = "PROCFSD_BIN"
)

// roles are this program again, as another process.
var roles = map[string]func() error{
	"":         outside,
	"client":   client,
	"floor":    serveFloor,
	"mappings": mappings,
	"resident": resident,
}

func main() {
	runtime.LockOSThread() // children die with the thread that started them
	role, known := roles[os.Getenv(roleEnv)]
	if !known {
		role = func() error { return fmt.Errorf("%s: no such role", os.Getenv(roleEnv)) }
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	only      *regexp.Regexp
	rounds    int
	slice     time.Duration
	pinned    bool
	markdown  bool
	processes int
	scale     bool
	resident  int // MiB
	long      bool
}

// parseOptions is for the process that was called and for the client, which
// has the same arguments.
func parseOptions() (options, error) {
	var o options
	only := flag.String("only", "", "measure the cases that match this `regexp`")
	flag.IntVar(&o.rounds, "rounds", 21, "how many times each case is measured")
	flag.DurationVar(&o.slice, "time", 50*time.Millisecond, "how long each time")
	flag.BoolVar(&o.pinned, "pinned", true, "measure the first two cases with client and daemon on one CPU, too")
	flag.BoolVar(&o.markdown, "markdown", false, "write a markdown table")
	flag.IntVar(&o.processes, "processes", 300, "how many idle processes there are")
	flag.BoolVar(&o.scale, "scale", false, "measure ls as well, and the daemon's memory: for -processes 10000")
	flag.IntVar(&o.resident, "resident", 1024, "`MiB` in memory of the large process")
	flag.BoolVar(&o.long, "long", false, "measure a map of as many mappings as there may be, too, and the memory it takes")
	flag.Parse()
	var err error
	o.only, err = regexp.Compile(*only)
	switch {
	case err != nil:
		return o, err
	case flag.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.rounds < 1 || o.processes < 1 || o.resident < 1:
		return o, errors.New("-rounds, -processes and -resident want a positive number")
	}
	return o, nil
}
