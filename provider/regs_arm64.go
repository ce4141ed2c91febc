package provider

import "golang.org/x/sys/unix"

const (
	sizeRegsARM64    = 272
	sizeFPRegsARM64  = 528
	sizeHWDebugARM64 = 264

	ntPRSTATUS   = 1 // the kinds of regset, as in core files
	ntPRFPREG    = 2
	ntARMHWBreak = 0x402
	ntARMHWWatch = 0x403
)

// Regs reads the general registers. A thread that runs 32-bit code is EINVAL.
func (t *Tracee) Regs() (LinuxRegsARM64, error) {
	return armRegset[LinuxRegsARM64](t, ntPRSTATUS, sizeRegsARM64)
}

// SetRegs sets the general registers. A changed pc or x0 stays, even inside a
// system call: arm64 prepares its repetition before the stop, and undoes that
// only where pc is as it left it. PState bits that the kernel does not accept
// are EINVAL, and change nothing.
func (t *Tracee) SetRegs(r LinuxRegsARM64) error {
	old, err := t.Regs()
	if err != nil {
		return err
	}
	return t.changeRegset(ntPRSTATUS, AppendRegisters(nil, &r), AppendRegisters(nil, &old))
}

// FPRegs reads the floating-point and vector registers.
func (t *Tracee) FPRegs() (FPRegsARM64, error) {
	return armRegset[FPRegsARM64](t, ntPRFPREG, sizeFPRegsARM64)
}

// SetFPRegs sets the floating-point and vector registers.
func (t *Tracee) SetFPRegs(r FPRegsARM64) error {
	old, err := t.FPRegs()
	if err != nil {
		return err
	}
	return t.changeRegset(ntPRFPREG, AppendRegisters(nil, &r), AppendRegisters(nil, &old))
}

// DebugRegs reads the hardware breakpoints and watchpoints.
func (t *Tracee) DebugRegs() (r DebugRegsARM64, err error) {
	if r.Break, err = armRegset[HWDebugARM64](t, ntARMHWBreak, sizeHWDebugARM64); err != nil {
		return DebugRegsARM64{}, err
	}
	if r.Watch, err = armRegset[HWDebugARM64](t, ntARMHWWatch, sizeHWDebugARM64); err != nil {
		return DebugRegsARM64{}, err
	}
	return r, nil
}

// SetDebugRegs sets as many slots as the hardware has. They stay set when the
// thread is let go, until it exits or executes another program. What the kernel
// refuses is EINVAL, and changes nothing.
func (t *Tracee) SetDebugRegs(r DebugRegsARM64) error {
	old, err := t.DebugRegs()
	if err != nil {
		return err
	}
	return t.changed(func() error { return t.putDebugRegs(&r, &old) }, func() error { return t.putDebugRegs(&old, &old) })
}

func (t *Tracee) putDebugRegs(r, slots *DebugRegsARM64) error {
	if err := t.putSlots(ntARMHWBreak, &r.Break, slots.Break.Count()); err != nil {
		return err
	}
	return t.putSlots(ntARMHWWatch, &r.Watch, slots.Watch.Count())
}

// putSlots writes the first slots only: the kernel has no others to give.
func (t *Tracee) putSlots(kind int, h *HWDebugARM64, slots int) error {
	if slots == 0 {
		return nil
	}
	_, err := t.regset(unix.PTRACE_SETREGSET, kind, AppendRegisters(nil, h)[:8+16*slots])
	return err
}

func armRegset[T RegisterSet](t *Tracee, kind, size int) (T, error) {
	b, err := t.exactRegset(kind, size)
	if err != nil {
		var zero T
		return zero, err
	}
	return DecodeRegisters[T](b)
}
