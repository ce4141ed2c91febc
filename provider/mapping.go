package provider

import (
	"bytes"
	"iter"
)

// Device is the number of a device, as maps names the one that holds a file.
type Device struct{ Major, Minor uint32 }

// Perms is what a mapping allows, the second column of maps.
type Perms uint8

const (
	PermRead Perms = 1 << iota
	PermWrite
	PermExecute
	PermShared // else private: copy on write
)

// Has reports whether all of want are allowed; PermShared, whether it is shared.
func (p Perms) Has(want Perms) bool { return p&want == want }

// String gives the kernel's four letters, such as "rw-p".
func (p Perms) String() string {
	b := []byte("---p")
	for i, letter := range []byte("rwxs") {
		if p>>i&1 != 0 {
			b[i] = letter
		}
	}
	return string(b)
}

// Mapping is one line of /proc/PID/maps, and the head of an entry of smaps.
type Mapping struct {
	Start, End uint64 // addresses; End is the first one beyond
	Perms      Perms
	Offset     uint64 // bytes into the file; an address for some special mappings
	Dev        Device // 0, 0 without a file
	Inode      uint64 // 0 without a file

	// Path is what the kernel wrote, byte for byte: a path (newlines as \012,
	// deleted files with " (deleted)" after it), "[heap]", "[anon:name]",
	// "/SYSV00000000 (deleted)", or nothing. It need not be UTF-8, and it is
	// part of the text that was parsed, not a copy.
	Path []byte
}

// ParseMapping reads one line of maps, without its newline, into m. After an
// error m is zero.
func ParseMapping(line []byte, m *Mapping) error {
	if bytes.IndexByte(line, '\n') >= 0 || !m.parse(line) {
		*m = Mapping{}
		return malformed("maps", "not a mapping")
	}
	return nil
}

// Mappings goes through the text of a maps file. The Mapping is reused: copy
// it to keep it, and its Path to keep it longer than the text. A line that is
// malformed, or lacks its newline, is the last thing given, as nil and error.
func Mappings(text []byte) iter.Seq2[*Mapping, error] {
	return func(yield func(*Mapping, error) bool) {
		var m Mapping
		for len(text) > 0 {
			n := bytes.IndexByte(text, '\n')
			if n < 0 || !m.parse(text[:n]) {
				yield(nil, malformed("maps", "not a mapping"))
				return
			}
			if !yield(&m, nil) {
				return
			}
			text = text[n+1:]
		}
	}
}

// parseAny reads "start-end perms offset major:minor inode [path]".
func (m *Mapping) parseAny(line []byte) bool {
	b, n := line, 0
	if m.Start, n = hexadecimal(b); !cut(&b, n, '-') {
		return false
	}
	if m.End, n = hexadecimal(b); !cut(&b, n, ' ') || !m.Perms.parse(b) {
		return false
	}
	b = b[5:]
	if m.Offset, n = hexadecimal(b); !cut(&b, n, ' ') || !m.Dev.parse(&b) {
		return false
	}
	if m.Inode, n = decimal(b); n == 0 {
		return false
	}
	return m.name(b[n:])
}

// name takes what follows the inode: nothing, or blanks and the path.
func (m *Mapping) name(b []byte) bool {
	if len(b) > 0 && b[0] != ' ' {
		return false
	}
	i := 0
	for i < len(b) && b[i] == ' ' {
		i++
	}
	m.Path = b[i:len(b):len(b)]
	return true
}

// parse reads four letters and the blank after them.
func (p *Perms) parse(b []byte) bool {
	if len(b) < 5 || b[4] != ' ' {
		return false
	}
	*p = 0
	for i, letter := range [3]byte{'r', 'w', 'x'} {
		switch b[i] {
		case letter:
			*p |= 1 << i
		case '-':
		default:
			return false
		}
	}
	switch b[3] {
	case 's', 'S': // 'S': kernels without MMU
		*p |= PermShared
	case 'p':
	default:
		return false
	}
	return true
}

// parse takes "major:minor " from the start of *b.
func (d *Device) parse(b *[]byte) bool {
	major, n := hexadecimal(*b)
	if !cut(b, n, ':') {
		return false
	}
	minor, n := hexadecimal(*b)
	if !cut(b, n, ' ') || major|minor > 1<<32-1 {
		return false
	}
	d.Major, d.Minor = uint32(major), uint32(minor)
	return true
}

// cut takes a number of n bytes and the byte that must follow it from *b.
func cut(b *[]byte, n int, after byte) bool {
	if n == 0 || n == len(*b) || (*b)[n] != after {
		return false
	}
	*b = (*b)[n+1:]
	return true
}
