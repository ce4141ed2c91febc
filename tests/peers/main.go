// Command peers measures the process library (package provider) beside
// prometheus/procfs, gopsutil and the floor under all of them, the bare system
// calls, and prints one table:
//
//	cd tests/peers && go run .            # a table to look at
//	cd tests/peers && go run . -markdown  # the README's
//
// It is a module of its own, so that the product does not carry its peers.
//
// It knows what each library is asked and how to compare them fairly; it must
// not know how any of them does it.
//
// # The floor
//
// The floor of a file is openat(2), relative to a ready O_PATH descriptor of
// /proc/PID as the library holds one, read(2) into a reused buffer and
// close(2), with nothing parsed and nothing allocated. Files that the kernel
// writes as one record (stat, status, statm, io, schedstat, limits,
// smaps_rollup) are read once; all others until the end, over and over into
// the same 64 KiB. The floor of a link is one readlinkat, of the number of
// descriptors one fstatat, of a directory of links openat, getdents to the end,
// a readlinkat each and close. The floor of a walk is getdents of /proc to the
// end and, relative to a descriptor of /proc, openat("PID/file"), one read and
// close per process. Where a library offers what the floor cannot do (asking
// for one mapping, keeping a file open), the floor stays the plain reading.
//
// # The questions
//
// Each library is asked as its users would ask it. Of maps, smaps and mountinfo
// procfsd lends the elements one by one; its own lists, which are what the
// others give, are the items "as a list". A walk reads one file of every
// process by its number, as the others do; a pinned one opens each process
// first. One address is looked up by opening maps and asking the kernel
// (Linux 6.11, else "–").
//
// # The figures
//
// All implementations of all items take turns, slice by slice, round after
// round, so that whatever else the machine does meets all of them alike. Each
// slice begins after a garbage collection and bears the cost of its own. A
// round gives each implementation one figure, and one ratio to the floor of the
// same round. The table shows the least and the median of the figures, the
// median of the ratios, and the objects allocated per call. Compare ratios,
// never times of different runs. An error ends the whole.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"

	"golang.org/x/sys/unix"
)

func main() {
	if role := os.Getenv(roleEnv); role != "" {
		exit(act(role))
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		os.Exit(2) // package flag has said why
	}
	exit(run(ctx, o, os.Stdout, os.Stderr))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run measures what o asks for and prints the table to out.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	chosen := choose(o.only)
	if len(chosen) == 0 {
		return fmt.Errorf("no item matches %v", o.only)
	}
	rows, err := measureAll(ctx, chosen, o, progress)
	if err != nil {
		return err
	}
	return newTable(rows).print(out, newHeader(o), o.markdown)
}

// measureAll has a stage of its own, which is gone when it returns.
func measureAll(ctx context.Context, chosen []item, o options, progress io.Writer) ([]*row, error) {
	s, err := newStage(o.processes)
	if err != nil {
		return nil, err
	}
	defer s.close()
	rows, err := prepare(ctx, s, chosen, o.slice)
	if err != nil {
		return nil, err
	}
	return rows, measure(ctx, rows, o.rounds, progress)
}

// choose gives the items whose names match; all for nil.
func choose(only *regexp.Regexp) []item {
	var chosen []item
	for _, i := range items {
		if only == nil || only.MatchString(i.name) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}
