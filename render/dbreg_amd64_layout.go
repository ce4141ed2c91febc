package render

import "fmt"

// DBRegAMD64Size is the size of DBRegAMD64's bytes.
const DBRegAMD64Size = 128

// DBRegAMD64 is dbregs on amd64: struct dbreg.
type DBRegAMD64 struct {
	DR [16]uint64 // 0–3 addresses, 6 status, 7 control; the rest read as 0
}

// AppendDBRegAMD64 appends dbregs on amd64: DBRegAMD64Size bytes, padding zeroed.
func AppendDBRegAMD64(dst []byte, r *DBRegAMD64) []byte { return appendLayout(dst, r) }

// OverlayDBRegAMD64 puts what was written over the first bytes of r, the set as it
// is now, and gives the number of bytes taken: at most DBRegAMD64Size.
func OverlayDBRegAMD64(r *DBRegAMD64, data []byte) int { return overlayLayout(r, data) }

// maxUserAddress is the first address that no process has, VM_MAXUSER_ADDRESS
// with four levels of page tables.
const maxUserAddress = 1 << 47

// The values of a breakpoint's fields in dr7 that are not for everyone.
const (
	accessIO    = 2 // break on I/O: undefined unless the kernel has turned it on
	lengthEight = 2 // DBREG_DR7_LEN_8: for 64-bit targets only
)

// CheckDBRegAMD64 says whether FreeBSD lets a process have r, else ErrRange.
// compat32 says that the target, not the writer, is a 32-bit process.
func CheckDBRegAMD64(r *DBRegAMD64, compat32 bool) error {
	status, control := r.DR[6], r.DR[7]
	if status>>32 != 0 || control>>32 != 0 {
		return fmt.Errorf("%w: dr6 %#x, dr7 %#x", ErrRange, status, control)
	}
	for i, address := range r.DR[:4] {
		enabled := control >> (2 * i) & 3
		access := control >> (16 + 4*i) & 3
		length := control >> (18 + 4*i) & 3
		if access == accessIO || compat32 && length == lengthEight {
			return fmt.Errorf("%w: dr7 %#x, breakpoint %d", ErrRange, control, i)
		}
		if enabled != 0 && address >= maxUserAddress {
			return fmt.Errorf("%w: dr%d %#x", ErrRange, i, address)
		}
	}
	return nil
}
