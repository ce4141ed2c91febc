package provider

import (
	"math"
	"strings"
	"time"
)

// Sched is /proc/PID/sched: what the scheduler knows of a process or thread.
// The kernel promises nothing about which values there are, so they are kept as
// text in the kernel's order; the methods find those that every kernel has.
type Sched struct {
	Name    Comm
	PID     int // of the thread that the values are of, as the reader numbers it
	Threads int // of the process
	Values  []SchedValue
	Unknown []string // lines of other forms, as those about NUMA
}

// SchedValue is one "key : value" of sched.
type SchedValue struct{ Key, Text string }

// ParseSched reads the text of a sched file.
func ParseSched(b []byte) (Sched, error) {
	var s Sched
	err := s.Parse(b)
	return s, err
}

// schedRule is what every kernel's line under the head begins with. No command
// name is that long.
const schedRule = "\n--------------------------------"

// Parse is ParseSched into s. After an error s is zero.
func (s *Sched) Parse(b []byte) error {
	*s = Sched{}
	text := string(b)
	rule := strings.Index(text, schedRule)
	if rule < 0 || !s.head(text[:rule]) || text[len(text)-1] != '\n' {
		*s = Sched{}
		return malformed("sched", "head")
	}
	_, text, _ = strings.Cut(text[rule+1:], "\n")
	for line := range strings.Lines(text) {
		s.line(line[:len(line)-1])
	}
	if len(s.Values) == 0 {
		*s = Sched{}
		return malformed("sched", "no values")
	}
	return nil
}

// head reads "name (pid, #threads: n)". The name may hold anything.
func (s *Sched) head(text string) bool {
	open := strings.LastIndex(text, " (")
	if open < 0 {
		return false
	}
	var ok bool
	if s.Name, ok = makeComm([]byte(text[:open])); !ok {
		return false
	}
	pid, threads, found := strings.Cut(strings.TrimSuffix(text[open+2:], ")"), ", #threads: ")
	return found && strings.HasSuffix(text, ")") && setInt(&s.PID, []byte(pid)) && setInt(&s.Threads, []byte(threads))
}

func (s *Sched) line(line string) {
	key, value, ok := strings.Cut(line, ":")
	key, value = strings.TrimRight(key, " "), strings.Trim(value, " ")
	if !ok || key == "" || value == "" {
		s.Unknown = append(s.Unknown, line)
		return
	}
	s.Values = append(s.Values, SchedValue{key, value})
}

// Get finds a value by its key, such as "se.vruntime".
func (s *Sched) Get(key string) (text string, ok bool) {
	for i := range s.Values {
		if s.Values[i].Key == key {
			return s.Values[i].Text, true
		}
	}
	return "", false
}

// Int is Get for a whole number.
func (s *Sched) Int(key string) (int64, bool) {
	text, _ := s.Get(key)
	v, n := signed([]byte(text))
	return v, n > 0 && n == len(text)
}

// Duration is Get for a time: the kernel writes milliseconds with six digits
// behind the point.
func (s *Sched) Duration(key string) (time.Duration, bool) {
	text, _ := s.Get(key)
	whole, part, _ := strings.Cut(text, ".")
	ms, n := signed([]byte(whole))
	ns, m := decimal([]byte(part))
	const most = math.MaxInt64/int64(time.Millisecond) - 1
	if n == 0 || n < len(whole) || m != 6 || m != len(part) || ms > most || ms < -most {
		return 0, false
	}
	d := time.Duration(ms) * time.Millisecond
	if whole[0] == '-' {
		return d - time.Duration(ns), true
	}
	return d + time.Duration(ns), true
}

// SumExecRuntime is the time spent on a CPU (se.sum_exec_runtime).
func (s *Sched) SumExecRuntime() (time.Duration, bool) { return s.Duration("se.sum_exec_runtime") }

// Switches is how often it left a CPU (nr_switches).
func (s *Sched) Switches() (int64, bool) { return s.Int("nr_switches") }

// Policy is the scheduling policy, as in sched(7) (policy).
func (s *Sched) Policy() (int64, bool) { return s.Int("policy") }

// Prio is the kernel's priority: below 100 for real-time policies, 120 and the
// nice value for the others (prio).
func (s *Sched) Prio() (int64, bool) { return s.Int("prio") }

// Sched reads /proc/PID/sched (2.6.23, CONFIG_SCHED_DEBUG; for every kernel
// since 6.15) into s.
func (d *dir) Sched(s *Sched) error { return d.parse("sched", s) }
