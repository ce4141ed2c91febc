package render

// DBRegARMSize is the size of DBRegARM's bytes.
const DBRegARMSize = 4

// DBRegARM is dbregs for 32-bit readers on arm64: struct dbreg32, which FreeBSD
// has never filled.
type DBRegARM struct {
	Dummy int32 // dummy
}

// AppendDBRegARM appends dbregs for a 32-bit reader on arm64: DBRegARMSize bytes, padding zeroed.
func AppendDBRegARM(dst []byte, r *DBRegARM) []byte { return appendLayout(dst, r) }

// OverlayDBRegARM puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most DBRegARMSize.
func OverlayDBRegARM(r *DBRegARM, data []byte) int { return overlayLayout(r, data) }
