package provider

import "bytes"

// Status is /proc/PID/status, or /proc/PID/task/TID/status. Sizes are in bytes
// (the file's kB times 1024). A field whose line is absent is zero: which ones
// are depends on kernel, configuration and process (a kernel thread or zombie
// has no VM* lines), so ask Has rather than the kernel's version.
type Status struct {
	Name         Comm // as in comm and stat: the file's escapes are undone
	Umask        uint32
	State        ProcState
	TGID         int
	NGID         int // NUMA group (3.13)
	PID          int
	PPID         int
	TracerPID    int
	UID, GID     IDs
	FDSize       uint64 // slots allocated for descriptors
	Groups       []uint32
	NSTGID       []int // in each PID namespace from the reader's to the process's own (4.1); so the next three
	NSPID        []int
	NSPGID       []int
	NSSID        []int
	KernelThread bool // Kthread (6.8); Stat.KernelThread knows on every kernel

	VMPeak       uint64
	VMSize       uint64
	VMLck        uint64
	VMPin        uint64 // 3.2
	VMHWM        uint64
	VMRSS        uint64
	RSSAnon      uint64 // 4.5
	RSSFile      uint64 // 4.5
	RSSShmem     uint64 // 4.5
	VMData       uint64
	VMStk        uint64
	VMExe        uint64
	VMLib        uint64
	VMPTE        uint64 // 2.6.10
	VMPMD        uint64 // 4.0 to 4.14
	VMSwap       uint64 // 2.6.34
	HugetlbPages uint64 // 4.4

	CoreDumping bool   // 4.15
	THPEnabled  bool   // 5.0
	UntagMask   uint64 // 6.4, x86 with tagged addresses
	Threads     int
	SigQ        SigQueue
	SigPnd      uint64 // signal n is bit n-1; pending for the thread
	ShdPnd      uint64 // pending for the process
	SigBlk      uint64
	SigIgn      uint64
	SigCgt      uint64
	CapInh      Caps
	CapPrm      Caps
	CapEff      Caps
	CapBnd      Caps   // 2.6.26
	CapAmb      Caps   // 4.3
	NoNewPrivs  bool   // 4.10
	Seccomp     uint32 // 0 off, 1 strict, 2 filter (3.8)

	SeccompFilters            uint64 // 5.9
	SpeculationStoreBypass    string // 4.17
	SpeculationIndirectBranch string // 5.19

	CPUsAllowed     []uint32   // most significant word first (2.6.24)
	CPUsAllowedList []Interval // 2.6.26
	MemsAllowed     []uint32   // as CPUsAllowed (2.6.24)
	MemsAllowedList []Interval // 2.6.26

	VoluntaryCtxtSwitches    uint64 // 2.6.23
	NonvoluntaryCtxtSwitches uint64 // 2.6.23

	X86ThreadFeatures       string // such as "shstk wrss" (6.6)
	X86ThreadFeaturesLocked string

	// Unknown holds the lines, without newline, whose key is not known here: of
	// a later kernel, or of an old one's own. They are copies, overwritten by
	// the next Parse.
	Unknown [][]byte

	has uint64
}

// IDs are the four user or group ids of a process. FS is the file system id.
type IDs struct{ Real, Effective, Saved, FS uint32 }

// SigQueue counts the queued signals of the real user, and their limit.
type SigQueue struct{ Queued, Limit uint64 }

// Caps is a set of capabilities; capability n of <linux/capability.h> is bit n.
type Caps uint64

// Has reports whether capability n is in the set.
func (c Caps) Has(n uint) bool { return n < 64 && c>>n&1 != 0 }

// Interval is a run of CPUs or memory nodes, both ends included.
type Interval struct{ First, Last uint32 }

// statusNeeded are the lines that every kernel writes for every process.
const statusNeeded = 1<<StatusState | 1<<StatusTGID | 1<<StatusPID | 1<<StatusUID | 1<<StatusGID

// ParseStatus reads the text of a status file. A text without State, Tgid,
// Pid, Uid or Gid, or without its final newline, is ErrMalformed, and so is a
// known line whose value is not of its form.
func ParseStatus(b []byte) (Status, error) {
	var s Status
	err := s.Parse(b)
	return s, err
}

// Parse is ParseStatus into s. It reuses the slices of s, so that once they
// are large enough it allocates nothing. After an error s is zero.
func (s *Status) Parse(b []byte) error {
	s.reset()
	next := StatusField(0)
	for b = b[s.quick(b, &next, statusFields):]; len(b) > 0; b = b[s.quick(b, &next, statusFields):] {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return s.fail("no newline at the end")
		}
		if f, ok := s.line(b[:n], &next); !ok {
			return s.fail(statusKeys[f])
		}
		b = b[n+1:]
	}
	if s.has&statusNeeded != statusNeeded {
		return s.fail("lines are missing")
	}
	return nil
}

// line takes one line of any form.
func (s *Status) line(b []byte, next *StatusField) (f StatusField, ok bool) {
	f = findStatus(b, *next)
	if f == statusFields {
		s.Unknown = appendLine(s.Unknown, b)
		return f, true
	}
	s.has |= 1 << f
	*next = f + 1
	return f, s.set(f, statusValue(b[len(statusKeys[f])+1:]))
}

// reset empties s but keeps the room of its slices.
func (s *Status) reset() {
	groups, tgid, pid, pgid, sid := s.Groups[:0], s.NSTGID[:0], s.NSPID[:0], s.NSPGID[:0], s.NSSID[:0]
	cpus, cpuList, mems, memList := s.CPUsAllowed[:0], s.CPUsAllowedList[:0], s.MemsAllowed[:0], s.MemsAllowedList[:0]
	unknown := s.Unknown[:0]
	*s = Status{} // and not a whole one made elsewhere and copied
	s.Groups, s.NSTGID, s.NSPID, s.NSPGID, s.NSSID = groups, tgid, pid, pgid, sid
	s.CPUsAllowed, s.CPUsAllowedList, s.MemsAllowed, s.MemsAllowedList = cpus, cpuList, mems, memList
	s.Unknown = unknown
}

func (s *Status) fail(what string) error {
	*s = Status{}
	return malformed("status", what)
}

// statusValue takes the tab after the colon off, and only that: a name may
// begin with blanks.
func statusValue(b []byte) []byte {
	if len(b) > 0 && b[0] == '\t' {
		return b[1:]
	}
	return b
}

// appendLine appends a copy of line, in the room of a former one if it can.
func appendLine(lines [][]byte, line []byte) [][]byte {
	if len(lines) == cap(lines) {
		return append(lines, append([]byte(nil), line...))
	}
	lines = lines[:len(lines)+1]
	last := &lines[len(lines)-1]
	*last = append((*last)[:0], line...)
	return lines
}

// Has reports whether the file had the line of that field.
func (s *Status) Has(f StatusField) bool { return f < statusFields && s.has>>f&1 != 0 }

// Alive reports whether the process still runs: a zombie leader of other
// threads does.
func (s *Status) Alive() bool {
	return !s.State.Dead() || s.State == StateZombie && s.Threads > 1
}
