package provider

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	sizeRegsAMD64   = 216
	sizeFPRegsAMD64 = 512
	sizeRegsI386    = 68
	sizeFPRegsI386  = 108

	offsetDebugReg = 848 // of u_debugreg in struct user

	ntPRSTATUS = 1 // the kinds of regset, as in core files
	ntPRFPREG  = 2
)

// Regs reads the general registers: of a 32-bit process too, extended to 64.
func (t *Tracee) Regs() (LinuxRegsAMD64, error) {
	b := make([]byte, sizeRegsAMD64)
	if err := t.transfer(unix.PTRACE_GETREGS, b); err != nil {
		return LinuxRegsAMD64{}, err
	}
	return DecodeRegisters[LinuxRegsAMD64](b)
}

// SetRegs sets the general registers but those that stay as they are: OrigRAX,
// FSBase, GSBase, DS, ES, FS, GS. A rip or rax that differs from the present
// one is where, and with what, the thread goes on, even inside a system call.
// The kernel ignores bits of RFLAGS that are not the program's. A value that it
// refuses is EINVAL, and changes nothing.
func (t *Tracee) SetRegs(r LinuxRegsAMD64) error {
	old, err := t.Regs()
	if err != nil {
		return err
	}
	r = r.over(old)
	return t.changed(func() error { return t.putRegs(&r) }, func() error { return t.putRegs(&old) })
}

func (t *Tracee) putRegs(r *LinuxRegsAMD64) error {
	return t.transfer(unix.PTRACE_SETREGS, AppendRegisters(nil, r))
}

// FPRegs reads the x87 and SSE registers.
func (t *Tracee) FPRegs() (FPRegsAMD64, error) {
	b := make([]byte, sizeFPRegsAMD64)
	if err := t.transfer(unix.PTRACE_GETFPREGS, b); err != nil {
		return FPRegsAMD64{}, err
	}
	return DecodeRegisters[FPRegsAMD64](b)
}

// SetFPRegs sets the x87 and SSE registers; what of the vector registers lies
// above them stays. A reserved bit in MXCSR is EINVAL, and changes nothing.
func (t *Tracee) SetFPRegs(r FPRegsAMD64) error {
	old, err := t.FPRegs()
	if err != nil {
		return err
	}
	return t.changed(func() error { return t.putFPRegs(&r) }, func() error { return t.putFPRegs(&old) })
}

func (t *Tracee) putFPRegs(r *FPRegsAMD64) error {
	return t.transfer(unix.PTRACE_SETFPREGS, AppendRegisters(nil, r))
}

// RegsI386 reads the general registers of a thread that runs 32-bit code; of
// any other it is EINVAL.
func (t *Tracee) RegsI386() (LinuxRegsI386, error) {
	b, err := t.exactRegset(ntPRSTATUS, sizeRegsI386)
	if err != nil {
		return LinuxRegsI386{}, err
	}
	return DecodeRegisters[LinuxRegsI386](b)
}

// SetRegsI386 is SetRegs for a thread that runs 32-bit code, whose segment
// selectors may be set.
func (t *Tracee) SetRegsI386(r LinuxRegsI386) error {
	old, err := t.RegsI386()
	if err != nil {
		return err
	}
	r = r.over(old)
	return t.changeRegset(ntPRSTATUS, AppendRegisters(nil, &r), AppendRegisters(nil, &old))
}

// FPRegsI386 reads the x87 registers of a thread that runs 32-bit code; of any
// other it is EINVAL.
func (t *Tracee) FPRegsI386() (FPRegsI386, error) {
	b, err := t.exactRegset(ntPRFPREG, sizeFPRegsI386)
	if err != nil {
		return FPRegsI386{}, err
	}
	return DecodeRegisters[FPRegsI386](b)
}

// SetFPRegsI386 sets the x87 registers of a thread that runs 32-bit code.
func (t *Tracee) SetFPRegsI386(r FPRegsI386) error {
	old, err := t.FPRegsI386()
	if err != nil {
		return err
	}
	return t.changeRegset(ntPRFPREG, AppendRegisters(nil, &r), AppendRegisters(nil, &old))
}

// DebugRegsAMD64 are dr0 to dr7. 4 and 5 do not exist and read 0.
type DebugRegsAMD64 [8]uint64

// DebugRegs reads the debug registers. The status, 6, is 0xffff0ff0 where
// nothing has happened yet.
func (t *Tracee) DebugRegs() (DebugRegsAMD64, error) {
	var r DebugRegsAMD64
	for i := range r {
		if i == 4 || i == 5 {
			continue
		}
		v, err := t.peekDebug(i)
		if err != nil {
			return DebugRegsAMD64{}, err
		}
		r[i] = v
	}
	return r, nil
}

// SetDebugRegs sets the debug registers; 4 and 5 are ignored. They stay set when
// the thread is let go, until it exits or executes another program. An address
// outside user space, or a control word that asks for what Linux does not
// allow, is EINVAL, and changes nothing.
func (t *Tracee) SetDebugRegs(r DebugRegsAMD64) error {
	old, err := t.DebugRegs()
	if err != nil {
		return err
	}
	r[4], r[5] = 0, 0
	return t.changed(func() error { return t.putDebugRegs(r) }, func() error { return t.putDebugRegs(old) })
}

// putDebugRegs switches all breakpoints off before an address changes, and on
// again last. What is there already is not written: each address that is takes
// one of the hardware's slots, even 0.
func (t *Tracee) putDebugRegs(r DebugRegsAMD64) error {
	if err := t.pokeDebug(7, 0); err != nil {
		return err
	}
	for _, i := range [...]int{0, 1, 2, 3, 6, 7} {
		if err := t.pokeDebug(i, r[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tracee) peekDebug(i int) (uint64, error) {
	v := new(uint64)
	err := t.thread.do(func() error {
		return ptraceInto(unix.PTRACE_PEEKUSR, t.tid, offsetDebugReg+8*uintptr(i), unsafe.Pointer(v))
	})
	if err != nil {
		return 0, err
	}
	return *v, nil
}

func (t *Tracee) pokeDebug(i int, v uint64) error {
	if now, err := t.peekDebug(i); err != nil || now == v {
		return err
	}
	return t.thread.do(func() error {
		return failed(ptrace(unix.PTRACE_POKEUSR, t.tid, offsetDebugReg+8*uintptr(i), uintptr(v)))
	})
}
