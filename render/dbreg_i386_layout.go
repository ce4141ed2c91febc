package render

// DBRegI386Size is the size of DBRegI386's bytes.
const DBRegI386Size = 32

// DBRegI386 is dbregs on i386 and for 32-bit readers on amd64: struct dbreg,
// dbreg32.
type DBRegI386 struct {
	DR [8]uint32 // 0–3 addresses, 6 status, 7 control; the rest read as 0
}

// AppendDBRegI386 appends dbregs for a 32-bit reader on amd64: DBRegI386Size bytes, padding zeroed.
func AppendDBRegI386(dst []byte, r *DBRegI386) []byte { return appendLayout(dst, r) }

// OverlayDBRegI386 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most DBRegI386Size.
func OverlayDBRegI386(r *DBRegI386, data []byte) int { return overlayLayout(r, data) }

// CheckDBRegI386 says whether FreeBSD lets a process have r, else ErrRange. Its
// target is a 32-bit process: a 32-bit writer has no other.
func CheckDBRegI386(r *DBRegI386) error {
	wide := DBRegAMD64{}
	for i, v := range r.DR {
		wide.DR[i] = uint64(v)
	}
	return CheckDBRegAMD64(&wide, true)
}
