package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// op does one thing that can be measured, and says for how many processes,
// names or reads it counts; 0 when it came to nothing.
type op func() (units int, err error)

// side is one of the three that a case compares. It works for about that long
// and gives microseconds, one for each row of the case.
type side func(time.Duration) ([]float64, error)

// The sides of a case, in this order.
const (
	ours = iota
	native
	floor
)

type sides [3]side

// serial measures an op that is done again and again.
func serial(do op) side {
	return func(d time.Duration) ([]float64, error) {
		start, units := time.Now(), 0
		for {
			n, err := do()
			if err != nil {
				return nil, err
			}
			units += n
			if took := time.Since(start); took >= d && units > 0 {
				return []float64{micro(took) / float64(units)}, nil
			}
		}
	}
}

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// contest is a case that is being measured.
type contest struct {
	scenario
	sides
	onOne  bool           // CPU
	rounds [][][3]float64 // of each row
}

// contests are the cases that were asked for, with all that they need.
func (b *bench) contests() ([]*contest, error) {
	var all []*contest
	for _, s := range b.scenarios() {
		var wanted []*contest
		for _, c := range b.variants(s) {
			if b.only.MatchString(c.name) {
				wanted = append(wanted, c)
			}
		}
		if len(wanted) == 0 {
			continue
		}
		three, err := s.prepare()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		for _, c := range wanted {
			c.sides, c.rounds = three, make([][][3]float64, len(s.rows))
		}
		all = append(all, wanted...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("-only %s: there is no such case", b.only)
	}
	return all, nil
}

// variants of a case: on one CPU what a request costs can be seen; on several,
// what it takes to wake another one comes on top.
func (b *bench) variants(s scenario) []*contest {
	free := &contest{scenario: s}
	if s.unpinned == 0 {
		return []*contest{free}
	}
	free.goal = s.unpinned
	if !b.pinned {
		return []*contest{free}
	}
	one := &contest{scenario: s, onOne: true}
	one.name += ", one CPU"
	free.name += ", unpinned"
	return []*contest{one, free}
}

// measureAll measures in rounds, the cases in turn.
func (b *bench) measureAll(ctx context.Context) ([]row, error) {
	all, err := b.contests()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "bench: %d rounds of %d cases, at least %v\n",
		b.rounds, len(all), time.Duration(3*b.rounds*len(all))*b.slice)
	for i := range b.rounds {
		for _, c := range all {
			if err := b.round(ctx, c, i); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	var rows []row
	for _, c := range all {
		rows = append(rows, c.result()...)
	}
	return rows, nil
}

// round measures the three sides once, each time another one first.
func (b *bench) round(ctx context.Context, c *contest, n int) (err error) {
	if c.onOne {
		release, err := b.pin()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, release()) }()
	}
	var figures [3][]float64
	for k := range c.sides {
		who := (k + n) % len(c.sides)
		if err := ctx.Err(); err != nil {
			return err
		}
		if figures[who], err = c.sides[who](b.slice); err != nil {
			return err
		}
	}
	for i := range c.rounds {
		c.rounds[i] = append(c.rounds[i], [3]float64{figures[ours][i], figures[native][i], figures[floor][i]})
	}
	return nil
}

// row is a line of the result; the ratios are medians of the rounds' ratios,
// not ratios of medians.
type row struct {
	name                string
	ours, native, floor float64 // microseconds
	ratio               float64 // to native
	overhead            float64 // to floor and native together
	goal                float64 // of ratio, 0 for none
}

func (c *contest) result() []row {
	var rows []row
	for i, suffix := range c.rows {
		of := func(figure func(t [3]float64) float64) float64 { return median(c.rounds[i], figure) }
		rows = append(rows, row{
			name:     c.name + suffix,
			ours:     of(func(t [3]float64) float64 { return t[ours] }),
			native:   of(func(t [3]float64) float64 { return t[native] }),
			floor:    of(func(t [3]float64) float64 { return t[floor] }),
			ratio:    of(func(t [3]float64) float64 { return t[ours] / t[native] }),
			overhead: of(func(t [3]float64) float64 { return t[ours] / (t[floor] + t[native]) }),
			goal:     c.goal,
		})
	}
	return rows
}

func median(rounds [][3]float64, figure func([3]float64) float64) float64 {
	var all []float64
	for _, t := range rounds {
		all = append(all, figure(t))
	}
	slices.Sort(all)
	half := len(all) / 2
	if len(all)%2 == 1 {
		return all[half]
	}
	return (all[half-1] + all[half]) / 2
}
