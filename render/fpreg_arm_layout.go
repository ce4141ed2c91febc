package render

// FPRegARMSize is the size of FPRegARM's bytes.
const FPRegARMSize = 4

// FPRegARM is fpregs for 32-bit readers on arm64: struct fpreg32, which FreeBSD
// has never filled.
type FPRegARM struct {
	Dummy int32 // dummy
}

// AppendFPRegARM appends fpregs for a 32-bit reader on arm64: FPRegARMSize bytes, padding zeroed.
func AppendFPRegARM(dst []byte, r *FPRegARM) []byte { return appendLayout(dst, r) }

// OverlayFPRegARM puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most FPRegARMSize.
func OverlayFPRegARM(r *FPRegARM, data []byte) int { return overlayLayout(r, data) }
