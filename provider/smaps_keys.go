package provider

// SmapField names one line of an entry of smaps, for Smap.Has.
type SmapField uint8

// The lines in the order of Linux 6.18; the last three are in smaps_rollup only.
const (
	SmapSize SmapField = iota
	SmapKernelPageSize
	SmapMMUPageSize
	SmapRSS
	SmapPSS
	SmapPSSDirty
	SmapSharedClean
	SmapSharedDirty
	SmapPrivateClean
	SmapPrivateDirty
	SmapReferenced
	SmapAnonymous
	SmapKSM
	SmapLazyFree
	SmapAnonHugePages
	SmapShmemPMDMapped
	SmapFilePMDMapped
	SmapSharedHugetlb
	SmapPrivateHugetlb
	SmapSwap
	SmapSwapPSS
	SmapLocked
	SmapTHPEligible
	SmapProtectionKey
	SmapVMFlags
	SmapPSSAnon
	SmapPSSFile
	SmapPSSShmem

	smapFields
)

const (
	// smapOld are the lines that every kernel since 2.6.14 writes.
	smapOld = 1<<SmapSize | 1<<SmapRSS | 1<<SmapPrivateDirty

	// smapNew are lines younger than VmFlags (3.8), which so must be there too.
	smapNew = 1<<SmapPSSDirty | 1<<SmapKSM | 1<<SmapLazyFree | 1<<SmapShmemPMDMapped | 1<<SmapFilePMDMapped |
		1<<SmapSharedHugetlb | 1<<SmapPrivateHugetlb | 1<<SmapSwapPSS | 1<<SmapTHPEligible | 1<<SmapProtectionKey

	// smapRollup are the lines of every smaps_rollup (4.14).
	smapRollup = 1<<SmapRSS | 1<<SmapPrivateDirty | 1<<SmapLocked
)

var smapNames = [smapFields]string{
	"Size", "KernelPageSize", "MMUPageSize", "Rss", "Pss", "Pss_Dirty",
	"Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
	"KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped",
	"Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked",
	"THPeligible", "ProtectionKey", "VmFlags", "Pss_Anon", "Pss_File", "Pss_Shmem",
}

// String gives the key of the line, such as "Private_Clean".
func (k SmapField) String() string {
	if k >= smapFields {
		return "unknown field"
	}
	return smapNames[k]
}

// findSmap tells whose line this is, trying next first, and gives the value.
func findSmap(line []byte, next SmapField) (SmapField, []byte) {
	for i := range smapFields {
		k := (next + i) % smapFields
		name := smapNames[k]
		if len(line) > len(name) && line[len(name)] == ':' && string(line[:len(name)]) == name {
			return k, line[len(name)+1:]
		}
	}
	return smapFields, nil
}

// counter gives the place of the sizes, which are all lines but three.
func (s *Smap) counter(k SmapField) *uint64 {
	switch k {
	case SmapSize:
		return &s.Size
	case SmapKernelPageSize:
		return &s.KernelPageSize
	case SmapMMUPageSize:
		return &s.MMUPageSize
	case SmapRSS:
		return &s.RSS
	case SmapPSS:
		return &s.PSS
	case SmapPSSDirty:
		return &s.PSSDirty
	case SmapSharedClean:
		return &s.SharedClean
	case SmapSharedDirty:
		return &s.SharedDirty
	case SmapPrivateClean:
		return &s.PrivateClean
	case SmapPrivateDirty:
		return &s.PrivateDirty
	case SmapReferenced:
		return &s.Referenced
	case SmapAnonymous:
		return &s.Anonymous
	case SmapKSM:
		return &s.KSM
	case SmapLazyFree:
		return &s.LazyFree
	case SmapAnonHugePages:
		return &s.AnonHugePages
	case SmapShmemPMDMapped:
		return &s.ShmemPMDMapped
	case SmapFilePMDMapped:
		return &s.FilePMDMapped
	case SmapSharedHugetlb:
		return &s.SharedHugetlb
	case SmapPrivateHugetlb:
		return &s.PrivateHugetlb
	case SmapSwap:
		return &s.Swap
	case SmapSwapPSS:
		return &s.SwapPSS
	case SmapLocked:
		return &s.Locked
	case SmapPSSAnon:
		return &s.PSSAnon
	case SmapPSSFile:
		return &s.PSSFile
	}
	return &s.PSSShmem
}
