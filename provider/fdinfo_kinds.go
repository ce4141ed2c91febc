package provider

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// EventFD is an eventfd(2).
type EventFD struct {
	Count     uint64
	ID        int  // the same for all descriptors of one eventfd (5.2)
	Semaphore bool // EFD_SEMAPHORE (6.5)
}

// SignalFD is a signalfd(2).
type SignalFD struct {
	Mask uint64 // what it takes: signal n is bit n-1
}

// TimerFD is a timerfd_create(2).
type TimerFD struct {
	ClockID  int           // CLOCK_*
	Ticks    uint64        // expirations that nobody has read yet
	Flags    uint32        // of timerfd_settime(2)
	Value    unix.Timespec // until the next expiration; 0 where disarmed
	Interval unix.Timespec // 0 where it expires once
}

// PIDFD is a pidfd_open(2).
type PIDFD struct {
	PID   int   // in the procfs that is read: 0 where it has no number there, -1 once it was waited for
	NSPID []int // there and in the nested PID namespaces (5.5)
}

// detail takes a line that belongs to one kind of file. What it does not know,
// or finds in another form, is left to Unknown.
func (i *FDInfo) detail(line []byte) bool {
	if rest, ok := bytes.CutPrefix(line, []byte("inotify ")); ok {
		return appendPairs(&i.Inotify, rest, (*InotifyWatch).set)
	}
	if rest, ok := bytes.CutPrefix(line, []byte("fanotify ")); ok {
		return amend(&i.Fanotify, "", rest, (*FanotifyGroup).set)
	}
	key, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return false
	}
	switch string(key) {
	case "lock":
		return i.lock(value)
	case "tfd":
		return appendPairs(&i.Epoll, line, (*EpollTarget).set)
	case "scm_fds":
		return i.scmFDs(value)
	case "sigmask":
		return amend(&i.SignalFD, "", value, (*SignalFD).set)
	case "eventfd-count", "eventfd-id", "eventfd-semaphore":
		return amend(&i.EventFD, string(key), value, (*EventFD).set)
	case "clockid", "ticks", "settime flags", "it_value", "it_interval":
		return amend(&i.TimerFD, string(key), value, (*TimerFD).set)
	case "Pid", "NSpid":
		return amend(&i.PIDFD, string(key), value, (*PIDFD).set)
	}
	return false
}

func (i *FDInfo) scmFDs(value []byte) bool {
	v, ok := uintField(value)
	if ok {
		i.SCMFDs = v
	}
	return ok
}

// amend sets one value of *p, which it makes at its first; where the value is
// not of the form *p stays as it is.
func amend[T any](p **T, key string, value []byte, set func(*T, string, []byte) bool) bool {
	var v T
	if *p != nil {
		v = **p
	}
	if !set(&v, key, value) {
		return false
	}
	*p = &v
	return true
}

func (e *EventFD) set(key string, value []byte) bool {
	switch key {
	case "eventfd-count":
		return setHex(&e.Count, value)
	case "eventfd-id":
		return setInt(&e.ID, value[skipBlanks(value, 0):])
	}
	return setBool(&e.Semaphore, value[skipBlanks(value, 0):])
}

func (s *SignalFD) set(_ string, value []byte) bool { return setHex(&s.Mask, value) }

func (t *TimerFD) set(key string, value []byte) (ok bool) {
	value = value[skipBlanks(value, 0):]
	switch key {
	case "clockid":
		return setInt(&t.ClockID, value)
	case "ticks":
		return setUint(&t.Ticks, value)
	case "it_value":
		t.Value, ok = timespec(value)
	case "it_interval":
		t.Interval, ok = timespec(value)
	default:
		v, n := octal(value)
		t.Flags, ok = uint32(v), n > 0 && n == len(value)
	}
	return ok
}

// timespec reads "(SECONDS, NANOSECONDS)".
func timespec(b []byte) (ts unix.Timespec, ok bool) {
	inner, open := bytes.CutPrefix(b, []byte("("))
	inner, shut := bytes.CutSuffix(inner, []byte(")"))
	sec, nsec, both := bytes.Cut(inner, []byte(", "))
	s, n := signed(sec)
	ns, m := signed(nsec)
	ts.Sec, ts.Nsec = s, ns
	return ts, open && shut && both && n > 0 && n == len(sec) && m > 0 && m == len(nsec)
}

func (p *PIDFD) set(key string, value []byte) bool {
	value = value[skipBlanks(value, 0):]
	if key == "Pid" {
		return setInt(&p.PID, value)
	}
	p.NSPID = nil
	for field := range bytes.FieldsSeq(value) {
		var n int
		if !setInt(&n, field) {
			return false
		}
		p.NSPID = append(p.NSPID, n)
	}
	return true
}
