package render

// FPRegARM64Size is the size of FPRegARM64's bytes.
const FPRegARM64Size = 528

// FPRegARM64 is fpregs on arm64: struct fpreg.
type FPRegARM64 struct {
	Q    [32][16]byte // fp_q, little endian
	FPSR uint32       // fp_sr
	FPCR uint32       // fp_cr
	_    [8]byte      // the alignment of fp_q
}

// AppendFPRegARM64 appends fpregs on arm64: FPRegARM64Size bytes, padding zeroed.
func AppendFPRegARM64(dst []byte, r *FPRegARM64) []byte { return appendLayout(dst, r) }

// OverlayFPRegARM64 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most FPRegARM64Size.
func OverlayFPRegARM64(r *FPRegARM64, data []byte) int { return overlayLayout(r, data) }
