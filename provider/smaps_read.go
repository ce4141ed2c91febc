package provider

import "io"

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

// needed is where the window begins that the text to come belongs to.
func (t *smapsText) needed() int {
	if t.open {
		return t.start
	}
	return t.pos
}

// compact moves the open entry to the front of the buffer.
func (t *smapsText) compact() {
	from := t.needed()
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
