package provider

// commMost is the longest command name that the kernel shows: 15 bytes for
// user processes, up to 63 for kernel workers (4.18).
const commMost = 64

// Comm is a command name as the kernel has it: any bytes but NUL, newlines
// included. It is a plain value, so that it is read without allocation and
// compared with ==.
type Comm struct {
	b [commMost]byte
	n uint8
}

// ParseComm reads the text of a comm file: the raw name and one newline.
func ParseComm(b []byte) (Comm, error) {
	if len(b) == 0 || b[len(b)-1] != '\n' {
		return Comm{}, malformed("comm", "no newline at the end")
	}
	c, ok := makeComm(b[:len(b)-1])
	if !ok {
		return Comm{}, malformed("comm", "command name too long")
	}
	return c, nil
}

func makeComm(b []byte) (c Comm, ok bool) {
	if len(b) > commMost {
		return Comm{}, false
	}
	c.n = uint8(copy(c.b[:], b))
	return c, true
}

// unescapeComm undoes what the Name line of status does to a name: newline is
// written \n and backslash \\.
func unescapeComm(b []byte) (c Comm, ok bool) {
	for i := 0; i < len(b); i++ {
		ch := b[i]
		if ch == '\\' && i+1 < len(b) && (b[i+1] == 'n' || b[i+1] == '\\') {
			i++
			ch = unescaped(b[i])
		}
		if c.n == commMost {
			return Comm{}, false
		}
		c.b[c.n] = ch
		c.n++
	}
	return c, true
}

func unescaped(ch byte) byte {
	if ch == 'n' {
		return '\n'
	}
	return ch
}

// String gives the name; it need not be UTF-8.
func (c Comm) String() string { return string(c.b[:c.n]) }

// Bytes gives the name without copying it.
func (c *Comm) Bytes() []byte { return c.b[:c.n:c.n] }
