package render

import (
	"fmt"
	"math"
	"strconv"
)

// AppendOsrel appends osrel: p_osrel and a newline.
func AppendOsrel(dst []byte, osrel *int32) []byte {
	return append(strconv.AppendInt(dst, int64(*osrel), 10), '\n')
}

// ParseOsrel reads what was written to osrel: decimal digits, white space after
// them, nothing else; no digits are 0. Anything else is ErrSyntax, and so is a
// number above 2147483647, some of which wrap round on FreeBSD.
func ParseOsrel(data []byte) (int32, error) {
	n, ok := decimal(trimmed(data), math.MaxInt32)
	if !ok {
		return 0, fmt.Errorf("%w: osrel takes a number up to %d", ErrSyntax, math.MaxInt32)
	}
	return int32(n), nil
}
