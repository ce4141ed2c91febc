package provider

import (
	"encoding/binary"
	"fmt"
)

// Linux's register sets, field by field as <asm/user.h> and <asm/ptrace.h> have
// them, little endian. They are plain data, the same on every host; only
// fetching and storing them (regs_*.go) needs the architecture.

// LinuxRegsAMD64 is user_regs_struct, NT_PRSTATUS of a 64-bit process.
type LinuxRegsAMD64 struct {
	R15, R14, R13, R12, RBP, RBX, R11, R10, R9, R8 uint64
	RAX, RCX, RDX, RSI, RDI                        uint64
	OrigRAX                                        uint64 // the system call under way; -1: none
	RIP, CS, RFLAGS, RSP, SS                       uint64
	FSBase, GSBase                                 uint64
	DS, ES, FS, GS                                 uint64
}

// LinuxRegsI386 is user_regs_struct of a 32-bit process.
type LinuxRegsI386 struct {
	EBX, ECX, EDX, ESI, EDI, EBP, EAX uint32
	DS, ES, FS, GS                    uint32
	OrigEAX                           uint32 // as OrigRAX
	EIP, CS, EFLAGS, ESP, SS          uint32
}

// FPRegsAMD64 is user_fpregs_struct, NT_PRFPREG of a 64-bit process: what
// FXSAVE writes.
type FPRegsAMD64 struct {
	Control, Status uint16
	Tag             uint8 // a bit for each register that is in use
	Reserved        uint8
	Opcode          uint16
	IP, DP          uint64
	MXCSR           uint32
	MXCSRMask       uint32
	ST              [8][16]byte // 10 bytes each
	XMM             [16][16]byte
	Spare           [96]byte
}

// FPRegsI386 is user_i387_struct of a 32-bit process: what FSAVE writes.
type FPRegsI386 struct {
	Control, Status, Tag uint32 // 16 bits each, the upper ones are ones; two tag bits a register
	IP, CSOpcode, DP, DS uint32
	ST                   [8][10]byte
}

// LinuxRegsARM64 is user_pt_regs.
type LinuxRegsARM64 struct {
	X              [31]uint64
	SP, PC, PState uint64
}

// FPRegsARM64 is user_fpsimd_state. Each V is little endian.
type FPRegsARM64 struct {
	V          [32][16]byte
	FPSR, FPCR uint32
	Reserved   [2]uint32
}

// HWDebugARM64 is user_hwdebug_state: the hardware breakpoints or watchpoints.
type HWDebugARM64 struct {
	Info, Pad uint32 // the number of slots, and 256 times the debug architecture
	Slots     [16]HWSlotARM64
}

// HWSlotARM64 is one breakpoint or watchpoint.
type HWSlotARM64 struct {
	Address      uint64
	Control, Pad uint32
}

// Count is the number of slots that the hardware has, 16 at most.
func (h *HWDebugARM64) Count() int { return min(int(h.Info&0xff), len(h.Slots)) }

// DebugRegsARM64 are both kinds.
type DebugRegsARM64 struct{ Break, Watch HWDebugARM64 }

// RegisterSet is one of Linux's register sets.
type RegisterSet interface {
	LinuxRegsAMD64 | LinuxRegsI386 | FPRegsAMD64 | FPRegsI386 | LinuxRegsARM64 | FPRegsARM64 | HWDebugARM64
}

// DecodeRegisters reads a set from the bytes of its regset. Any other length
// than the set's is ErrMalformed.
func DecodeRegisters[T RegisterSet](b []byte) (T, error) {
	var r T
	if size := binary.Size(r); len(b) != size {
		return r, fmt.Errorf("%w: %d bytes of registers, not %d", ErrMalformed, len(b), size)
	}
	if _, err := binary.Decode(b, binary.LittleEndian, &r); err != nil {
		var zero T
		return zero, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return r, nil
}

// AppendRegisters appends the bytes of a set's regset.
func AppendRegisters[T RegisterSet](dst []byte, r *T) []byte {
	out, err := binary.Append(dst, binary.LittleEndian, r)
	if err != nil { // not of a fixed size, which all of RegisterSet are
		panic(err)
	}
	return out
}

// over is r as it may replace old: what a program's debugger cannot mean to
// change stays (the bases and selectors of the segments), and so does the
// system call under way.
//
// A thread stopped inside a system call is about to repeat it: on its way out
// the kernel looks for one of its restart codes in rax, and moves rip back by
// the two bytes of the instruction. Without a system call it leaves them alone,
// so where either is changed there is none.
func (r LinuxRegsAMD64) over(old LinuxRegsAMD64) LinuxRegsAMD64 {
	r.OrigRAX, r.FSBase, r.GSBase = old.OrigRAX, old.FSBase, old.GSBase
	r.DS, r.ES, r.FS, r.GS = old.DS, old.ES, old.FS, old.GS
	if int64(old.OrigRAX) >= 0 && (r.RIP != old.RIP || r.RAX != old.RAX) {
		r.OrigRAX = ^uint64(0)
	}
	return r
}

// over is the same for 32 bits, but that the selectors may change.
func (r LinuxRegsI386) over(old LinuxRegsI386) LinuxRegsI386 {
	r.OrigEAX = old.OrigEAX
	if int32(old.OrigEAX) >= 0 && (r.EIP != old.EIP || r.EAX != old.EAX) {
		r.OrigEAX = ^uint32(0)
	}
	return r
}
