package render

// FPRegAMD64Size is the size of FPRegAMD64.
const FPRegAMD64Size = 512

// FPRegAMD64 is fpregs on amd64: struct fpreg, the image that FXSAVE writes.
//
//	  0  environment: cw 2, sw 2, tw 1 and a zero byte, opcode 2, rip 8, rdp 8,
//	     mxcsr 4, mxcsr_mask 4
//	 32  st0–st7, 10 bytes each in slots of 16
//	160  xmm0–xmm15, 16 bytes each
//	416  spare
//
// What lies in the rest of a slot and in the spare bytes is no register:
// FreeBSD reads zeros there and drops what is written.
type FPRegAMD64 [FPRegAMD64Size]byte

// AppendFPRegAMD64 appends fpregs on amd64: FPRegAMD64Size bytes, padding zeroed.
func AppendFPRegAMD64(dst []byte, r *FPRegAMD64) []byte {
	start := len(dst)
	dst = append(dst, r[:]...)
	for i := range r {
		if fxsavePadding(i) {
			dst[start+i] = 0
		}
	}
	return dst
}

// OverlayFPRegAMD64 puts what was written over the first bytes of r, the set as
// it is now, and gives the number of bytes taken: at most FPRegAMD64Size. The
// padding of r stays as it is.
func OverlayFPRegAMD64(r *FPRegAMD64, data []byte) int {
	n := min(len(data), len(r))
	for i, b := range data[:n] {
		if !fxsavePadding(i) {
			r[i] = b
		}
	}
	return n
}

// fxsavePadding says whether the byte at i belongs to no register.
func fxsavePadding(i int) bool {
	inSlots := i >= 32 && i < 160
	return inSlots && i%16 >= 10 || i >= 416
}
