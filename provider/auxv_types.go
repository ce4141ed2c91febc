package provider

import "strconv"

// AuxType is the type of an entry of the auxiliary vector, AT_* of
// <linux/auxvec.h>.
type AuxType uint64

const (
	AtNull            AuxType = 0  // the end
	AtIgnore          AuxType = 1  // nothing
	AtExecFD          AuxType = 2  // the program's descriptor, for its interpreter
	AtPhdr            AuxType = 3  // address of the program headers
	AtPhent           AuxType = 4  // size of one, bytes
	AtPhnum           AuxType = 5  // their number
	AtPageSize        AuxType = 6  // bytes
	AtBase            AuxType = 7  // address of the interpreter, 0 without
	AtFlags           AuxType = 8  // 1: the interpreter keeps argv[0] (5.12)
	AtEntry           AuxType = 9  // address where the program begins
	AtNotELF          AuxType = 10 //
	AtUID             AuxType = 11 // the real user
	AtEUID            AuxType = 12 // the effective user
	AtGID             AuxType = 13 // the real group
	AtEGID            AuxType = 14 // the effective group
	AtPlatform        AuxType = 15 // address of the processor's name
	AtHWCap           AuxType = 16 // what the processor can do
	AtClkTck          AuxType = 17 // ticks a second, of times(2)
	AtFPUCW           AuxType = 18 // FPU control word (SuperH)
	AtDCacheBSize     AuxType = 19 // bytes (PowerPC, as the next three)
	AtICacheBSize     AuxType = 20
	AtUCacheBSize     AuxType = 21
	AtIgnorePPC       AuxType = 22
	AtSecure          AuxType = 23 // not 0: the program has gained rights
	AtBasePlatform    AuxType = 24 // address of the real processor's name (2.6.27)
	AtRandom          AuxType = 25 // address of 16 random bytes (2.6.29)
	AtHWCap2          AuxType = 26 // what more it can do
	AtRSeqFeatureSize AuxType = 27 // bytes (6.3)
	AtRSeqAlign       AuxType = 28 // bytes (6.3)
	AtHWCap3          AuxType = 29 // (6.9)
	AtHWCap4          AuxType = 30 // (6.9)
	AtExecFn          AuxType = 31 // address of the program's path (2.6.26)
	AtSysinfo         AuxType = 32 // address of the system call entry (i386)
	AtSysinfoEHdr     AuxType = 33 // address of the vDSO

	AtL1ICacheShape    AuxType = 34 // 34 to 47: PowerPC and others
	AtL1DCacheShape    AuxType = 35
	AtL2CacheShape     AuxType = 36
	AtL3CacheShape     AuxType = 37
	AtL1ICacheSize     AuxType = 40
	AtL1ICacheGeometry AuxType = 41
	AtL1DCacheSize     AuxType = 42
	AtL1DCacheGeometry AuxType = 43
	AtL2CacheSize      AuxType = 44
	AtL2CacheGeometry  AuxType = 45
	AtL3CacheSize      AuxType = 46
	AtL3CacheGeometry  AuxType = 47
	AtMinSigStkSz      AuxType = 51 // bytes that a signal's frame takes at least (5.14; arm64 4.18)
)

const auxNames = 52

// String gives the name of <linux/auxvec.h>, or "AT_" and the number.
func (t AuxType) String() string {
	names := [auxNames]string{
		"AT_NULL", "AT_IGNORE", "AT_EXECFD", "AT_PHDR", "AT_PHENT", "AT_PHNUM", "AT_PAGESZ", "AT_BASE",
		"AT_FLAGS", "AT_ENTRY", "AT_NOTELF", "AT_UID", "AT_EUID", "AT_GID", "AT_EGID", "AT_PLATFORM",
		"AT_HWCAP", "AT_CLKTCK", "AT_FPUCW", "AT_DCACHEBSIZE", "AT_ICACHEBSIZE", "AT_UCACHEBSIZE", "AT_IGNOREPPC", "AT_SECURE",
		"AT_BASE_PLATFORM", "AT_RANDOM", "AT_HWCAP2", "AT_RSEQ_FEATURE_SIZE", "AT_RSEQ_ALIGN", "AT_HWCAP3", "AT_HWCAP4", "AT_EXECFN",
		"AT_SYSINFO", "AT_SYSINFO_EHDR", "AT_L1I_CACHESHAPE", "AT_L1D_CACHESHAPE", "AT_L2_CACHESHAPE", "AT_L3_CACHESHAPE",
		40: "AT_L1I_CACHESIZE", "AT_L1I_CACHEGEOMETRY", "AT_L1D_CACHESIZE", "AT_L1D_CACHEGEOMETRY",
		"AT_L2_CACHESIZE", "AT_L2_CACHEGEOMETRY", "AT_L3_CACHESIZE", "AT_L3_CACHEGEOMETRY",
		51: "AT_MINSIGSTKSZ",
	}
	if t < auxNames && names[t] != "" {
		return names[t]
	}
	return "AT_" + strconv.FormatUint(uint64(t), 10)
}
