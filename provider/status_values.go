package provider

import "math"

// statusKind is the form of a line's value.
type statusKind uint8

const (
	statusOther statusKind = iota
	statusInt
	statusUint
	statusBool
	statusHex
	statusSize
	statusNumbers
	statusIDs
	statusText
)

// set stores the value v of line f; false says that it is not of its form.
func (s *Status) set(f StatusField, v []byte) bool {
	switch statusLines[f].kind {
	case statusInt:
		return setInt(s.number(f), v)
	case statusUint:
		return setUint(s.size(f), v)
	case statusBool:
		return setBool(s.flag(f), v)
	case statusHex:
		return setHex(s.mask(f), v)
	case statusSize:
		return setSize(s.size(f), v)
	case statusNumbers:
		return setNumbers(s.numbers(f), v)
	case statusIDs:
		return s.ids(f).parse(v)
	case statusText:
		*s.text(f) = wellKnown(v)
		return true
	}
	return s.setOther(f, v)
}

// setOther stores what has a form of its own.
func (s *Status) setOther(f StatusField, v []byte) (ok bool) {
	switch f {
	case StatusName:
		s.Name, ok = unescapeComm(v)
		return ok
	case StatusUmask:
		u, n := octal(v)
		s.Umask = uint32(u)
		return n > 0 && n == len(v)
	case StatusState:
		return s.setState(v)
	case StatusGroups:
		return setNumbers(&s.Groups, v)
	case StatusSigQ:
		return s.SigQ.parse(v)
	case StatusSeccomp:
		u, ok := uintField(v)
		s.Seccomp = uint32(u)
		return ok && u <= math.MaxUint32
	case StatusCPUsAllowed:
		return setWords(&s.CPUsAllowed, v)
	case StatusCPUsAllowedList:
		return setIntervals(&s.CPUsAllowedList, v)
	case StatusMemsAllowed:
		return setWords(&s.MemsAllowed, v)
	}
	return setIntervals(&s.MemsAllowedList, v)
}

// setState reads "S (sleeping)".
func (s *Status) setState(v []byte) bool {
	if len(v) == 0 || v[0]|0x20 < 'a' || v[0]|0x20 > 'z' || len(v) > 1 && v[1] != ' ' {
		return false
	}
	s.State = ProcState(v[0])
	return true
}

// The places of the values, by kind.

func (s *Status) number(f StatusField) *int {
	switch f {
	case StatusTGID:
		return &s.TGID
	case StatusNGID:
		return &s.NGID
	case StatusPID:
		return &s.PID
	case StatusPPID:
		return &s.PPID
	case StatusTracerPID:
		return &s.TracerPID
	}
	return &s.Threads
}

func (s *Status) ids(f StatusField) *IDs {
	if f == StatusUID {
		return &s.UID
	}
	return &s.GID
}

func (s *Status) flag(f StatusField) *bool {
	switch f {
	case StatusKernelThread:
		return &s.KernelThread
	case StatusCoreDumping:
		return &s.CoreDumping
	case StatusTHPEnabled:
		return &s.THPEnabled
	}
	return &s.NoNewPrivs
}

func (s *Status) numbers(f StatusField) *[]int {
	switch f {
	case StatusNSTGID:
		return &s.NSTGID
	case StatusNSPID:
		return &s.NSPID
	case StatusNSPGID:
		return &s.NSPGID
	}
	return &s.NSSID
}

func (s *Status) mask(f StatusField) *uint64 {
	switch f {
	case StatusUntagMask:
		return &s.UntagMask
	case StatusSigPnd:
		return &s.SigPnd
	case StatusShdPnd:
		return &s.ShdPnd
	case StatusSigBlk:
		return &s.SigBlk
	case StatusSigIgn:
		return &s.SigIgn
	case StatusSigCgt:
		return &s.SigCgt
	case StatusCapInh:
		return (*uint64)(&s.CapInh)
	case StatusCapPrm:
		return (*uint64)(&s.CapPrm)
	case StatusCapEff:
		return (*uint64)(&s.CapEff)
	case StatusCapBnd:
		return (*uint64)(&s.CapBnd)
	}
	return (*uint64)(&s.CapAmb)
}

func (s *Status) text(f StatusField) *string {
	switch f {
	case StatusSpeculationStoreBypass:
		return &s.SpeculationStoreBypass
	case StatusSpeculationIndirectBranch:
		return &s.SpeculationIndirectBranch
	case StatusX86ThreadFeatures:
		return &s.X86ThreadFeatures
	}
	return &s.X86ThreadFeaturesLocked
}

func (s *Status) size(f StatusField) *uint64 {
	switch f {
	case StatusVMPeak:
		return &s.VMPeak
	case StatusVMSize:
		return &s.VMSize
	case StatusVMLck:
		return &s.VMLck
	case StatusVMPin:
		return &s.VMPin
	case StatusVMHWM:
		return &s.VMHWM
	case StatusVMRSS:
		return &s.VMRSS
	case StatusRSSAnon:
		return &s.RSSAnon
	case StatusRSSFile:
		return &s.RSSFile
	case StatusRSSShmem:
		return &s.RSSShmem
	case StatusVMData:
		return &s.VMData
	case StatusVMStk:
		return &s.VMStk
	case StatusVMExe:
		return &s.VMExe
	case StatusVMLib:
		return &s.VMLib
	case StatusVMPTE:
		return &s.VMPTE
	case StatusVMPMD:
		return &s.VMPMD
	case StatusVMSwap:
		return &s.VMSwap
	case StatusHugetlbPages:
		return &s.HugetlbPages
	case StatusFDSize:
		return &s.FDSize
	case StatusSeccompFilters:
		return &s.SeccompFilters
	case StatusVoluntaryCtxtSwitches:
		return &s.VoluntaryCtxtSwitches
	}
	return &s.NonvoluntaryCtxtSwitches
}

// wellKnown is string(v) without trailing blanks, and without allocation for
// the texts that kernels write.
func wellKnown(v []byte) string {
	for len(v) > 0 && v[len(v)-1] == ' ' {
		v = v[:len(v)-1]
	}
	for _, s := range wellKnownTexts {
		if string(v) == s {
			return s
		}
	}
	return string(v)
}

var wellKnownTexts = [...]string{
	"thread vulnerable", "conditional enabled", "not vulnerable", "vulnerable", "unknown",
	"thread force mitigated", "thread mitigated", "globally mitigated",
	"conditional disabled", "conditional force disabled", "always enabled", "always disabled",
	"unsupported", "not affected", "", "shstk", "shstk wrss", "wrss",
}
