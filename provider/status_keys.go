package provider

// StatusField names one line of status, for Status.Has.
type StatusField uint8

// The lines in the order of Linux 6.18.
const (
	StatusName StatusField = iota
	StatusUmask
	StatusState
	StatusTGID
	StatusNGID
	StatusPID
	StatusPPID
	StatusTracerPID
	StatusUID
	StatusGID
	StatusFDSize
	StatusGroups
	StatusNSTGID
	StatusNSPID
	StatusNSPGID
	StatusNSSID
	StatusKernelThread
	StatusVMPeak
	StatusVMSize
	StatusVMLck
	StatusVMPin
	StatusVMHWM
	StatusVMRSS
	StatusRSSAnon
	StatusRSSFile
	StatusRSSShmem
	StatusVMData
	StatusVMStk
	StatusVMExe
	StatusVMLib
	StatusVMPTE
	StatusVMPMD
	StatusVMSwap
	StatusHugetlbPages
	StatusCoreDumping
	StatusTHPEnabled
	StatusUntagMask
	StatusThreads
	StatusSigQ
	StatusSigPnd
	StatusShdPnd
	StatusSigBlk
	StatusSigIgn
	StatusSigCgt
	StatusCapInh
	StatusCapPrm
	StatusCapEff
	StatusCapBnd
	StatusCapAmb
	StatusNoNewPrivs
	StatusSeccomp
	StatusSeccompFilters
	StatusSpeculationStoreBypass
	StatusSpeculationIndirectBranch
	StatusCPUsAllowed
	StatusCPUsAllowedList
	StatusMemsAllowed
	StatusMemsAllowedList
	StatusVoluntaryCtxtSwitches
	StatusNonvoluntaryCtxtSwitches
	StatusX86ThreadFeatures
	StatusX86ThreadFeaturesLocked

	statusFields
)

var statusKeys = [statusFields]string{
	"Name", "Umask", "State", "Tgid", "Ngid", "Pid", "PPid", "TracerPid", "Uid", "Gid",
	"FDSize", "Groups", "NStgid", "NSpid", "NSpgid", "NSsid", "Kthread",
	"VmPeak", "VmSize", "VmLck", "VmPin", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem",
	"VmData", "VmStk", "VmExe", "VmLib", "VmPTE", "VmPMD", "VmSwap", "HugetlbPages",
	"CoreDumping", "THP_enabled", "untag_mask", "Threads",
	"SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
	"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
	"NoNewPrivs", "Seccomp", "Seccomp_filters", "Speculation_Store_Bypass", "SpeculationIndirectBranch",
	"Cpus_allowed", "Cpus_allowed_list", "Mems_allowed", "Mems_allowed_list",
	"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
	"x86_Thread_features", "x86_Thread_features_locked",
}

// String gives the key of the line, such as "VmPeak".
func (f StatusField) String() string {
	if f >= statusFields {
		return "unknown field"
	}
	return statusKeys[f]
}

// findStatus tells whose line this is, trying next first; statusFields for a
// key unknown here. The colon that ends the key is the first one of the line.
func findStatus(line []byte, next StatusField) StatusField {
	for f := next; f < statusFields; f++ {
		if f.begins(line) {
			return f
		}
	}
	for f := StatusField(0); f < next; f++ {
		if f.begins(line) {
			return f
		}
	}
	return statusFields
}

func (f StatusField) begins(line []byte) bool {
	key := statusKeys[f]
	return len(line) > len(key) && line[len(key)] == ':' && string(line[:len(key)]) == key
}
