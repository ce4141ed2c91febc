package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// overheadGoal is how many times floor and native together anything may take.
const overheadGoal = 1.25

var columns = []string{"case", "procfsd µs", "native µs", "ratio", "goal", "met",
	"floor µs", "÷ (floor + native)", "goal", "met"}

func (r row) cells() []string {
	goal, met := "–", "–"
	if r.goal > 0 {
		goal, met = "≤ "+strconv.FormatFloat(r.goal, 'g', -1, 64), yes(r.ratio <= r.goal)
	}
	return []string{r.name, microseconds(r.ours), microseconds(r.native), ratio(r.ratio), goal, met,
		microseconds(r.floor), ratio(r.overhead), fmt.Sprintf("≤ %v", overheadGoal), yes(r.overhead <= overheadGoal)}
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "no"
}

func ratio(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }

// microseconds with about three digits that mean something.
func microseconds(x float64) string {
	switch {
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

func (b *bench) report(w io.Writer, rows []row) error {
	if b.markdown {
		return b.writeMarkdown(w, rows)
	}
	fmt.Fprintf(w, "%s\n\n", b.conditions())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(columns, "\t"))
	for _, r := range rows {
		fmt.Fprintln(table, strings.Join(r.cells(), "\t"))
	}
	return table.Flush()
}

func (b *bench) writeMarkdown(w io.Writer, rows []row) error {
	var out bytes.Buffer
	line := func(cells []string) { fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | ")) }
	fmt.Fprintf(&out, "%s\n\n", b.conditions())
	line(columns)
	fmt.Fprintf(&out, "|---%s|\n", strings.Repeat("|---", len(columns)-1))
	for _, r := range rows {
		line(r.cells())
	}
	_, err := w.Write(out.Bytes())
	return err
}

// conditions are what one has to know to measure the same again.
func (b *bench) conditions() string {
	command := "go run ./tests/bench"
	for _, arg := range os.Args[1:] {
		command += " " + quoted(arg)
	}
	return fmt.Sprintf("%s, Linux %s, %d × %s, %s, `%s`: medians of %d rounds of %v a side.",
		time.Now().Format(time.DateOnly), kernel(), runtime.NumCPU(), model(), runtime.Version(), command, b.rounds, b.slice)
}

// quoted for the shell, where that matters.
func quoted(arg string) string {
	if arg != "" && !strings.ContainsAny(arg, " \t\n'\"\\`$&|;<>()*?[]{}~#!^") {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

func kernel() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return "?"
	}
	return unix.ByteSliceToString(name.Release[:])
}

// model of the processor; arm64's kernel does not tell.
func model() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
