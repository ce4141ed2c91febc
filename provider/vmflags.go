package provider

import (
	"bytes"
	"strings"
)

// VMFlags is the set of a mapping's flags, the VmFlags line of smaps (3.8).
type VMFlags uint64

// The codes of fs/proc/task_mmu.c in the kernel's order; those it has given up
// and those of other architectures come last.
const (
	VMRead        VMFlags = 1 << iota // rd
	VMWrite                           // wr
	VMExec                            // ex
	VMShared                          // sh
	VMMayRead                         // mr
	VMMayWrite                        // mw
	VMMayExec                         // me
	VMMayShare                        // ms
	VMGrowsDown                       // gd: stack
	VMUffdMissing                     // um: userfaultfd tracks missing pages (4.3)
	VMPFNMap                          // pf: pages without struct page
	VMMaybeGuard                      // gu: may hold guard pages (6.19)
	VMUffdWP                          // uw: userfaultfd write protection (4.3)
	VMLocked                          // lo
	VMIO                              // io: device memory
	VMSeqRead                         // sr: madvise sequential
	VMRandRead                        // rr: madvise random
	VMDontCopy                        // dc: not inherited by fork
	VMDontExpand                      // de: not by mremap
	VMLockOnFault                     // lf (4.4)
	VMAccount                         // ac: counts as committed memory
	VMNoReserve                       // nr: no swap reserved
	VMHugeTLB                         // ht
	VMSync                            // sf: synchronous page faults, DAX (4.15)
	VMArch1                           // ar: per architecture
	VMWipeOnFork                      // wf (4.14)
	VMDontDump                        // dd: not in core dumps
	VMSoftDirty                       // sd (3.11)
	VMMixedMap                        // mm
	VMHugePage                        // hg: madvise huge pages
	VMNoHugePage                      // nh
	VMMergeable                       // mg: KSM
	VMShadowStack                     // ss (6.6)
	VMUffdMinor                       // ui: userfaultfd minor faults (5.13)
	VMDroppable                       // dp (6.11)
	VMSealed                          // sl: mseal (6.10)
	VMBTI                             // bt: arm64 (5.8)
	VMMTE                             // mt: arm64 (5.10)
	VMDenyWrite                       // dw: until 5.15
	VMNonlinear                       // nl: until 4.0
	VMMPX                             // mp: x86, 4.6 to 5.5
)

// vmFlagCodes holds two letters for each bit, in the order of the constants.
const vmFlagCodes = "rdwrexshmrmwmemsgdumpfguuwloiosrrrdcdelfacnrhtsfarwfddsdmmhgnhmgssuidpslbtmtdwnlmp"

// vmFlagBits finds a flag by its two letters.
var vmFlagBits = vmFlagTable()

func vmFlagTable() (t ['z' + 1 - 'a']['z' + 1 - 'a']VMFlags) {
	for i := 0; i < len(vmFlagCodes); i += 2 {
		t[vmFlagCodes[i]-'a'][vmFlagCodes[i+1]-'a'] = 1 << (i / 2)
	}
	return t
}

// ParseVMFlags reads the codes of a VmFlags line, with or without its key.
// Codes unknown here, of a later kernel, come back in unknown.
func ParseVMFlags(b []byte) (flags VMFlags, unknown []string) {
	b = bytes.TrimPrefix(b, []byte("VmFlags:"))
	flags, b = knownVMFlags(b)
	for code := range bytes.FieldsSeq(b) {
		f := VMFlags(0)
		if len(code) == 2 {
			f = vmFlag(code[0], code[1])
		}
		if f == 0 {
			unknown = append(unknown, string(code))
		}
		flags |= f
	}
	return flags, unknown
}

// knownVMFlags takes known codes, each after one blank, from the start of b:
// on most mappings that leaves nothing.
func knownVMFlags(b []byte) (flags VMFlags, rest []byte) {
	for len(b) >= 3 && b[0] == ' ' && (len(b) == 3 || b[3] == ' ') {
		f := vmFlag(b[1], b[2])
		if f == 0 {
			break
		}
		flags |= f
		b = b[3:]
	}
	return flags, b
}

// vmFlag gives the flag of a code, 0 for an unknown one.
func vmFlag(first, second byte) VMFlags {
	i, j := first-'a', second-'a'
	if int(i) >= len(vmFlagBits) || int(j) >= len(vmFlagBits) {
		return 0
	}
	return vmFlagBits[i][j]
}

// Has reports whether all flags of want are set.
func (f VMFlags) Has(want VMFlags) bool { return f&want == want }

// String gives the codes with blanks between, such as "rd ex mr mw me".
func (f VMFlags) String() string {
	var s strings.Builder
	for i := 0; i < len(vmFlagCodes); i += 2 {
		if f>>(i/2)&1 == 0 {
			continue
		}
		if s.Len() > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(vmFlagCodes[i : i+2])
	}
	return s.String()
}
