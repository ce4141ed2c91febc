package provider

import (
	"bytes"
	"iter"
	"math"
	"unsafe"
)

// Mount is one line of /proc/PID/mountinfo: a mount of the process's mount
// namespace below its root directory. The kernel's escapes are undone, so names
// may hold blanks and newlines, and need not be UTF-8.
type Mount struct {
	ID, ParentID int    // the parent may lie outside the process's root, and not be listed
	Dev          Device // st_dev of the files in it
	Root         string // the directory of the file system that is mounted; "/" but for bind mounts
	MountPoint   string // relative to the process's root directory
	Options      MountOptions

	Shared        int    // peer group that it shares its mounts with; 0: none
	Master        int    // peer group that it takes mounts from; 0: none
	PropagateFrom int    // nearest such group below the process's root (2.6.26); 0: the master itself, or none
	Unbindable    bool   // cannot be bind-mounted
	Unknown       string // optional fields that are unknown here, blanks between

	FSType       string       // "type" or "type.subtype"
	Source       string       // as it was mounted; often "none", or nothing at all
	SuperOptions MountOptions // of the file system, whichever mount shows it
}

// MountLine is a Mount whose texts are lent: they are valid until the MountLine
// is used for the next line, and no longer than the text that was parsed.
// Options, SuperOptions and Unknown are the kernel's bytes: MountOptions takes
// the first two apart.
type MountLine struct {
	ID, ParentID          int
	Dev                   Device
	Root, MountPoint      []byte
	Options               []byte
	Shared, Master        int
	PropagateFrom         int
	Unbindable            bool
	Unknown               []byte
	FSType, Source        []byte
	SuperOptions          []byte
	mangled               bool   // there are escapes in the line
	unmangled, unknownBuf []byte // room that is used again
}

// ParseMountinfo reads the text of a mountinfo file. It may be empty: below a
// root directory that is no mount nothing is mounted.
func ParseMountinfo(b []byte) ([]Mount, error) {
	if len(b) == 0 {
		return nil, nil
	}
	const most = 512 // made in advance
	list := make([]Mount, 0, min(bytes.Count(b, []byte{'\n'}), most))
	text := bytesOf(string(b)) // the one copy that all Mounts are parts of
	var line MountLine
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n')
		if n < 0 || !line.parse(text[:n]) {
			return nil, malformed("mountinfo", "not a mount")
		}
		list = append(list, line.mount())
		text = text[n+1:]
	}
	return list, nil
}

// ParseMountinfoLine reads one line of mountinfo, without its newline, into m,
// and allocates only where m has no room for escapes yet. After an error m is
// zero.
func ParseMountinfoLine(line []byte, m *MountLine) error {
	if bytes.IndexByte(line, '\n') >= 0 || !m.parse(line) {
		*m = MountLine{}
		return malformed("mountinfo", "not a mount")
	}
	m.unmangle()
	return nil
}

// MountLines goes through the text of a mountinfo file. The MountLine is
// reused. A line that is malformed, or lacks its newline, is the last thing
// given, as nil and error.
func MountLines(text []byte) iter.Seq2[*MountLine, error] {
	return func(yield func(*MountLine, error) bool) {
		if err := eachMount(text, yield); err != nil {
			yield(nil, err)
		}
	}
}

// eachMount gives the lines of text to yield until that has enough.
func eachMount(text []byte, yield func(*MountLine, error) bool) error {
	var m MountLine
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n')
		if n < 0 || !m.parse(text[:n]) {
			return malformed("mountinfo", "not a mount")
		}
		m.unmangle()
		if !yield(&m, nil) {
			return nil
		}
		text = text[n+1:]
	}
	return nil
}

// parse reads "id parent major:minor root point options [optional…] - type
// source super", with one blank between and escapes left as they are. Whatever
// is between two blanks may be empty, and a blank in the last one does no harm.
func (m *MountLine) parse(b []byte) bool {
	m.mangled = bytes.IndexByte(b, '\\') >= 0
	ok := mountID(&b, &m.ID) && mountID(&b, &m.ParentID) && mountDevice(&b, &m.Dev) &&
		mountField(&b, &m.Root) && mountField(&b, &m.MountPoint) && mountField(&b, &m.Options) &&
		m.optional(&b) && mountField(&b, &m.FSType) && mountField(&b, &m.Source)
	m.SuperOptions = b[:len(b):len(b)]
	return ok && len(b) > 0
}

// optional takes the optional fields and the dash that ends them.
func (m *MountLine) optional(b *[]byte) bool {
	m.Shared, m.Master, m.PropagateFrom, m.Unbindable = 0, 0, 0, false
	m.Unknown, m.unknownBuf = nil, m.unknownBuf[:0]
	var field []byte
	for mountField(b, &field) {
		if len(field) == 1 && field[0] == '-' {
			return true
		}
		if !m.propagation(field) {
			m.keep(field)
		}
	}
	return false
}

func (m *MountLine) propagation(field []byte) bool {
	tag, value, found := bytes.Cut(field, []byte{':'})
	if !found {
		m.Unbindable = m.Unbindable || string(field) == "unbindable"
		return string(field) == "unbindable"
	}
	group, n := decimal(value)
	if n == 0 || n < len(value) || group > math.MaxInt32 {
		return false
	}
	switch string(tag) {
	case "shared":
		m.Shared = int(group)
	case "master":
		m.Master = int(group)
	case "propagate_from":
		m.PropagateFrom = int(group)
	default:
		return false
	}
	return true
}

// keep appends a field that is unknown here.
func (m *MountLine) keep(field []byte) {
	if len(m.unknownBuf) > 0 {
		m.unknownBuf = append(m.unknownBuf, ' ')
	}
	m.unknownBuf = append(m.unknownBuf, field...)
	m.Unknown = m.unknownBuf
}

// unmangle undoes the escapes.
func (m *MountLine) unmangle() {
	m.unmangled = m.unmangled[:0]
	if !m.mangled {
		return
	}
	for _, field := range [...]*[]byte{&m.Root, &m.MountPoint, &m.FSType, &m.Source} {
		start := len(m.unmangled)
		m.unmangled = appendUnmangled(m.unmangled, *field)
		*field = m.unmangled[start:len(m.unmangled):len(m.unmangled)]
	}
}

// mount makes a line of a string's bytes a Mount of parts of that string.
func (m *MountLine) mount() Mount {
	to := Mount{
		ID: m.ID, ParentID: m.ParentID, Dev: m.Dev,
		Root: stringOf(m.Root), MountPoint: stringOf(m.MountPoint), Options: MountOptions(stringOf(m.Options)),
		Shared: m.Shared, Master: m.Master, PropagateFrom: m.PropagateFrom, Unbindable: m.Unbindable,
		Unknown: string(m.Unknown),
		FSType:  stringOf(m.FSType), Source: stringOf(m.Source), SuperOptions: MountOptions(stringOf(m.SuperOptions)),
	}
	if m.mangled {
		to.Root, to.MountPoint = unmangle(to.Root), unmangle(to.MountPoint)
		to.FSType, to.Source = unmangle(to.FSType), unmangle(to.Source)
	}
	return to
}

// mountField takes what comes before the next blank, and the blank.
func mountField(b, field *[]byte) bool {
	n := bytes.IndexByte(*b, ' ')
	if n < 0 {
		return false
	}
	*field = (*b)[:n:n]
	*b = (*b)[n+1:]
	return true
}

func mountID(b *[]byte, id *int) bool {
	v, n := decimal(*b)
	*id = int(v)
	return v <= math.MaxInt32 && cut(b, n, ' ')
}

// mountDevice takes "major:minor ", which are decimal here.
func mountDevice(b *[]byte, d *Device) bool {
	major, n := decimal(*b)
	if !cut(b, n, ':') {
		return false
	}
	minor, n := decimal(*b)
	d.Major, d.Minor = uint32(major), uint32(minor)
	return cut(b, n, ' ') && major|minor <= math.MaxUint32
}

// bytesOf gives the bytes of s, which nobody may write to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// stringOf makes bytes that bytesOf gave a string again.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
