package provider

import (
	"bytes"
	"strings"
)

// TimerNotify is what happens when a POSIX timer expires: see sigevent(7).
type TimerNotify uint8

const (
	TimerSignal TimerNotify = iota // SIGEV_SIGNAL: the signal is sent
	TimerNone                      // SIGEV_NONE: nothing
	TimerThread                    // SIGEV_THREAD: for the C library to run a function

	timerNotifies
)

var timerNotifyNames = [timerNotifies]string{"signal", "none", "thread"}

// String gives the kernel's word: "signal", "none" or "thread".
func (n TimerNotify) String() string {
	if n >= timerNotifies {
		return "unknown"
	}
	return timerNotifyNames[n]
}

// Timer is one POSIX timer of a process: see timer_create(2).
type Timer struct {
	ID      int
	Signal  int         // number of the signal; 0 for TimerNone
	Value   uint64      // that comes with the signal: sigev_value, as a pointer
	Notify  TimerNotify // what happens
	Thread  bool        // SIGEV_THREAD_ID: Target is a thread
	Target  int         // process or thread that is told; 0 where the reader cannot see it
	ClockID int         // CLOCK_REALTIME is 0, CLOCK_MONOTONIC 1; negative for clocks of processes
	Unknown []string    // further lines
}

// ParseTimers reads the text of a timers file, which is empty without timers.
func ParseTimers(b []byte) ([]Timer, error) {
	var list []Timer
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return nil, malformed("timers", "no newline at the end")
		}
		var ok bool
		if list, ok = timerLine(list, string(b[:n])); !ok {
			return nil, malformed("timers", "not of its form")
		}
		b = b[n+1:]
	}
	return list, nil
}

// timerLine takes one line: an ID begins a timer, the others tell of the last.
func timerLine(list []Timer, line string) ([]Timer, bool) {
	key, value, ok := strings.Cut(line, ": ")
	if ok && key == "ID" {
		list = append(list, Timer{})
	}
	if len(list) == 0 {
		return nil, false
	}
	t := &list[len(list)-1]
	switch key {
	case "ID":
		return list, setInt(&t.ID, []byte(value))
	case "signal":
		return list, t.signal(value)
	case "notify":
		return list, t.notify(value)
	case "ClockID":
		return list, setInt(&t.ClockID, []byte(value))
	}
	t.Unknown = append(t.Unknown, line)
	return list, true
}

// signal reads "number/pointer". A null pointer was "(null)" before 4.15.
func (t *Timer) signal(text string) bool {
	number, pointer, ok := strings.Cut(text, "/")
	if pointer = strings.TrimLeft(pointer, " "); pointer == "(null)" {
		pointer = "0"
	}
	var isHex bool
	t.Value, isHex = hexField([]byte(pointer))
	return ok && isHex && setInt(&t.Signal, []byte(number))
}

// notify reads "kind/pid.number" or "kind/tid.number".
func (t *Timer) notify(text string) bool {
	kind, target, ok := strings.Cut(text, "/")
	who, number, dot := strings.Cut(target, ".")
	for n, name := range timerNotifyNames {
		if name == kind {
			t.Notify, t.Thread = TimerNotify(n), who == "tid"
			return ok && dot && (t.Thread || who == "pid") && setInt(&t.Target, []byte(number))
		}
	}
	return false
}

// Timers reads /proc/PID/timers (3.10, CONFIG_CHECKPOINT_RESTORE): the process's
// POSIX timers, the youngest first.
func (p *Process) Timers() ([]Timer, error) { return parseWhole(&p.dir, "timers", ParseTimers) }
