package provider

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// Stat is /proc/PID/stat, or /proc/PID/task/TID/stat. The numbers in brackets
// are the fields of proc_pid_stat(5). Times are in ticks of 1/100 s (USER_HZ).
type Stat struct {
	// Fields says how many fields this kernel wrote (52 since Linux 3.5, fewer
	// before). Those beyond are zero here; see Has.
	Fields int

	PID                 int       // [1]
	Comm                Comm      // [2] raw bytes, never escaped
	State               ProcState // [3]
	PPID                int       // [4] 0 where the parent is outside this PID namespace
	PGRP                int       // [5]
	Session             int       // [6]
	TTYNr               int32     // [7] controlling terminal, packed; see TTY
	TPGID               int       // [8] foreground process group of the terminal, -1 without one
	Flags               TaskFlags // [9] the kernel's PF_* bits: they differ between releases, so none is refused
	MinFlt              uint64    // [10]
	CMinFlt             uint64    // [11] of waited-for children
	MajFlt              uint64    // [12]
	CMajFlt             uint64    // [13]
	UTime               uint64    // [14] ticks
	STime               uint64    // [15] ticks
	CUTime              int64     // [16] ticks
	CSTime              int64     // [17] ticks
	Priority            int64     // [18]
	Nice                int64     // [19] -20…19
	NumThreads          int64     // [20]
	ITRealValue         int64     // [21] 0 since 2.6.17
	StartTime           uint64    // [22] ticks after boot
	VSize               uint64    // [23] bytes
	RSS                 uint64    // [24] pages; inexact, see Statm
	RSSLim              uint64    // [25] bytes; Unlimited if none
	StartCode           uint64    // [26] 26 to 30 read 0 or 1 without ptrace rights
	EndCode             uint64    // [27]
	StartStack          uint64    // [28]
	KStkESP             uint64    // [29] 0 but for exiting processes (4.11)
	KStkEIP             uint64    // [30]
	Signal              uint64    // [31] obsolete masks: use Status
	Blocked             uint64    // [32]
	SigIgnore           uint64    // [33]
	SigCatch            uint64    // [34]
	WChan               uint64    // [35] 1 if blocked in the kernel, else 0 (4.4); an address before
	NSwap               uint64    // [36] always 0
	CNSwap              uint64    // [37] always 0
	ExitSignal          int32     // [38] sent to the parent; -1 for a thread (2.1.22)
	Processor           int32     // [39] last ran on (2.2.8)
	RTPriority          uint32    // [40] 0, or 1…99 (2.5.19)
	Policy              uint32    // [41] SCHED_* (2.5.19)
	DelayacctBlkIOTicks uint64    // [42] ticks waiting for block I/O (2.6.18)
	GuestTime           uint64    // [43] ticks (2.6.24)
	CGuestTime          int64     // [44] ticks (2.6.24)
	StartData           uint64    // [45] 45 to 47: Linux 3.3
	EndData             uint64    // [46]
	StartBrk            uint64    // [47]
	ArgStart            uint64    // [48] 48 to 52: Linux 3.5
	ArgEnd              uint64    // [49]
	EnvStart            uint64    // [50]
	EnvEnd              uint64    // [51]
	ExitCode            int32     // [52] as waitpid gives it; 0 without ptrace rights
}

const (
	statFields = 52
	statLeast  = 37 // what every kernel since 2.0 writes
)

// ParseStat reads the text of a stat file. Fewer fields than today's are no
// error down to 37; fields that a later kernel adds are skipped. Text without
// its final newline was cut short: ErrMalformed.
func ParseStat(b []byte) (Stat, error) {
	var s Stat
	err := s.Parse(b)
	return s, err
}

// Parse is ParseStat into s. It allocates nothing but its errors; after an
// error s is zero.
func (s *Stat) Parse(b []byte) error {
	return s.parsed(s.parse(b, statFields, statLeast))
}

func (s *Stat) parsed(bad int) error {
	if bad != 0 {
		*s = Stat{}
		return malformed("stat", "field "+strconv.Itoa(bad))
	}
	return nil
}

// statHead is a Stat of which only the fields up to statStart are read.
type statHead Stat

// statStart is the field StartTime.
const statStart = 22

// Parse is Stat's for the first fields.
func (h *statHead) Parse(b []byte) error {
	s := (*Stat)(h)
	return s.parsed(s.parse(b, statStart, statStart))
}

// parse reads the fields up to most, of which there must be least, and gives the
// number of the first bad one, 0 for none.
func (s *Stat) parse(b []byte, most, least int) (bad int) {
	var v [statFields + 1]uint64
	open, end, ok := findComm(b)
	if !ok {
		return 2
	}
	var n int
	if v[1], n = statField(1, b); n == 0 || n != open-1 || b[n] != ' ' {
		return 1
	}
	state, rest, ok := statState(b[end+1:])
	if !ok {
		return 3
	}
	n, ok = statNumbers(&v, rest, most)
	if !ok || n < least {
		return n + 1
	}
	s.set(&v)
	s.Fields, s.Comm, s.State = n, Comm{n: uint8(end - open - 1)}, state
	copy(s.Comm.b[:], b[open+1:end])
	return 0
}

// findComm finds the parentheses around the command name. The name may hold
// parentheses, blanks and newlines: the last ')' ends it.
func findComm(b []byte) (open, end int, ok bool) {
	open = bytes.IndexByte(b, '(')
	if open < 0 {
		return 0, 0, false
	}
	rest := b[open+1 : min(len(b), open+commMost+2)]
	for end = open; ; {
		i := bytes.IndexByte(rest, ')')
		if i < 0 {
			return open, end, end > open
		}
		end += i + 1
		rest = rest[i+1:]
	}
}

// statState reads " S " and gives what follows it.
func statState(b []byte) (ProcState, []byte, bool) {
	if len(b) < 3 || b[0] != ' ' || b[2] != ' ' || b[1]|0x20 < 'a' || b[1]|0x20 > 'z' {
		return 0, nil, false
	}
	return ProcState(b[1]), b[3:], true
}

// statNumbers reads the fields from 4 to most, one blank between two, or up to
// the newline, and gives the number of the last good one. v is zero before.
func statNumbers(v *[statFields + 1]uint64, b []byte, most int) (last int, ok bool) {
	for i := 4; i <= most; i++ {
		if len(b) >= 8 && i+3 <= most && binary.LittleEndian.Uint64(b) == fourZeros {
			b = b[8:]
			i += 3
			continue
		}
		n := 0
		if v[i], n = statField(i, b); n == 0 || n == len(b) {
			return i - 1, false
		}
		if b[n] != ' ' {
			return i, b[n] == '\n' && n+1 == len(b)
		}
		b = b[n+1:]
	}
	return most, len(b) > 0 && b[len(b)-1] == '\n'
}

// fourZeros is "0 0 0 0 ", which a third of most texts is.
const fourZeros = 0x2030203020302030

// statField reads field i, a negative one in two's complement, and gives its
// length; 0 where it is none or not of its width.
func statField(i int, b []byte) (v uint64, n int) {
	if len(b) > 1 && b[1] == ' ' && b[0]-'0' <= 9 {
		return uint64(b[0] - '0'), 1
	}
	limit := &statLimits[i]
	if len(b) > 0 && b[0] == '-' {
		v, n = decimal(b[1:])
		if n == 0 || v > limit.least {
			return 0, 0
		}
		return -v, n + 1
	}
	if v, n = decimal(b); v > limit.most {
		return 0, 0
	}
	return v, n
}

// statLimits is the largest value of each field and, of those that may be
// negative, the largest of a negative one's digits.
var statLimits = statLimitTable()

func statLimitTable() (t [statFields + 1]struct{ most, least uint64 }) {
	for i := range t {
		t[i].most = math.MaxUint64
	}
	for _, i := range []int{1, 4, 5, 6, 7, 8, 9, 38, 39, 40, 41, 52} { // the kernel's int
		t[i].most, t[i].least = math.MaxUint32, 1<<31
	}
	for _, i := range []int{16, 17, 18, 19, 20, 21, 44} { // its long
		t[i].most, t[i].least = math.MaxInt64, 1<<63
	}
	for _, i := range []int{1, 9, 40, 41} {
		t[i].least = 0
	}
	return t
}

func (s *Stat) set(v *[statFields + 1]uint64) {
	s.PID, s.PPID, s.PGRP, s.Session = int(int64(v[1])), int(int64(v[4])), int(int64(v[5])), int(int64(v[6]))
	s.TTYNr, s.TPGID, s.Flags = int32(v[7]), int(int64(v[8])), TaskFlags(v[9])
	s.MinFlt, s.CMinFlt, s.MajFlt, s.CMajFlt = v[10], v[11], v[12], v[13]
	s.UTime, s.STime, s.CUTime, s.CSTime = v[14], v[15], int64(v[16]), int64(v[17])
	s.Priority, s.Nice, s.NumThreads, s.ITRealValue = int64(v[18]), int64(v[19]), int64(v[20]), int64(v[21])
	s.StartTime, s.VSize, s.RSS, s.RSSLim = v[22], v[23], v[24], v[25]
	s.StartCode, s.EndCode, s.StartStack, s.KStkESP, s.KStkEIP = v[26], v[27], v[28], v[29], v[30]
	s.Signal, s.Blocked, s.SigIgnore, s.SigCatch = v[31], v[32], v[33], v[34]
	s.WChan, s.NSwap, s.CNSwap, s.ExitSignal = v[35], v[36], v[37], int32(v[38])
	s.Processor, s.RTPriority, s.Policy = int32(v[39]), uint32(v[40]), uint32(v[41])
	s.DelayacctBlkIOTicks, s.GuestTime, s.CGuestTime = v[42], v[43], int64(v[44])
	s.StartData, s.EndData, s.StartBrk = v[45], v[46], v[47]
	s.ArgStart, s.ArgEnd, s.EnvStart, s.EnvEnd, s.ExitCode = v[48], v[49], v[50], v[51], int32(v[52])
}

// Has reports whether the kernel wrote the field of that number in
// proc_pid_stat(5), 1 to 52.
func (s *Stat) Has(field int) bool { return field >= 1 && field <= s.Fields }

// TTY gives the device numbers of the controlling terminal; 0, 0 without one.
func (s *Stat) TTY() (major, minor uint32) {
	dev := uint32(s.TTYNr)
	return dev >> 8 & 0xfff, dev&0xff | dev>>12&0xfff00
}

// KernelThread reports whether this is a thread of the kernel itself.
func (s *Stat) KernelThread() bool { return s.Flags.Has(PFKthread) }

// Alive reports whether the process still runs. A leader that has exited while
// other threads go on is a zombie of a living process.
func (s *Stat) Alive() bool {
	return !s.State.Dead() || s.State == StateZombie && s.NumThreads > 1
}
