package provider

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// netColumns takes one line of a table apart. The first column that is not of its
// form makes bad, and all after it zero.
type netColumns struct {
	b   []byte
	bad bool
}

// take accounts for n bytes of a column, of which there must be some.
func (c *netColumns) take(n int) {
	if n == 0 || c.bad {
		c.bad = true
		return
	}
	c.b = c.b[n:]
}

// gap passes the blanks after a column; the end of the line is one too.
func (c *netColumns) gap() {
	n := skipBlanks(c.b, 0)
	c.bad = c.bad || n == 0 && len(c.b) > 0
	c.b = c.b[n:]
}

// mark passes one byte.
func (c *netColumns) mark(b byte) {
	if len(c.b) == 0 || c.b[0] != b {
		c.bad = true
		return
	}
	c.b = c.b[1:]
}

// left reports whether there are more columns.
func (c *netColumns) left() bool { return !c.bad && len(c.b) > 0 }

// word is a column of any bytes but blanks.
func (c *netColumns) word() []byte {
	n := 0
	for n < len(c.b) && c.b[n] != ' ' && c.b[n] != '\t' {
		n++
	}
	w := c.b[:n]
	c.take(n)
	return w
}

// hex is a hexadecimal number of either case, of at most that value.
func (c *netColumns) hex(most uint64) uint64 {
	v, n := netHex(c.b)
	if v > most {
		n = 0
	}
	c.take(n)
	return v
}

// hexDigits is a hexadecimal number of just so many digits.
func (c *netColumns) hexDigits(digits int) uint64 {
	if len(c.b) < digits {
		c.bad = true
		return 0
	}
	v, n := netHex(c.b[:digits])
	c.bad = c.bad || n != digits
	c.b = c.b[digits:]
	return v
}

func (c *netColumns) decimal(most uint64) uint64 {
	v, n := decimal(c.b)
	if v > most {
		n = 0
	}
	c.take(n)
	return v
}

// signed is a decimal number within 64 bits, perhaps negative.
func (c *netColumns) signed() int64 {
	v, n := signed(c.b)
	c.take(n)
	return v
}

// wrapped is a number of 32 bits that the kernel may print as signed or as
// unsigned.
func (c *netColumns) wrapped() uint32 {
	v := c.signed()
	c.bad = c.bad || v < math.MinInt32 || v > math.MaxUint32
	return uint32(v)
}

// netOrder says in which order the machine that wrote a text keeps the bytes
// of a number.
type netOrder bool

const netLittleEndian netOrder = true

func netOrderOf(o binary.ByteOrder) netOrder { return o.Uint16([]byte{1, 0}) == 1 }

// addr is an address that the kernel prints as numbers of 32 bits in its own
// byte order: one for IPv4, four for IPv6.
func (c *netColumns) addr(order netOrder) netip.Addr {
	var b [16]byte
	c.word32(order, b[:4])
	if len(c.b) == 0 || netDigit(c.b[0]) < 0 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	for i := 4; i < 16; i += 4 {
		c.word32(order, b[i:i+4])
	}
	return netip.AddrFrom16(b)
}

// word32 gives the bytes of a number of eight hexadecimal digits as they lay
// in the machine's memory.
func (c *netColumns) word32(order netOrder, b []byte) {
	v := uint32(c.hexDigits(8))
	if order == netLittleEndian {
		binary.LittleEndian.PutUint32(b, v)
	} else {
		binary.BigEndian.PutUint32(b, v)
	}
}

// addrPort is an address, a colon and a port in hexadecimal.
func (c *netColumns) addrPort(order netOrder) netip.AddrPort {
	a := c.addr(order)
	c.mark(':')
	return netip.AddrPortFrom(a, uint16(c.hexDigits(4)))
}

// addr16 is an IPv6 address of 32 hexadecimal digits in network order.
func (c *netColumns) addr16() netip.Addr {
	var b [16]byte
	for i := range b {
		b[i] = byte(c.hexDigits(2))
	}
	return netip.AddrFrom16(b)
}

// netHex is hexadecimal for digits of either case.
func netHex(b []byte) (v uint64, n int) {
	for ; n < len(b); n++ {
		d := netDigit(b[n])
		if d < 0 {
			break
		}
		if v>>60 != 0 {
			return 0, 0
		}
		v = v<<4 | uint64(d)
	}
	return v, n
}

// netDigits is hexDigit with the upper-case digits too.
var netDigits = [256]uint8{
	'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10,
	'a': 11, 'b': 12, 'c': 13, 'd': 14, 'e': 15, 'f': 16,
	'A': 11, 'B': 12, 'C': 13, 'D': 14, 'E': 15, 'F': 16,
}

// netDigit is the value of a hexadecimal digit, -1 for any other byte.
func netDigit(c byte) int { return int(netDigits[c]) - 1 }
