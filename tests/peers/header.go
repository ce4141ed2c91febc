package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// newHeader says when, where and how the table was made.
func newHeader(o options) string {
	return fmt.Sprintf("%s, %s, %d CPUs, %s; prometheus/procfs %s, gopsutil %s. Made by `%s`.\n\n"+
		"Least / median of a call, its ratio to the floor (median of %d rounds), a = allocations per call. "+
		"Walks are over %d sleeping processes and the machine's own.\n",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), kernel(), runtime.NumCPU(), runtime.Version(),
		version("github.com/prometheus/procfs"), version("github.com/shirou/gopsutil/v4"), commandLine(),
		o.rounds, o.processes)
}

func kernel() string {
	var u unix.Utsname
	unix.Uname(&u)
	return "Linux " + unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])
}

// version gives that of a module in this program.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "?"
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return "?"
}

func commandLine() string {
	line := "cd tests/peers && go run ."
	for _, arg := range os.Args[1:] {
		if strings.ContainsAny(arg, " |()*?$'\"\\&;<>") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		line += " " + arg
	}
	return line
}
