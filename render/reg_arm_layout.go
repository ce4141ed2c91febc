package render

// RegARMSize is the size of RegARM's bytes.
const RegARMSize = 68

// RegARM is regs for 32-bit readers on arm64: struct reg32.
type RegARM struct {
	R    [13]uint32 // r
	SP   uint32     // r_sp
	LR   uint32     // r_lr
	PC   uint32     // r_pc
	CPSR uint32     // r_cpsr
}

// AppendRegARM appends regs for a 32-bit reader on arm64: RegARMSize bytes, padding zeroed.
func AppendRegARM(dst []byte, r *RegARM) []byte { return appendLayout(dst, r) }

// OverlayRegARM puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most RegARMSize.
func OverlayRegARM(r *RegARM, data []byte) int { return overlayLayout(r, data) }
