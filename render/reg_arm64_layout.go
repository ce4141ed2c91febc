package render

// RegARM64Size is the size of RegARM64's bytes.
const RegARM64Size = 272

// RegARM64 is regs on arm64: struct reg.
type RegARM64 struct {
	X    [30]uint64 // x
	LR   uint64     // lr, x30
	SP   uint64     // sp
	ELR  uint64     // elr, the program counter
	SPSR uint64     // spsr; older releases had 4 bytes and padding here
}

// AppendRegARM64 appends regs on arm64: RegARM64Size bytes, padding zeroed.
func AppendRegARM64(dst []byte, r *RegARM64) []byte { return appendLayout(dst, r) }

// OverlayRegARM64 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most RegARM64Size.
func OverlayRegARM64(r *RegARM64, data []byte) int { return overlayLayout(r, data) }
