package render

import "fmt"

// RegAMD64Size is the size of RegAMD64's bytes.
const RegAMD64Size = 176

// RegAMD64 is regs on amd64: struct reg.
type RegAMD64 struct {
	R15, R14, R13, R12 uint64 // r_r15 …
	R11, R10, R9, R8   uint64
	RDI, RSI, RBP, RBX uint64 // r_rdi …
	RDX, RCX, RAX      uint64
	TrapNo             uint32 // r_trapno: reads as 0, ignored when written
	FS, GS             uint16 // r_fs, r_gs: ignored when written
	Err                uint32 // r_err: reads as 0, ignored when written
	ES, DS             uint16 // r_es, r_ds: ignored when written
	RIP                uint64 // r_rip
	CS                 uint64 // r_cs
	RFlags             uint64 // r_rflags
	RSP                uint64 // r_rsp
	SS                 uint64 // r_ss
}

// AppendRegAMD64 appends regs on amd64: RegAMD64Size bytes, padding zeroed.
func AppendRegAMD64(dst []byte, r *RegAMD64) []byte { return appendLayout(dst, r) }

// OverlayRegAMD64 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most RegAMD64Size.
func OverlayRegAMD64(r *RegAMD64, data []byte) int { return overlayLayout(r, data) }

// userFlags are the flags that a process may change itself, PSL_USERCHANGE:
// carry, parity, adjust, zero, sign, trap, direction, overflow, nested task,
// resume, alignment check and identification.
const userFlags = 0x254dd5

// userPrivilege is the privilege level in the low bits of a selector of user
// mode, SEL_UPL.
const userPrivilege = 3

// CheckRegAMD64 says whether FreeBSD lets r take the place of old, else
// ErrRange. The upper half of rflags is not looked at: FreeBSD cuts it off.
func CheckRegAMD64(old, r *RegAMD64) error {
	return checkFlagsCode(uint32(old.RFlags), uint32(r.RFlags), r.CS)
}

// checkFlagsCode is EFL_SECURE and CS_SECURE: only the user's flags may change,
// and the code segment stays one of user mode.
func checkFlagsCode(old, flags uint32, cs uint64) error {
	if (old^flags)&^userFlags != 0 {
		return fmt.Errorf("%w: flags %#x over %#x", ErrRange, flags, old)
	}
	if cs&3 != userPrivilege {
		return fmt.Errorf("%w: code segment %#x", ErrRange, cs)
	}
	return nil
}
