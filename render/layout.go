package render

import "encoding/binary"

// maxLayout is the size of the largest register set, FPRegARM64, in bytes.
const maxLayout = 528

// layout is any of FreeBSD's register sets. Its fields are those of the C
// struct, in order, and padding is a blank field, so that the struct is its own
// description: little endian, without gaps, and the same on every host.
type layout interface {
	RegAMD64 | DBRegAMD64 |
		RegI386 | FPRegI386 | DBRegI386 |
		RegARM64 | FPRegARM64 | DBRegARM64 |
		RegARM | FPRegARM | DBRegARM
}

// appendLayout appends the bytes of r, padding zeroed. binary.Append fails for
// types without a fixed size alone, and no layout is one.
func appendLayout[T layout](dst []byte, r *T) []byte {
	dst, _ = binary.Append(dst, binary.LittleEndian, r)
	return dst
}

// overlayLayout puts data over the first bytes of r and says how many it took.
// Bytes over padding are taken and lost.
func overlayLayout[T layout](r *T, data []byte) int {
	image := appendLayout(make([]byte, 0, maxLayout), r)
	n := copy(image, data)
	_, _ = binary.Decode(image, binary.LittleEndian, r) // as appendLayout
	return n
}
