package provider

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// TimensOffsets is /proc/PID/timens_offsets (5.6): what the clocks of the time
// namespace in which the process's children will be add to the machine's. It is
// the process's own, unless it has made a new one by unshare(2) since.
type TimensOffsets struct {
	Monotonic time.Duration // of CLOCK_MONOTONIC
	Boottime  time.Duration // of CLOCK_BOOTTIME
	Unknown   []string      // lines of clocks that are unknown here
}

// ParseTimensOffsets reads the text of a timens_offsets file. A clock without
// line has no offset.
func ParseTimensOffsets(b []byte) (TimensOffsets, error) {
	var o TimensOffsets
	err := o.Parse(b)
	return o, err
}

// Parse is ParseTimensOffsets into o. It allocates nothing but its errors and
// unknown lines; after an error o is zero.
func (o *TimensOffsets) Parse(b []byte) error {
	*o = TimensOffsets{}
	if len(b) == 0 {
		return malformed("timens_offsets", "no clocks")
	}
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 || !o.line(b[:n]) {
			*o = TimensOffsets{}
			return malformed("timens_offsets", "not an offset")
		}
		b = b[n+1:]
	}
	return nil
}

// line reads "clock seconds nanoseconds", with blanks to make columns. Linux
// 5.6 wrote the number of the clock instead of its name.
func (o *TimensOffsets) line(b []byte) bool {
	n := bytes.IndexByte(b, ' ')
	if n < 1 {
		return false
	}
	var offset *time.Duration
	switch string(b[:n]) {
	case "monotonic", "1":
		offset = &o.Monotonic
	case "boottime", "7":
		offset = &o.Boottime
	default:
		o.Unknown = append(o.Unknown, string(b))
		return true
	}
	var ok bool
	*offset, ok = secondsAndNanos(b[n:])
	return ok
}

// secondsAndNanos reads two numbers with blanks before each. The kernel keeps
// the sum within 146 years of either sign, and nanoseconds never negative.
func secondsAndNanos(b []byte) (time.Duration, bool) {
	const most = math.MaxInt64/int64(time.Second) - 1
	b = b[skipBlanks(b, 0):]
	sec, n := signed(b)
	if n == 0 || sec > most || sec < -most || n == len(b) || b[n] != ' ' {
		return 0, false
	}
	nsec, ok := uintField(b[n:])
	if !ok || nsec >= uint64(time.Second) {
		return 0, false
	}
	return time.Duration(sec)*time.Second + time.Duration(nsec), true
}

// TimensOffsets reads /proc/PID/timens_offsets (5.6, CONFIG_TIME_NS) into o. A
// zombie has no time namespace any more: ErrGone.
func (p *Process) TimensOffsets(o *TimensOffsets) error { return p.parse("timens_offsets", o) }

// SetTimensOffsets writes /proc/PID/timens_offsets, for whoever has CAP_SYS_TIME
// over the time namespace. It can be done between unshare(2) and the first
// process in the new namespace, EACCES after that; ERANGE means that a clock
// would be negative or beyond 146 years.
func (p *Process) SetTimensOffsets(monotonic, boottime time.Duration) error {
	// Every kernel takes the numbers; names came a little later.
	text := appendOffset(nil, unix.CLOCK_MONOTONIC, monotonic)
	return p.write("timens_offsets", string(appendOffset(text, unix.CLOCK_BOOTTIME, boottime)))
}

// appendOffset writes "clock seconds nanoseconds", the latter never negative.
func appendOffset(b []byte, clock int64, d time.Duration) []byte {
	sec, nsec := int64(d/time.Second), int64(d%time.Second)
	if nsec < 0 {
		sec, nsec = sec-1, nsec+int64(time.Second)
	}
	for i, v := range [...]int64{clock, sec, nsec} {
		b = strconv.AppendInt(b, v, 10)
		b = append(b, "  \n"[i])
	}
	return b
}
