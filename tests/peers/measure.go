package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// A row is an item with its cells: the floor's first, then the libraries'; nil
// where a library has no implementation.
type row struct {
	item  item
	cells []*cell
}

// A cell is one implementation of one item, and what has been measured of it.
type cell struct {
	probe *probe
	calls int       // in a slice
	ns    []float64 // per call, a figure a round

	allocs, bytes uint64 // per call
}

// prepare makes the cells and finds out how many calls fill a slice.
func prepare(ctx context.Context, s *stage, chosen []item, slice time.Duration) ([]*row, error) {
	var rows []*row
	for _, i := range chosen {
		r := &row{item: i}
		for library, p := range probes(s, i) {
			c, err := newCell(ctx, p, slice)
			if err != nil {
				return nil, r.fail(library, err)
			}
			r.cells = append(r.cells, c)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (r *row) fail(library int, err error) error {
	return fmt.Errorf("%s of %s: %w", r.item.name, columnName(library), err)
}

func newCell(ctx context.Context, p *probe, slice time.Duration) (*cell, error) {
	if p == nil {
		return nil, nil
	}
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	c := &cell{probe: p}
	if err := c.calibrate(slice); err != nil {
		return nil, err
	}
	return c, c.countAllocations()
}

var errInterrupted = errors.New("interrupted")

// probes gives the item's probe of the floor and of each library, or nil.
func probes(s *stage, i item) []*probe {
	t := s.small
	if i.large {
		t = s.large
	}
	all := []*probe{i.floor(t)}
	for _, l := range libraries {
		var p *probe
		if make := l.impls[i.implKey()]; make != nil {
			p = make(t)
		}
		all = append(all, p)
	}
	return all
}

func columnName(i int) string {
	if i == 0 {
		return "floor"
	}
	return libraries[i-1].name
}

// calibrate finds how many calls take about as long as a slice.
func (c *cell) calibrate(slice time.Duration) error {
	c.calls = 1
	if err := c.run(); err != nil { // the first call of all makes its buffers
		return err
	}
	for {
		start := time.Now()
		if err := c.run(); err != nil {
			return err
		}
		took := time.Since(start)
		if took >= slice/4 {
			c.calls = max(1, int(float64(c.calls)*float64(slice)/float64(took)))
			return nil
		}
		c.calls *= 2
	}
}

func (c *cell) run() error {
	for range c.calls {
		if err := c.probe.call(); err != nil {
			return err
		}
	}
	return nil
}

// countAllocations counts over one slice, as testing.AllocsPerRun does.
func (c *cell) countAllocations() error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := c.run(); err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	c.allocs = (after.Mallocs - before.Mallocs) / uint64(c.calls)
	c.bytes = (after.TotalAlloc - before.TotalAlloc) / uint64(c.calls)
	return nil
}

// slice takes one figure. What others left to collect is not its affair.
func (c *cell) slice() error {
	runtime.GC()
	start := time.Now()
	if err := c.run(); err != nil {
		return err
	}
	c.ns = append(c.ns, float64(time.Since(start).Nanoseconds())/float64(c.calls))
	return nil
}

// measure goes through all cells in each round. Who begins changes from round
// to round.
func measure(ctx context.Context, rows []*row, rounds int, progress io.Writer) error {
	defer fmt.Fprintln(progress)
	for round := range rounds {
		fmt.Fprintf(progress, "\rround %d of %d", round+1, rounds)
		for _, r := range rows {
			if err := r.round(ctx, round); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *row) round(ctx context.Context, round int) error {
	for i := range r.cells {
		library := (i + round) % len(r.cells)
		c := r.cells[library]
		if c == nil {
			continue
		}
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err := c.slice(); err != nil {
			return r.fail(library, err)
		}
	}
	return nil
}
