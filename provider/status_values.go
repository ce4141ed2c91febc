package provider

import "math"

// set stores the value v of line f; false says that it is not of its form.
func (s *Status) set(f StatusField, v []byte) bool {
	switch {
	case f <= StatusTracerPID:
		return s.setProcess(f, v)
	case f <= StatusKthread:
		return s.setOwner(f, v)
	case f <= StatusHugetlbPages:
		return setSize(s.size(f), v)
	case f <= StatusCapAmb:
		return s.setSignals(f, v)
	case f <= StatusSpeculationIndirectBranch:
		return s.setSecurity(f, v)
	}
	return s.setSched(f, v)
}

func (s *Status) setProcess(f StatusField, v []byte) (ok bool) {
	switch f {
	case StatusName:
		s.Name, ok = unescapeComm(v)
		return ok
	case StatusUmask:
		u, n := octal(v)
		s.Umask = uint32(u)
		return n > 0 && n == len(v)
	case StatusState:
		// "S (sleeping)"
		if len(v) == 0 || v[0]|0x20 < 'a' || v[0]|0x20 > 'z' || len(v) > 1 && v[1] != ' ' {
			return false
		}
		s.State = ProcState(v[0])
		return true
	case StatusTGID:
		return setInt(&s.TGID, v)
	case StatusNGID:
		return setInt(&s.NGID, v)
	case StatusPID:
		return setInt(&s.PID, v)
	case StatusPPID:
		return setInt(&s.PPID, v)
	}
	return setInt(&s.TracerPID, v)
}

func (s *Status) setOwner(f StatusField, v []byte) bool {
	switch f {
	case StatusUID:
		return s.UID.parse(v)
	case StatusGID:
		return s.GID.parse(v)
	case StatusFDSize:
		return setUint(&s.FDSize, v)
	case StatusGroups:
		return setNumbers(&s.Groups, v)
	case StatusNSTGID:
		return setNumbers(&s.NSTGID, v)
	case StatusNSPID:
		return setNumbers(&s.NSPID, v)
	case StatusNSPGID:
		return setNumbers(&s.NSPGID, v)
	case StatusNSSID:
		return setNumbers(&s.NSSID, v)
	}
	return setBool(&s.KernelThread, v)
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
	}
	return &s.HugetlbPages
}

func (s *Status) setSignals(f StatusField, v []byte) bool {
	switch f {
	case StatusCoreDumping:
		return setBool(&s.CoreDumping, v)
	case StatusTHPEnabled:
		return setBool(&s.THPEnabled, v)
	case StatusUntagMask:
		return setHex(&s.UntagMask, v)
	case StatusThreads:
		return setInt(&s.Threads, v)
	case StatusSigQ:
		return s.SigQ.parse(v)
	case StatusSigPnd:
		return setHex(&s.SigPnd, v)
	case StatusShdPnd:
		return setHex(&s.ShdPnd, v)
	case StatusSigBlk:
		return setHex(&s.SigBlk, v)
	case StatusSigIgn:
		return setHex(&s.SigIgn, v)
	case StatusSigCgt:
		return setHex(&s.SigCgt, v)
	case StatusCapInh:
		return setHex(&s.CapInh, v)
	case StatusCapPrm:
		return setHex(&s.CapPrm, v)
	case StatusCapEff:
		return setHex(&s.CapEff, v)
	case StatusCapBnd:
		return setHex(&s.CapBnd, v)
	}
	return setHex(&s.CapAmb, v)
}

func (s *Status) setSecurity(f StatusField, v []byte) bool {
	switch f {
	case StatusNoNewPrivs:
		return setBool(&s.NoNewPrivs, v)
	case StatusSeccomp:
		u, ok := uintField(v)
		s.Seccomp = uint32(u)
		return ok && u <= math.MaxUint32
	case StatusSeccompFilters:
		return setUint(&s.SeccompFilters, v)
	case StatusSpeculationStoreBypass:
		s.SpeculationStoreBypass = wellKnown(v)
	case StatusSpeculationIndirectBranch:
		s.SpeculationIndirectBranch = wellKnown(v)
	}
	return true
}

func (s *Status) setSched(f StatusField, v []byte) bool {
	switch f {
	case StatusCPUsAllowed:
		return setWords(&s.CPUsAllowed, v)
	case StatusCPUsAllowedList:
		return setIntervals(&s.CPUsAllowedList, v)
	case StatusMemsAllowed:
		return setWords(&s.MemsAllowed, v)
	case StatusMemsAllowedList:
		return setIntervals(&s.MemsAllowedList, v)
	case StatusVoluntaryCtxtSwitches:
		return setUint(&s.VoluntaryCtxtSwitches, v)
	case StatusNonvoluntaryCtxtSwitches:
		return setUint(&s.NonvoluntaryCtxtSwitches, v)
	case StatusX86ThreadFeatures:
		s.X86ThreadFeatures = wellKnown(v)
	case StatusX86ThreadFeaturesLocked:
		s.X86ThreadFeaturesLocked = wellKnown(v)
	}
	return true
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
