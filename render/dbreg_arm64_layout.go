package render

// DBRegARM64Size is the size of DBRegARM64's bytes.
const DBRegARM64Size = 520

// DBRegARM64 is dbregs on arm64: struct dbreg.
type DBRegARM64 struct {
	Version     uint8 // db_debug_ver, of the debug architecture
	NumBreak    uint8 // db_nbkpts: how many of Breakpoints the processor has
	NumWatch    uint8 // db_nwtpts: how many of Watchpoints
	_           [5]byte
	Breakpoints [16]DebugPointARM64 // db_breakregs
	Watchpoints [16]DebugPointARM64 // db_watchregs
}

// DebugPointARM64 is one breakpoint or watchpoint of DBRegARM64.
type DebugPointARM64 struct {
	Addr uint64 // dbr_addr, dbw_addr
	Ctrl uint32 // dbr_ctrl, dbw_ctrl
	_    uint32
}

// AppendDBRegARM64 appends dbregs on arm64: DBRegARM64Size bytes, padding zeroed.
func AppendDBRegARM64(dst []byte, r *DBRegARM64) []byte { return appendLayout(dst, r) }

// OverlayDBRegARM64 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most DBRegARM64Size.
func OverlayDBRegARM64(r *DBRegARM64, data []byte) int { return overlayLayout(r, data) }
