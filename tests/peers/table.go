package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A table is the text of all rows; the first one is the head.
type table [][]string

func newTable(rows []*row) table {
	head := []string{"item"}
	for i := range len(libraries) + 1 {
		head = append(head, columnName(i))
	}
	t := table{append(head, "promised")}
	for _, r := range rows {
		line := []string{r.item.name}
		for _, c := range r.cells {
			line = append(line, c.text(r.cells[0]))
		}
		t = append(t, append(line, r.verdict()))
	}
	return t
}

// text is least / median, the ratio to the floor, and the allocations.
func (c *cell) text(floor *cell) string {
	if c == nil {
		return "–"
	}
	unit := unitOf(slices.Min(floor.ns))
	text := unit.text(slices.Min(c.ns)) + " / " + unit.text(median(c.ns)) + " " + unit.name
	if c == floor {
		return text
	}
	return fmt.Sprintf("%s · %s× · %d a", text, ratioText(c.ratio(floor)), c.allocs)
}

// ratioText gives two digits after the point, or as many as it takes to show
// two that are not zero.
func ratioText(ratio float64) string {
	if ratio < 0.1 {
		return strconv.FormatFloat(ratio, 'g', 2, 64)
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64)
}

// ratio is the median of the rounds' ratios.
func (c *cell) ratio(floor *cell) float64 {
	ratios := make([]float64, len(c.ns))
	for i := range ratios {
		ratios[i] = c.ns[i] / floor.ns[i]
	}
	return median(ratios)
}

// verdict compares procfsd's ratio with the one promised.
func (r *row) verdict() string {
	if r.item.most == 0 {
		return ""
	}
	text := fmt.Sprintf("≤ %.2f×", r.item.most)
	own := r.cells[1]
	switch {
	case own == nil:
		return text
	case own.ratio(r.cells[0]) > r.item.most:
		return text + " missed"
	}
	return text + " kept"
}

type unit struct {
	name string
	ns   float64
}

func unitOf(ns float64) unit {
	if ns >= 1e6 {
		return unit{"ms", 1e6}
	}
	return unit{"µs", 1e3}
}

// text gives three digits.
func (u unit) text(ns float64) string {
	v := ns / u.ns
	switch {
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

func (t table) print(w io.Writer, header string, markdown bool) error {
	if _, err := fmt.Fprintln(w, header); err != nil {
		return err
	}
	if markdown {
		return t.markdown(w)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range t {
		fmt.Fprintln(tw, strings.Join(line, "\t"))
	}
	return tw.Flush()
}

func (t table) markdown(w io.Writer) error {
	rule := strings.Repeat("| --- ", len(t[0])) + "|"
	for i, line := range t {
		if _, err := fmt.Fprintln(w, "| "+strings.Join(line, " | ")+" |"); err != nil {
			return err
		}
		if i == 0 {
			fmt.Fprintln(w, rule)
		}
	}
	return nil
}
