package provider

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Unlimited is the value of a limit that is none.
const Unlimited uint64 = math.MaxUint64

// Limit is one resource limit; see getrlimit(2).
type Limit struct{ Soft, Hard uint64 }

// Limits is /proc/PID/limits (2.6.24). A limit that the kernel did not list is
// zero; Has tells it from one that is 0.
type Limits struct {
	CPUTime          Limit // seconds
	FileSize         Limit // bytes
	DataSize         Limit // bytes
	StackSize        Limit // bytes
	CoreFileSize     Limit // bytes
	ResidentSet      Limit // bytes; without effect
	Processes        Limit // of the same real user
	OpenFiles        Limit // the highest descriptor plus one
	LockedMemory     Limit // bytes
	AddressSpace     Limit // bytes
	FileLocks        Limit // without effect
	PendingSignals   Limit
	MsgqueueSize     Limit // bytes
	NicePriority     Limit // 20 less the nice value
	RealtimePriority Limit
	RealtimeTimeout  Limit // microseconds

	// Unknown holds the lines of limits unknown here, without newline.
	Unknown [][]byte

	has uint16
}

// LimitKind names one limit, for Limits.Has and Limits.Get.
type LimitKind uint8

// The limits in the order of the file.
const (
	LimitCPUTime LimitKind = iota
	LimitFileSize
	LimitDataSize
	LimitStackSize
	LimitCoreFileSize
	LimitResidentSet
	LimitProcesses
	LimitOpenFiles
	LimitLockedMemory
	LimitAddressSpace
	LimitFileLocks
	LimitPendingSignals
	LimitMsgqueueSize
	LimitNicePriority
	LimitRealtimePriority
	LimitRealtimeTimeout

	limitKinds
)

var limitNames = [limitKinds]string{
	"Max cpu time", "Max file size", "Max data size", "Max stack size",
	"Max core file size", "Max resident set", "Max processes", "Max open files",
	"Max locked memory", "Max address space", "Max file locks", "Max pending signals",
	"Max msgqueue size", "Max nice priority", "Max realtime priority", "Max realtime timeout",
}

// ParseLimits reads the text of a limits file. Lines that are missing, and
// those of limits unknown here, are no error; a text that names no limit at
// all, or lacks its final newline, is ErrMalformed.
func ParseLimits(b []byte) (Limits, error) {
	var l Limits
	err := l.Parse(b)
	return l, err
}

// Parse is ParseLimits into l. It reuses the room of Unknown and allocates
// nothing else but its errors; after an error l is zero.
func (l *Limits) Parse(b []byte) error {
	*l = Limits{Unknown: l.Unknown[:0]}
	next := LimitKind(0)
	for b = b[l.quick(b, &next):]; len(b) > 0; b = b[l.quick(b, &next):] {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return l.fail("no newline at the end")
		}
		if !l.line(b[:n], &next) {
			return l.fail(limitNames[next])
		}
		b = b[n+1:]
	}
	if l.has == 0 {
		return l.fail("no limits")
	}
	return nil
}

func (l *Limits) fail(what string) error {
	*l = Limits{}
	return malformed("limits", what)
}

// The kernel's columns: "%-25s %-20s %-20s %-10s\n", the last one missing where
// the limit has no unit.
const (
	limitSoft = 26
	limitHard = limitSoft + 21
	limitUnit = limitHard + 21
	limitEnd  = limitUnit + 10
)

// limitHeads are the names of the limits, filled up to the next column.
var limitHeads = limitHeadTable()

func limitHeadTable() (t [limitKinds][]byte) {
	for k, name := range limitNames {
		t[k] = append([]byte(name), bytes.Repeat([]byte{' '}, limitSoft-len(name))...)
	}
	return t
}

// quick takes the lines at the start of b that are in the kernel's order and
// columns, and gives the bytes taken.
func (l *Limits) quick(b []byte, next *LimitKind) (taken int) {
	for k := *next; k < limitKinds && len(b) > limitEnd; k++ {
		end := limitEnd
		if b[limitUnit] == '\n' {
			end = limitUnit
		}
		limit := l.at(k)
		if !bytes.Equal(b[:limitSoft], limitHeads[k]) || b[end] != '\n' ||
			!limitColumn(&limit.Soft, (*[21]byte)(b[limitSoft:])) || !limitColumn(&limit.Hard, (*[21]byte)(b[limitHard:])) {
			break
		}
		l.has |= 1 << k
		*next = (k + 1) % limitKinds
		taken += end + 1
		b = b[end+1:]
	}
	return taken
}

// limitNone begins "unlimited", read as a word.
const limitNone = 'u' | 'n'<<8 | 'l'<<16 | 'i'<<24 | 'm'<<32 | 'i'<<40 | 't'<<48 | 'e'<<56

// limitColumn reads a value that fills its column with blanks.
func limitColumn(p *uint64, b *[21]byte) bool {
	n := 0
	if binary.LittleEndian.Uint64(b[:]) == limitNone && b[8] == 'd' {
		*p, n = Unlimited, 9
	} else if *p, n = decimal(b[:]); n == 0 || n == len(b) {
		return false
	}
	for ; n < len(b)-8; n += 8 {
		if binary.LittleEndian.Uint64(b[n:]) != eightBlanks {
			return false
		}
	}
	before := uint64(1)<<(8*(n-13)) - 1 // the last word's bytes that are checked, or the value's
	return binary.LittleEndian.Uint64(b[13:])|before == eightBlanks|before
}

// line takes one line of any layout; false says that the value of the next
// limit is not of its form.
func (l *Limits) line(b []byte, next *LimitKind) bool {
	k := findLimit(b, *next)
	if k == limitKinds {
		if !bytes.HasPrefix(b, []byte("Limit ")) { // the head of the table
			l.Unknown = appendLine(l.Unknown, b)
		}
		return true
	}
	*next = k
	if !l.at(k).parse(b[len(limitNames[k]):]) {
		return false
	}
	l.has |= 1 << k
	*next = (k + 1) % limitKinds
	return true
}

// findLimit tells whose line this is, trying next first.
func findLimit(line []byte, next LimitKind) LimitKind {
	for range limitKinds {
		name := limitNames[next]
		if len(line) > len(name) && line[len(name)] == ' ' && string(line[:len(name)]) == name {
			return next
		}
		next = (next + 1) % limitKinds
	}
	return limitKinds
}

// parse reads "  soft  hard  unit", of which the unit may be missing.
func (l *Limit) parse(b []byte) bool {
	var ok [2]bool
	l.Soft, b, ok[0] = limitValue(b)
	l.Hard, _, ok[1] = limitValue(b)
	return ok[0] && ok[1]
}

// limitValue takes a value and the blanks around it from the start of b.
func limitValue(b []byte) (v uint64, rest []byte, ok bool) {
	const none = "unlimited"
	b = b[skipBlanks(b, 0):]
	v, n := decimal(b)
	if n == 0 && len(b) >= len(none) && string(b[:len(none)]) == none {
		v, n = Unlimited, len(none)
	}
	if n == 0 || n < len(b) && b[n] != ' ' {
		return 0, nil, false
	}
	return v, b[n:], true
}

// Has reports whether the kernel listed that limit.
func (l *Limits) Has(k LimitKind) bool { return k < limitKinds && l.has>>k&1 != 0 }

// Get gives a limit by its kind; ok is Has.
func (l *Limits) Get(k LimitKind) (limit Limit, ok bool) {
	if !l.Has(k) {
		return Limit{}, false
	}
	return *l.at(k), true
}

// String gives the kernel's name of the limit, such as "Max cpu time".
func (k LimitKind) String() string {
	if k >= limitKinds {
		return "unknown limit"
	}
	return limitNames[k]
}

func (l *Limits) at(k LimitKind) *Limit {
	switch k {
	case LimitCPUTime:
		return &l.CPUTime
	case LimitFileSize:
		return &l.FileSize
	case LimitDataSize:
		return &l.DataSize
	case LimitStackSize:
		return &l.StackSize
	case LimitCoreFileSize:
		return &l.CoreFileSize
	case LimitResidentSet:
		return &l.ResidentSet
	case LimitProcesses:
		return &l.Processes
	case LimitOpenFiles:
		return &l.OpenFiles
	case LimitLockedMemory:
		return &l.LockedMemory
	case LimitAddressSpace:
		return &l.AddressSpace
	case LimitFileLocks:
		return &l.FileLocks
	case LimitPendingSignals:
		return &l.PendingSignals
	case LimitMsgqueueSize:
		return &l.MsgqueueSize
	case LimitNicePriority:
		return &l.NicePriority
	case LimitRealtimePriority:
		return &l.RealtimePriority
	default:
		return &l.RealtimeTimeout
	}
}
