package provider

import "encoding/binary"

// mapsPath is the column in which the kernel begins a path, where the numbers
// before it leave room.
const mapsPath = 73

// mapsBlanks are as many as there can be before a path.
const mapsBlanks = "                                                                         "

// parse takes one line, without its newline.
func (m *Mapping) parse(line []byte) bool { return m.parseFast(line) || m.parseAny(line) }

// parseFast is parseAny for lines in the kernel's own layout, which are nearly
// all: numbers of at least eight digits, the path in its column. It takes
// several bytes at once, since reading maps costs little else. False says only
// that the line is for parseAny to judge.
func (m *Mapping) parseFast(line []byte) bool {
	b := line
	var ok bool
	if m.Start, ok = cutHex(&b, '-'); !ok {
		return false
	}
	if m.End, ok = cutHex(&b, ' '); !ok || len(b) < 5 || b[4] != ' ' || !m.Perms.parseFast(b) {
		return false
	}
	b = b[5:]
	if m.Offset, ok = cutHex(&b, ' '); !ok || !m.Dev.parseFast(&b) && !m.Dev.parse(&b) {
		return false
	}
	n := 0
	if m.Inode, n = decimal(b); n == 0 {
		return false
	}
	return m.nameFast(line, len(line)-len(b)+n)
}

// nameFast is name for what follows the inode, at in line: one blank, or blanks
// up to the column of the path.
func (m *Mapping) nameFast(line []byte, at int) bool {
	if len(line) == at+1 && line[at] == ' ' {
		m.Path = line[at+1:]
		return true
	}
	if len(line) <= mapsPath || at >= mapsPath || string(line[at:mapsPath]) != mapsBlanks[at:] || line[mapsPath] == ' ' {
		return false
	}
	m.Path = line[mapsPath:len(line):len(line)]
	return true
}

// cutHex takes a number of 8 to 16 digits and the byte that must follow it from
// *b, in which there must be 17 bytes.
func cutHex(b *[]byte, after byte) (v uint64, ok bool) {
	s := *b
	if len(s) < 17 {
		return 0, false
	}
	n := 12 // most addresses; and 8 most offsets
	if s[n] != after {
		for n = 8; n < 16 && s[n] != after; n++ {
		}
		if s[n] != after {
			return 0, false
		}
	}
	v, ok = hex8(binary.BigEndian.Uint64(s))
	if more := 4 * (n - 8); more > 0 {
		low, ok2 := hex8(binary.BigEndian.Uint64(s[n-8:]))
		v, ok = v<<more|low&(1<<more-1), ok && ok2
	}
	*b = s[n+1:]
	return v, ok
}

// hex8 reads eight hexadecimal digits, the first in the highest byte.
func hex8(x uint64) (v uint64, ok bool) {
	const each = 0x0101010101010101
	if x == '0'*each {
		return 0, true
	}
	v = x&(0x0f*each) + x>>6&each*9 // letters have bit 6
	letters := (v + 6*each) >> 4 & each
	ok = v&(0x10*each) == 0 && '0'*each+v+letters*('a'-'0'-10) == x
	v = (v | v>>4) & 0x00ff00ff00ff00ff
	v = (v | v>>8) & 0x0000ffff0000ffff
	return (v | v>>16) & 0xffffffff, ok
}

// permWords are the sixteen texts of Perms.
var permWords = permWordTable()

func permWordTable() (t [16]uint32) {
	for p := range Perms(16) {
		t[p] = binary.LittleEndian.Uint32([]byte(p.String()))
	}
	return t
}

// parseFast reads four letters: '-' alone has not bit 6, and 's' differs from
// 'p' in bit 0.
func (p *Perms) parseFast(b []byte) bool {
	x := binary.LittleEndian.Uint32(b)
	bit := x>>6&1 | x>>13&2 | x>>20&4 | x>>21&8
	*p = Perms(bit)
	return permWords[bit] == x
}

// parseFast takes a device of two digits each, as most are.
func (d *Device) parseFast(b *[]byte) bool {
	s := *b
	if len(s) < 6 || s[2] != ':' || s[5] != ' ' {
		return false
	}
	a, b1, c, e := hexDigit[s[0]], hexDigit[s[1]], hexDigit[s[3]], hexDigit[s[4]]
	if a == 0 || b1 == 0 || c == 0 || e == 0 {
		return false
	}
	d.Major, d.Minor = uint32(a-1)<<4|uint32(b1-1), uint32(c-1)<<4|uint32(e-1)
	*b = s[6:]
	return true
}
