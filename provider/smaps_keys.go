package provider

// SmapKey names one line of an entry of smaps, for Smap.Has.
type SmapKey uint8

// The lines in the order of Linux 6.18; the last three are in smaps_rollup only.
const (
	SmapSize SmapKey = iota
	SmapKernelPageSize
	SmapMMUPageSize
	SmapRss
	SmapPss
	SmapPssDirty
	SmapSharedClean
	SmapSharedDirty
	SmapPrivateClean
	SmapPrivateDirty
	SmapReferenced
	SmapAnonymous
	SmapKSM
	SmapLazyFree
	SmapAnonHugePages
	SmapShmemPmdMapped
	SmapFilePmdMapped
	SmapSharedHugetlb
	SmapPrivateHugetlb
	SmapSwap
	SmapSwapPss
	SmapLocked
	SmapTHPEligible
	SmapProtectionKey
	SmapVMFlags
	SmapPssAnon
	SmapPssFile
	SmapPssShmem

	smapKeys
)

const (
	// smapOld are the lines that every kernel since 2.6.14 writes.
	smapOld = 1<<SmapSize | 1<<SmapRss | 1<<SmapPrivateDirty

	// smapNew are lines younger than VmFlags (3.8), which so must be there too.
	smapNew = 1<<SmapPssDirty | 1<<SmapKSM | 1<<SmapLazyFree | 1<<SmapShmemPmdMapped | 1<<SmapFilePmdMapped |
		1<<SmapSharedHugetlb | 1<<SmapPrivateHugetlb | 1<<SmapSwapPss | 1<<SmapTHPEligible | 1<<SmapProtectionKey

	// smapRollup are the lines of every smaps_rollup (4.14).
	smapRollup = 1<<SmapRss | 1<<SmapPrivateDirty | 1<<SmapLocked
)

var smapNames = [smapKeys]string{
	"Size", "KernelPageSize", "MMUPageSize", "Rss", "Pss", "Pss_Dirty",
	"Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous",
	"KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped",
	"Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked",
	"THPeligible", "ProtectionKey", "VmFlags", "Pss_Anon", "Pss_File", "Pss_Shmem",
}

// String gives the key of the line, such as "Private_Clean".
func (k SmapKey) String() string {
	if k >= smapKeys {
		return "unknown key"
	}
	return smapNames[k]
}

// findSmap tells whose line this is, trying next first, and gives the value.
func findSmap(line []byte, next SmapKey) (SmapKey, []byte) {
	for i := range smapKeys {
		k := (next + i) % smapKeys
		name := smapNames[k]
		if len(line) > len(name) && line[len(name)] == ':' && string(line[:len(name)]) == name {
			return k, line[len(name)+1:]
		}
	}
	return smapKeys, nil
}

// counter gives the place of the sizes, which are all lines but three.
func (s *Smap) counter(k SmapKey) *uint64 {
	switch k {
	case SmapSize:
		return &s.Size
	case SmapKernelPageSize:
		return &s.KernelPageSize
	case SmapMMUPageSize:
		return &s.MMUPageSize
	case SmapRss:
		return &s.Rss
	case SmapPss:
		return &s.Pss
	case SmapPssDirty:
		return &s.PssDirty
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
	case SmapShmemPmdMapped:
		return &s.ShmemPmdMapped
	case SmapFilePmdMapped:
		return &s.FilePmdMapped
	case SmapSharedHugetlb:
		return &s.SharedHugetlb
	case SmapPrivateHugetlb:
		return &s.PrivateHugetlb
	case SmapSwap:
		return &s.Swap
	case SmapSwapPss:
		return &s.SwapPss
	case SmapLocked:
		return &s.Locked
	case SmapPssAnon:
		return &s.PssAnon
	case SmapPssFile:
		return &s.PssFile
	}
	return &s.PssShmem
}
