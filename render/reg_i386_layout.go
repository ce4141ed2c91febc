package render

// RegI386Size is the size of RegI386's bytes.
const RegI386Size = 76

// RegI386 is regs on i386 and for 32-bit readers on amd64: struct reg, reg32.
type RegI386 struct {
	FS, ES, DS         uint32 // r_fs …: unlike RegAMD64's, these are set when written
	EDI, ESI, EBP      uint32 // r_edi …
	ISP                uint32 // r_isp, the kernel's stack: reads as 0, ignored when written
	EBX, EDX, ECX, EAX uint32 // r_ebx …
	TrapNo             uint32 // r_trapno: reads as 0, ignored when written
	Err                uint32 // r_err: reads as 0, ignored when written
	EIP                uint32 // r_eip
	CS                 uint32 // r_cs
	EFlags             uint32 // r_eflags
	ESP                uint32 // r_esp
	SS                 uint32 // r_ss
	GS                 uint32 // r_gs
}

// AppendRegI386 appends regs for a 32-bit reader on amd64: RegI386Size bytes, padding zeroed.
func AppendRegI386(dst []byte, r *RegI386) []byte { return appendLayout(dst, r) }

// OverlayRegI386 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most RegI386Size.
func OverlayRegI386(r *RegI386, data []byte) int { return overlayLayout(r, data) }

// CheckRegI386 says whether FreeBSD lets r take the place of old, else
// ErrRange. The rules are CheckRegAMD64's.
func CheckRegI386(old, r *RegI386) error {
	return checkFlagsCode(old.EFlags, r.EFlags, uint64(r.CS))
}
