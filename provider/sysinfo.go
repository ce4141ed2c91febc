package provider

import (
	"bytes"
	"math"
	"math/bits"
	"time"

	"golang.org/x/sys/unix"
)

// SystemInfo is what turns the ticks and pages of a process into seconds and
// bytes. [FS.SystemInfo] gives that of a running machine; for texts that were
// captured elsewhere, fill one in.
type SystemInfo struct {
	TicksPerSecond int       // USER_HZ; 0 counts as 100, which it is wherever Go runs
	PageSize       int       // bytes
	BootTime       time.Time // what Stat.StartTime counts from
}

// userHZ is the kernel's USER_HZ, whatever its own clock runs at.
const userHZ = 100

// ReadSystemInfo is [FS.SystemInfo] of /proc.
func ReadSystemInfo() (SystemInfo, error) {
	f, err := host()
	if err != nil {
		return SystemInfo{}, err
	}
	return f.SystemInfo()
}

// SystemInfo reads the boot time from the file stat of the root, and takes the
// rest from the machine it runs on.
//
// The file gives whole seconds, rounded down. The kernel's clocks give the same
// moment to well below a tick, and are used where they agree with the file:
// not for a captured tree, nor in a sandbox with clocks of its own. Boot time
// is what the clock says now less the time since: when somebody sets the clock
// it moves. Both are of our own time namespace, as is Stat.StartTime.
func (f *FS) SystemInfo() (SystemInfo, error) {
	boot, err := f.bootTime()
	if err != nil {
		return SystemInfo{}, err
	}
	if f.IsProc() {
		boot = finer(boot, clockBootTime())
	}
	return SystemInfo{TicksPerSecond: userHZ, PageSize: unix.Getpagesize(), BootTime: boot}, nil
}

// kernelStatMost bounds /proc/stat, in which each CPU has a line and each
// interrupt a number.
const kernelStatMost = 16 << 20

func (f *FS) bootTime() (time.Time, error) {
	fd, err := f.openat(f.fd, "stat", unix.O_RDONLY)
	if isMissing(err) { // mounted with subset=pid
		err = ErrNotSupported
	}
	if err != nil {
		return time.Time{}, &Error{Op: "open", File: "stat", Err: err}
	}
	defer unix.Close(fd)
	buf := f.buffer()
	defer f.release(buf)
	text, err := appendAll((*buf)[:0], fd, kernelStatMost)
	if err != nil {
		return time.Time{}, &Error{Op: "read", File: "stat", Err: err}
	}
	*buf = text
	return ParseBootTime(text)
}

// finer gives the clocks' boot time if it is the file's within a second, and a
// little for a clock that was corrected between the two.
func finer(file, clock time.Time) time.Time {
	const slack = 100 * time.Millisecond
	if d := clock.Sub(file); d < -slack || d >= time.Second+slack {
		return file
	}
	return clock
}

// clockBootTime is the boot time by the kernel's clocks; zero without them.
func clockBootTime() time.Time {
	var real, up unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil || unix.ClockGettime(unix.CLOCK_REALTIME, &real) != nil {
		return time.Time{}
	}
	return time.Unix(int64(real.Sec)-int64(up.Sec), int64(real.Nsec)-int64(up.Nsec))
}

// ParseBootTime reads the btime line of the text of /proc/stat: when the
// machine was started, in whole seconds.
func ParseBootTime(b []byte) (time.Time, error) {
	for line := range bytes.Lines(b) {
		rest, ok := bytes.CutPrefix(line, []byte("btime "))
		if !ok {
			continue
		}
		v, n := decimal(rest)
		sec := int64(v) // a clock before 1970 is shown in two's complement
		if n == 0 || string(rest[n:]) != "\n" || sec > math.MaxInt32<<8 || sec < math.MinInt32<<8 {
			return time.Time{}, malformed("stat", "btime")
		}
		return time.Unix(sec, 0), nil
	}
	return time.Time{}, malformed("stat", "no btime")
}

// Duration turns ticks into time, exactly. What a Duration cannot hold, 292
// years, gives the longest.
func (i SystemInfo) Duration(ticks uint64) time.Duration {
	hz := uint64(userHZ)
	if i.TicksPerSecond > 0 {
		hz = uint64(i.TicksPerSecond)
	}
	high, low := bits.Mul64(ticks, uint64(time.Second))
	if high >= hz {
		return math.MaxInt64
	}
	ns, _ := bits.Div64(high, low, hz)
	return time.Duration(min(ns, math.MaxInt64))
}

// Bytes turns pages into bytes, such as those of Statm and Stat.RSS.
func (i SystemInfo) Bytes(pages uint64) uint64 { return pages * uint64(i.PageSize) }

// Started is when the process was started, to a tick.
func (s *Stat) Started(i SystemInfo) time.Time { return i.BootTime.Add(i.Duration(s.StartTime)) }

// RSSBytes is the resident size in bytes; inexact as RSS is.
func (s *Stat) RSSBytes(i SystemInfo) uint64 { return i.Bytes(s.RSS) }

// CPUTime is what the process has used of the CPUs, UTime and STime together.
func (s *Stat) CPUTime(i SystemInfo) time.Duration {
	total, carry := bits.Add64(s.UTime, s.STime, 0)
	if carry != 0 {
		return math.MaxInt64
	}
	return i.Duration(total)
}
