package main

import (
	"os"
	"strconv"
	"strings"
)

// A decoder takes a few facts out of the kernel's text, by the simplest means:
// what all libraries' answers are checked against.
type decoder func(t *target, text string) facts

func statFacts(_ *target, text string) facts {
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	f := append([]string{"", text[:from-1], text[from+1 : to]}, strings.Fields(text[to+1:])...)
	return facts{"pid": f[1], "comm": f[2], "ppid": f[4], "utime": f[14], "start": f[22], "vsize": f[23]}
}

func statusFacts(_ *target, text string) facts {
	return facts{"pid": word(text, "Pid:"), "name": word(text, "Name:"),
		"rss": word(text, "VmRSS:"), "uid": word(text, "Uid:"), "threads": word(text, "Threads:")}
}

func statmFacts(_ *target, text string) facts {
	f := strings.Fields(text)
	return facts{"size": f[0], "resident": f[1]}
}

func ioFacts(_ *target, text string) facts {
	return facts{"rchar": word(text, "rchar:"), "syscr": word(text, "syscr:"), "write_bytes": word(text, "write_bytes:")}
}

func schedstatFacts(_ *target, text string) facts {
	f := strings.Fields(text)
	return facts{"run": f[0], "wait": f[1], "slices": f[2]}
}

func limitsFacts(_ *target, text string) facts {
	return facts{"files": word(text, "Max open files"), "pending": word(text, "Max pending signals")}
}

func mapsFacts(_ *target, text string) facts {
	paths := 0
	for line := range strings.Lines(text) {
		if len(strings.Fields(line)) > 5 {
			paths++
		}
	}
	return facts{"mappings": strings.Count(text, "\n"), "paths": paths, "last": hexWord(last(text))}
}

func smapsFacts(_ *target, text string) facts {
	rss := 0
	for line := range strings.Lines(text) {
		rss += number(word(line, "Rss:"))
	}
	return facts{"mappings": strings.Count(text, "\nRss:"), "rss": rss}
}

func rollupFacts(_ *target, text string) facts {
	return facts{"rss": word(text, "Rss:"), "pss": word(text, "Pss:")}
}

// fdFacts reads lines of name, blank and target.
func fdFacts(_ *target, text string) facts {
	chars := 0
	for line := range strings.Lines(text) {
		_, to, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		chars += len(to)
	}
	return facts{"fds": strings.Count(text, "\n"), "characters": chars}
}

func namespaceFacts(_ *target, text string) facts {
	_, inode, _ := strings.Cut(word(text, "mnt"), "[")
	return facts{"namespaces": strings.Count(text, "\n"), "mnt": strings.TrimSuffix(inode, "]")}
}

func mountinfoFacts(_ *target, text string) facts {
	f := strings.Fields(last(text))
	return facts{"mounts": strings.Count(text, "\n"), "last": f[0], "point": f[4]}
}

func cmdlineFacts(_ *target, text string) facts {
	return facts{"arguments": strings.Count(text, "\x00"), "first": strings.SplitN(text, "\x00", 2)[0]}
}

func environFacts(_ *target, text string) facts {
	return facts{"variables": strings.Count(text, "\x00"), "characters": len(text) - strings.Count(text, "\x00")}
}

func cgroupFacts(_ *target, text string) facts {
	return facts{"cgroups": strings.Count(text, "\n"), "path": strings.SplitN(last(text), ":", 3)[2]}
}

func exeFacts(_ *target, text string) facts { return facts{"exe": text} }

func addressFacts(t *target, text string) facts {
	for line := range strings.Lines(text) {
		from, to, _ := strings.Cut(strings.Fields(line)[0], "-")
		if start := hexWord(from); start <= t.address && t.address < hexWord(to) {
			return facts{"start": start, "end": hexWord(to)}
		}
	}
	return nil
}

// word gives what follows a key at the start of a line.
func word(text, key string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			return strings.Fields(rest + " ?")[0]
		}
	}
	return ""
}

// last gives the last line.
func last(text string) string {
	text = strings.TrimSuffix(text, "\n")
	return text[strings.LastIndexByte(text, '\n')+1:]
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// hexWord gives the hexadecimal number before the first "-", if any.
func hexWord(text string) uint64 {
	first, _, _ := strings.Cut(text, "-")
	n, _ := strconv.ParseUint(first, 16, 64)
	return n
}

// naiveCrowd counts the crowd in a listing of /proc.
func (s *stage) naiveCrowd() (facts, error) {
	entries, err := os.ReadDir("/proc")
	var seen []int
	for _, e := range entries {
		if n := number(e.Name()); n > 0 {
			seen = append(seen, n)
		}
	}
	return crowdFacts(s, seen), err
}
