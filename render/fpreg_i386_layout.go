package render

// FPRegI386Size is the size of FPRegI386's bytes.
const FPRegI386Size = 176

// FPRegI386 is fpregs on i386 and for 32-bit readers on amd64: struct fpreg,
// fpreg32, whose beginning is what FSAVE writes.
type FPRegI386 struct {
	CW     uint16 // en_cw, the control word
	_      uint16
	SW     uint16 // en_sw, the status word
	_      uint16
	TW     uint16 // en_tw, two bits a register, 3 for an empty one
	_      uint16
	FIP    uint32      // en_fip, the last instruction's offset
	FCS    uint16      // en_fcs, and its segment
	Opcode uint16      // en_opcode, its code
	FOO    uint32      // en_foo, its operand's offset
	FOS    uint16      // en_fos, and its segment
	_      uint16      // this and the padding above: FSAVE may leave ones there
	ST     [8][10]byte // fpr_acc, st0–st7
	ExSW   uint32      // fpr_ex_sw, the status word at the last exception
	_      [64]byte    // fpr_pad
}

// AppendFPRegI386 appends fpregs for a 32-bit reader on amd64: FPRegI386Size bytes, padding zeroed.
func AppendFPRegI386(dst []byte, r *FPRegI386) []byte { return appendLayout(dst, r) }

// OverlayFPRegI386 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most FPRegI386Size.
func OverlayFPRegI386(r *FPRegI386, data []byte) int { return overlayLayout(r, data) }
