package provider

import (
	"encoding/binary"
	"io"
)

// smapsRead is what one read of the kernel's gives at most: a page.
const smapsRead = 4096

// fill reads once behind what is in the buffer.
func (t *smapsText) fill(r io.Reader) error {
	if len(t.buf)-t.end < smapsRead {
		t.compact()
	}
	if err := t.room(); err != nil {
		return err
	}
	for range 100 {
		n, err := r.Read(t.buf[t.end:])
		t.end += n
		if err == io.EOF {
			t.eof = true
			return nil
		}
		if err != nil || n > 0 {
			return err
		}
	}
	return io.ErrNoProgress
}

// compact moves the open entry to the front of the buffer.
func (t *smapsText) compact() {
	from := t.pos
	if t.open {
		from = t.start
	}
	copy(t.buf, t.buf[from:t.end])
	t.start, t.pos, t.end = 0, t.pos-from, t.end-from
}

// room sees to it that there is something to read into.
func (t *smapsText) room() error {
	if t.end < len(t.buf) {
		return nil
	}
	if t.end >= smapsMost {
		return &Error{Op: "read", File: "smaps", Err: ErrTooBig}
	}
	buf := make([]byte, min(max(2*len(t.buf), smapsLeast), smapsMost))
	copy(buf, t.buf)
	t.buf = buf
	return nil
}

// The kernel's own layout of a size: the key and blanks in 16 bytes, eight of
// number, " kB" and the newline.
const (
	smapHead = 16
	smapLine = smapHead + 8 + 4

	smapZero = '0'<<56 | eightBlanks>>8          // "       0"
	smapUnit = ' ' | 'k'<<8 | 'B'<<16 | '\n'<<24 // " kB\n"
)

// smapHeads are the first 16 bytes of each line as two words.
var smapHeads = smapHeadWords()

func smapHeadWords() (t [smapFields][2]uint64) {
	for k, name := range smapNames {
		head := append([]byte(name+":"), "                "...)
		t[k][0] = binary.LittleEndian.Uint64(head)
		t[k][1] = binary.LittleEndian.Uint64(head[8:])
	}
	return t
}

// counters takes the lines at the start of b that are in that layout and in
// the kernel's order, which on today's kernels are all sizes of an entry. It
// gives the bytes taken; the rest is attribute's.
func (s *Smap) counters(b []byte, next *SmapField) (taken int) {
	for k := *next; k < SmapTHPEligible && len(b) >= smapLine; k++ {
		if binary.LittleEndian.Uint64(b) != smapHeads[k][0] || binary.LittleEndian.Uint64(b[8:]) != smapHeads[k][1] {
			continue // a line that this kernel does not have
		}
		if binary.LittleEndian.Uint32(b[smapHead+8:]) != smapUnit {
			break
		}
		if binary.LittleEndian.Uint64(b[smapHead:]) != smapZero {
			v, ok := padded8(b[smapHead:])
			if !ok {
				break
			}
			*s.counter(k) = v << 10
		}
		s.has |= 1 << k
		*next = k + 1
		taken += smapLine
		b = b[smapLine:]
	}
	return taken
}

// attribute takes one line of any layout; false says that its value is not of
// its form.
func (s *Smap) attribute(line []byte, next *SmapField) bool {
	k, v := findSmap(line, *next)
	if k == smapFields {
		s.Unknown = appendLine(s.Unknown, line)
		return true
	}
	if s.Has(k) {
		return false // no kernel writes a line twice
	}
	*next = max(*next, k+1)
	s.has |= 1 << k
	switch k {
	case SmapVMFlags:
		var unknown []string
		if s.VMFlags, unknown = ParseVMFlags(v); unknown != nil {
			s.Unknown = appendLine(s.Unknown, line)
		}
		return true
	case SmapTHPEligible:
		u, ok := uintField(v)
		s.THPEligible = u != 0
		return ok
	case SmapProtectionKey:
		u, ok := uintField(v)
		s.ProtectionKey = int(u)
		return ok && u < 1<<16
	}
	var ok bool
	*s.counter(k), ok = sizeField(v)
	return ok
}
