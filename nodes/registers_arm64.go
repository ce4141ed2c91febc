package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

func regs() layouts {
	return layouts{
		native: registers[render.RegARM64]{fetchRegs, storeRegs, render.AppendRegARM64, render.OverlayRegARM64},
		compat: unsupported{},
	}
}

func fpregs() layouts {
	return layouts{
		native: registers[render.FPRegARM64]{fetchFPRegs, storeFPRegs, render.AppendFPRegARM64, render.OverlayFPRegARM64},
		compat: unsupported{},
	}
}

func dbregs() layouts {
	return layouts{
		native: registers[render.DBRegARM64]{fetchDBRegs, storeDBRegs, render.AppendDBRegARM64, render.OverlayDBRegARM64},
		compat: unsupported{},
	}
}

// unsupported: 32-bit readers on arm64 have no 32-bit targets that the fetch
// could serve.
type unsupported struct{}

func (unsupported) read(*provider.Tracee) ([]byte, error)       { return nil, render.ErrRange }
func (unsupported) write(*provider.Tracee, []byte) (int, error) { return 0, render.ErrRange }

func fetchRegs(t *provider.Tracee) (render.RegARM64, error) {
	l, err := t.Regs()
	return render.RegARM64{X: [30]uint64(l.X[:30]), LR: l.X[30], SP: l.SP, ELR: l.PC, SPSR: l.PState}, err
}

func storeRegs(t *provider.Tracee, _, v *render.RegARM64) error {
	l := provider.LinuxRegsARM64{SP: v.SP, PC: v.ELR, PState: v.SPSR}
	copy(l.X[:], v.X[:])
	l.X[30] = v.LR
	return t.SetRegs(l)
}

func fetchFPRegs(t *provider.Tracee) (render.FPRegARM64, error) {
	l, err := t.FPRegs()
	return render.FPRegARM64{Q: l.V, FPSR: l.FPSR, FPCR: l.FPCR}, err
}

func storeFPRegs(t *provider.Tracee, _, v *render.FPRegARM64) error {
	return t.SetFPRegs(provider.FPRegsARM64{V: v.Q, FPSR: v.FPSR, FPCR: v.FPCR})
}

func fetchDBRegs(t *provider.Tracee) (render.DBRegARM64, error) {
	l, err := t.DebugRegs()
	if err != nil {
		return render.DBRegARM64{}, err
	}
	v := render.DBRegARM64{
		Version:  uint8(l.Break.Info >> 8),
		NumBreak: uint8(l.Break.Count()),
		NumWatch: uint8(l.Watch.Count()),
	}
	for i := range v.Breakpoints {
		v.Breakpoints[i].Addr, v.Breakpoints[i].Ctrl = l.Break.Slots[i].Address, l.Break.Slots[i].Control
		v.Watchpoints[i].Addr, v.Watchpoints[i].Ctrl = l.Watch.Slots[i].Address, l.Watch.Slots[i].Control
	}
	return v, nil
}

// storeDBRegs ignores the counts, which are the hardware's.
func storeDBRegs(t *provider.Tracee, _, v *render.DBRegARM64) error {
	var l provider.DebugRegsARM64
	for i := range v.Breakpoints {
		l.Break.Slots[i] = provider.HWSlotARM64{Address: v.Breakpoints[i].Addr, Control: v.Breakpoints[i].Ctrl}
		l.Watch.Slots[i] = provider.HWSlotARM64{Address: v.Watchpoints[i].Addr, Control: v.Watchpoints[i].Ctrl}
	}
	return t.SetDebugRegs(l)
}
