package render

import "bytes"

// trimmed is a message without the white space at its end, which FreeBSD's
// sbuf_trim takes off: what isspace knows in the C locale, and no more.
func trimmed(data []byte) []byte { return bytes.TrimRight(data, " \t\n\v\f\r") }

// decimal is the number that digits spell, and whether they are digits and the
// number is not above limit. No digits are 0; leading zeros change nothing.
func decimal[T string | []byte](digits T, limit int64) (int64, bool) {
	n := int64(0)
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int64(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}
