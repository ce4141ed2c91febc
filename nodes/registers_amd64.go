package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

func regs() layouts {
	return layouts{
		native: registers[render.RegAMD64]{fetchRegs, storeRegs, render.AppendRegAMD64, render.OverlayRegAMD64},
		compat: registers[render.RegI386]{fetchRegs32, storeRegs32, render.AppendRegI386, render.OverlayRegI386},
	}
}

func fpregs() layouts {
	return layouts{
		native: registers[render.FPRegAMD64]{fetchFPRegs, storeFPRegs, render.AppendFPRegAMD64, render.OverlayFPRegAMD64},
		compat: registers[render.FPRegI386]{fetchFPRegs32, storeFPRegs32, render.AppendFPRegI386, render.OverlayFPRegI386},
	}
}

func dbregs() layouts {
	return layouts{
		native: registers[render.DBRegAMD64]{fetchDBRegs, storeDBRegs, render.AppendDBRegAMD64, render.OverlayDBRegAMD64},
		compat: registers[render.DBRegI386]{fetchDBRegs32, storeDBRegs32, render.AppendDBRegI386, render.OverlayDBRegI386},
	}
}

func fetchRegs(t *provider.Tracee) (render.RegAMD64, error) {
	l, err := t.Regs()
	return render.RegAMD64{
		R15: l.R15, R14: l.R14, R13: l.R13, R12: l.R12, R11: l.R11, R10: l.R10, R9: l.R9, R8: l.R8,
		RDI: l.RDI, RSI: l.RSI, RBP: l.RBP, RBX: l.RBX, RDX: l.RDX, RCX: l.RCX, RAX: l.RAX,
		FS: uint16(l.FS), GS: uint16(l.GS), ES: uint16(l.ES), DS: uint16(l.DS),
		RIP: l.RIP, CS: l.CS, RFlags: l.RFLAGS, RSP: l.RSP, SS: l.SS,
	}, err
}

func storeRegs(t *provider.Tracee, old, v *render.RegAMD64) error {
	if err := render.CheckRegAMD64(old, v); err != nil {
		return err
	}
	return t.SetRegs(provider.LinuxRegsAMD64{ // the rest stays
		R15: v.R15, R14: v.R14, R13: v.R13, R12: v.R12, R11: v.R11, R10: v.R10, R9: v.R9, R8: v.R8,
		RDI: v.RDI, RSI: v.RSI, RBP: v.RBP, RBX: v.RBX, RDX: v.RDX, RCX: v.RCX, RAX: v.RAX,
		RIP: v.RIP, CS: v.CS, RFLAGS: uint64(uint32(v.RFlags)), RSP: v.RSP, SS: v.SS,
	})
}

func fetchRegs32(t *provider.Tracee) (render.RegI386, error) {
	l, err := t.RegsI386()
	return render.RegI386{
		FS: l.FS, ES: l.ES, DS: l.DS, GS: l.GS,
		EDI: l.EDI, ESI: l.ESI, EBP: l.EBP, EBX: l.EBX, EDX: l.EDX, ECX: l.ECX, EAX: l.EAX,
		EIP: l.EIP, CS: l.CS, EFlags: l.EFLAGS, ESP: l.ESP, SS: l.SS,
	}, err
}

func storeRegs32(t *provider.Tracee, old, v *render.RegI386) error {
	if err := render.CheckRegI386(old, v); err != nil {
		return err
	}
	return t.SetRegsI386(provider.LinuxRegsI386{
		FS: v.FS, ES: v.ES, DS: v.DS, GS: v.GS,
		EDI: v.EDI, ESI: v.ESI, EBP: v.EBP, EBX: v.EBX, EDX: v.EDX, ECX: v.ECX, EAX: v.EAX,
		EIP: v.EIP, CS: v.CS, EFLAGS: v.EFlags, ESP: v.ESP, SS: v.SS,
	})
}

// FXSAVE's image is the same on both sides.
func fetchFPRegs(t *provider.Tracee) (render.FPRegAMD64, error) {
	l, err := t.FPRegs()
	if err != nil {
		return render.FPRegAMD64{}, err
	}
	return render.FPRegAMD64(provider.AppendRegisters(nil, &l)), nil
}

// mxcsrMask is where FXSAVE's image says which bits of MXCSR there are; the
// reserved ones are cut off, as FreeBSD does.
func storeFPRegs(t *provider.Tracee, _, v *render.FPRegAMD64) error {
	l, err := provider.DecodeRegisters[provider.FPRegsAMD64](v[:])
	if err != nil {
		return err
	}
	now, err := t.FPRegs()
	if err != nil {
		return err
	}
	l.MXCSRMask = now.MXCSRMask
	l.MXCSR &= now.MXCSRMask
	return t.SetFPRegs(l)
}

func fetchFPRegs32(t *provider.Tracee) (render.FPRegI386, error) {
	l, err := t.FPRegsI386()
	return render.FPRegI386{
		CW: uint16(l.Control), SW: uint16(l.Status), TW: uint16(l.Tag),
		FIP: l.IP, FCS: uint16(l.CSOpcode), Opcode: uint16(l.CSOpcode >> 16),
		FOO: l.DP, FOS: uint16(l.DS), ST: l.ST,
	}, err
}

func storeFPRegs32(t *provider.Tracee, _, v *render.FPRegI386) error {
	const ones = 0xffff << 16 // as FSAVE leaves them
	return t.SetFPRegsI386(provider.FPRegsI386{
		Control: ones | uint32(v.CW), Status: ones | uint32(v.SW), Tag: ones | uint32(v.TW),
		IP: v.FIP, CSOpcode: uint32(v.Opcode)<<16 | uint32(v.FCS),
		DP: v.FOO, DS: ones | uint32(v.FOS), ST: v.ST,
	})
}

func fetchDBRegs(t *provider.Tracee) (render.DBRegAMD64, error) {
	l, err := t.DebugRegs()
	var v render.DBRegAMD64
	copy(v.DR[:], l[:])
	return v, err
}

func storeDBRegs(t *provider.Tracee, _, v *render.DBRegAMD64) error {
	if err := render.CheckDBRegAMD64(v, is32Bit(t)); err != nil {
		return err
	}
	return t.SetDebugRegs(provider.DebugRegsAMD64(v.DR[:8]))
}

// is32Bit: only a thread that runs 32-bit code has such registers.
func is32Bit(t *provider.Tracee) bool {
	_, err := t.RegsI386()
	return err == nil
}

func fetchDBRegs32(t *provider.Tracee) (render.DBRegI386, error) {
	if _, err := t.RegsI386(); err != nil { // a 64-bit process is not for 32-bit readers
		return render.DBRegI386{}, err
	}
	l, err := t.DebugRegs()
	var v render.DBRegI386
	for i := range v.DR {
		v.DR[i] = uint32(l[i])
	}
	return v, err
}

func storeDBRegs32(t *provider.Tracee, _, v *render.DBRegI386) error {
	if err := render.CheckDBRegI386(v); err != nil {
		return err
	}
	var l provider.DebugRegsAMD64
	for i := range l {
		l[i] = uint64(v.DR[i])
	}
	return t.SetDebugRegs(l)
}
