package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

// options are the command line.
type options struct {
	rounds    int
	slice     time.Duration
	only      *regexp.Regexp // nil: all items
	markdown  bool
	processes int
}

func parseOptions(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 51, "how often each implementation has its `turn`")
	f.DurationVar(&o.slice, "time", 4*time.Millisecond, "how `long` a turn is, but one call at least")
	f.BoolVar(&o.markdown, "markdown", false, "print the table for the README")
	f.IntVar(&o.processes, "processes", 300, "`how many` sleeping processes to walk over, besides those that are there")
	f.Func("only", "measure only items whose name matches `regexp`", func(text string) (err error) {
		o.only, err = regexp.Compile(text)
		return err
	})
	if err := f.Parse(args); err != nil {
		return o, err
	}
	err := o.check(f.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
	}
	return o, err
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.rounds < 1 || o.slice <= 0:
		return errors.New("-rounds and -time must be positive")
	case o.processes < 0 || o.processes > 10000:
		return errors.New("-processes must be 0 to 10000")
	}
	return nil
}
