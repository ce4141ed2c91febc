package provider

import (
	"strconv"
	"strings"
)

// scalar reads a file that holds one small value. A parser that refuses an
// empty text leaves it to the process to say what that means.
func scalar[T any](d *dir, file string, parse func([]byte) (T, error)) (v T, err error) {
	err = d.lend(file, maxText, appendRecord, func(text []byte) (err error) {
		v, err = parse(text)
		if err != nil && len(text) == 0 {
			return d.fail("read", file, d.without())
		}
		return err
	})
	return v, err
}

// without tells why a process has no value of some kind: because it exits or
// has exited, or because its kind has none.
func (d *dir) without() error {
	if d.leaving() {
		return ErrGone
	}
	return ErrNotSupported
}

// oneNumber reads a text that is one decimal number and one newline.
func oneNumber(file string, b []byte) (uint64, error) {
	v, n := decimal(b)
	if n == 0 || string(b[n:]) != "\n" {
		return 0, malformed(file, "not one number")
	}
	return v, nil
}

// oneSigned is oneNumber with an optional minus sign, within 32 bits.
func oneSigned(file string, b []byte) (int, error) {
	v, n := signed(b)
	if n == 0 || string(b[n:]) != "\n" || v != int64(int32(v)) {
		return 0, malformed(file, "not one number")
	}
	return int(v), nil
}

// oneHex is oneNumber for base 16 without prefix, within 32 bits.
func oneHex(file string, b []byte) (uint32, error) {
	v, n := hexadecimal(b)
	if n == 0 || string(b[n:]) != "\n" || v>>32 != 0 {
		return 0, malformed(file, "not one hexadecimal number")
	}
	return uint32(v), nil
}

// flagNames lists the set bits, lowest first, with blanks between. A bit
// without a name is shown as its value in hexadecimal.
func flagNames(bits uint32, names *[32]string) string {
	var s strings.Builder
	for i, name := range names {
		if bits>>i&1 == 0 {
			continue
		}
		if s.Len() > 0 {
			s.WriteByte(' ')
		}
		if name == "" {
			name = "0x" + strconv.FormatUint(1<<i, 16)
		}
		s.WriteString(name)
	}
	return s.String()
}
