package provider

import "strconv"

// ParseTimerslackNS reads the text of a timerslack_ns file.
func ParseTimerslackNS(b []byte) (uint64, error) { return oneNumber("timerslack_ns", b) }

// TimerslackNS is by how many nanoseconds the kernel may delay the timers of
// the main thread, so as to wake up for several at once
// (/proc/PID/timerslack_ns, 4.6). Of another process it needs CAP_SYS_NICE
// (before 4.9 the right to attach to it).
func (p *Process) TimerslackNS() (uint64, error) {
	return scalar(&p.dir, "timerslack_ns", ParseTimerslackNS)
}

// SetTimerslackNS writes /proc/PID/timerslack_ns: 0 restores what the thread
// began with. The rights are TimerslackNS's.
func (p *Process) SetTimerslackNS(ns uint64) error {
	return p.write("timerslack_ns", strconv.FormatUint(ns, 10))
}
