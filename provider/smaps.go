package provider

import (
	"bytes"
	"io"
	"slices"
)

// Smap is one entry of /proc/PID/smaps (2.6.14), or the one of smaps_rollup
// (4.14). All sizes are in bytes; 0 where the kernel has no such line, see Has.
type Smap struct {
	Mapping

	Size           uint64 // address space, End - Start
	KernelPageSize uint64
	MMUPageSize    uint64
	RSS            uint64
	PSS            uint64 // RSS, each page divided by the processes that share it
	PSSDirty       uint64 // 6.0
	SharedClean    uint64
	SharedDirty    uint64
	PrivateClean   uint64
	PrivateDirty   uint64
	Referenced     uint64
	Anonymous      uint64
	KSM            uint64 // 6.8
	LazyFree       uint64 // 4.12
	AnonHugePages  uint64
	ShmemPMDMapped uint64 // 4.8
	FilePMDMapped  uint64 // 5.4
	SharedHugetlb  uint64 // 4.3; in none of the others, as PrivateHugetlb
	PrivateHugetlb uint64 // 4.3
	Swap           uint64
	SwapPSS        uint64 // 4.3
	Locked         uint64

	THPEligible   bool // 5.0
	ProtectionKey int  // on processors that have them (4.6)
	VMFlags       VMFlags

	PSSAnon, PSSFile, PSSShmem uint64 // in smaps_rollup only (5.9)

	// Unknown holds the lines, without newline, that this library does not
	// know, and a VmFlags line with a code that it does not know.
	Unknown [][]byte

	has uint32
}

// Has reports whether the entry had that line.
func (s *Smap) Has(k SmapField) bool { return k < smapFields && s.has>>k&1 != 0 }

// smapsLeast and smapsMost bound the room that ReadSmaps makes for an entry.
const (
	smapsLeast = 16 << 10
	smapsMost  = 1 << 20
)

// ReadSmaps reads smaps from r and calls yield for each entry. It reads into
// buf, or room of its own where buf is too small for an entry; an entry beyond
// 1 MiB is ErrTooBig. The Smap with all it points to is valid only during the
// call. The first error of yield or r ends the reading and is returned as it
// is; a text that ends within an entry is ErrMalformed. No text at all is no
// error: so it is for kernel threads and zombies.
func ReadSmaps(r io.Reader, buf []byte, yield func(*Smap) error) error {
	t := &smapsText{buf: buf[:cap(buf)], need: smapOld}
	return t.each(r, yield)
}

func (t *smapsText) each(r io.Reader, yield func(*Smap) error) error {
	for {
		if err := t.read(r, yield); err != nil || t.eof {
			return err
		}
	}
}

// read reads once, and yields the entries that are whole by then.
func (t *smapsText) read(r io.Reader, yield func(*Smap) error) error {
	if err := t.fill(r); err != nil {
		return err
	}
	return t.rest(yield)
}

// rest takes what has been read, to the end if that is it.
func (t *smapsText) rest(yield func(*Smap) error) error {
	if err := t.scan(yield); err != nil {
		return err
	}
	if t.eof {
		return t.finish(yield)
	}
	return nil
}

// ParseSmaps reads the whole text of smaps into entries of their own.
func ParseSmaps(text []byte) ([]Smap, error) {
	var all []Smap
	t := &smapsText{buf: text, end: len(text), need: smapOld}
	keep := func(s *Smap) error {
		all = append(all, s.clone())
		return nil
	}
	if err := t.scan(keep); err != nil {
		return nil, err
	}
	if err := t.finish(keep); err != nil {
		return nil, err
	}
	return all, nil
}

// ParseSmapsRollup reads the text of smaps_rollup, the sums over all mappings.
func ParseSmapsRollup(text []byte) (Smap, error) {
	var sum Smap
	n := 0
	t := &smapsText{buf: text, end: len(text), need: smapRollup}
	keep := func(s *Smap) error {
		sum = s.clone()
		n++
		return nil
	}
	err := t.scan(keep)
	if err == nil {
		err = t.finish(keep)
	}
	if err == nil && n != 1 {
		err = malformed("smaps_rollup", "not one entry")
	}
	if err != nil {
		return Smap{}, err
	}
	return sum, nil
}

// clone copies what s points to.
func (s *Smap) clone() Smap {
	c := *s
	c.Path = slices.Clone(s.Path)
	c.Unknown = nil
	for _, line := range s.Unknown {
		c.Unknown = append(c.Unknown, slices.Clone(line))
	}
	return c
}

// smapsText is a window on the text: the entry being read starts at start, and
// from pos to end lies what is not yet parsed.
type smapsText struct {
	buf             []byte
	start, pos, end int
	eof             bool

	entry   Smap
	open    bool      // a header has been read
	path    int       // where the entry's path begins, from start
	next    SmapField // the line expected next
	need    uint32    // lines that each entry must have
	closing SmapField // the last of the lines that the first entry had
	started bool      // closing is known
	sizes   smapSizes // as the first entry had them
}

// scan parses the lines in the window, as far as they are whole.
func (t *smapsText) scan(yield func(*Smap) error) error {
	for t.pos < t.end {
		if t.open {
			t.pos += t.plain(t.buf[t.pos:t.end])
		}
		n := bytes.IndexByte(t.buf[t.pos:t.end], '\n')
		if n < 0 {
			return nil
		}
		line := t.buf[t.pos : t.pos+n]
		if err := t.line(line, yield); err != nil {
			return err
		}
		t.pos += n + 1
	}
	return nil
}

// line takes one line of any kind.
func (t *smapsText) line(line []byte, yield func(*Smap) error) error {
	var m Mapping
	parsed := m.parseFast(line)
	if !parsed && !isHeader(line) {
		if !t.open || !t.entry.attribute(line, &t.next) {
			return malformed("smaps", "not an attribute")
		}
		return nil
	}
	if err := t.close(yield); err != nil {
		return err
	}
	if !parsed && !m.parseAny(line) {
		return malformed("smaps", "not a mapping")
	}
	t.entry.reset(&m)
	t.open, t.start, t.next = true, t.pos, 0
	t.path = len(line) - len(t.entry.Path)
	return nil
}

// isHeader tells a mapping's line from an attribute's, whose key never is a
// hexadecimal number with a '-'.
func isHeader(line []byte) bool {
	n := 0
	for n < len(line) && hexDigit[line[n]] != 0 {
		n++
	}
	return n > 0 && n < len(line) && line[n] == '-'
}

// close yields the entry that ends here, if there is one.
func (t *smapsText) close(yield func(*Smap) error) error {
	if !t.open {
		return nil
	}
	t.open = false
	e := &t.entry
	if !t.whole() {
		return malformed("smaps", "an entry lacks lines")
	}
	path := t.start + t.path
	e.Path = t.buf[path : path+len(e.Path) : path+len(e.Path)]
	return yield(e)
}

// whole says that no line is missing at the entry's end: the last of the lines
// that the first entry had must be in each.
func (t *smapsText) whole() bool {
	has := t.entry.has
	if has&t.need != t.need {
		return false
	}
	if t.need == smapOld && has&smapNew != 0 && !t.entry.Has(SmapVMFlags) {
		return false
	}
	if !t.started {
		t.started, t.closing = true, t.next-1
	}
	return t.entry.Has(t.closing)
}

// finish takes the end of the text.
func (t *smapsText) finish(yield func(*Smap) error) error {
	if t.pos < t.end {
		return malformed("smaps", "no newline at the end")
	}
	return t.close(yield)
}
