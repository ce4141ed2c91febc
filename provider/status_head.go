package provider

import "bytes"

// Half of a status is memory and masks, which who asks for ids does not need.
// What is read of a part only is read as a whole where it is not as today's
// kernel writes it, so that the two never differ.

// statusHead is a Status of which only the lines up to NSpid are read.
type statusHead Status

// Parse is Status's for the first lines; a zombie's are all read, for Alive.
func (h *statusHead) Parse(b []byte) error {
	s := (*Status)(h)
	if _, ok := s.head(b, StatusNSPID); !ok || s.State.Dead() {
		return s.Parse(b)
	}
	return nil
}

// statusRights is a Status of which only the ids, SigBlk, SigIgn, CapEff and
// NoNewPrivs are read, with the lines between some of them.
type statusRights Status

// Parse is Status's for those lines.
func (r *statusRights) Parse(b []byte) error {
	s := (*Status)(r)
	rest, ok := s.head(b, StatusGroups)
	if !ok || !s.rights(rest) {
		return s.Parse(b)
	}
	return nil
}

// rights looks for SigBlk behind the head: no line before it holds what
// anybody chose.
func (s *Status) rights(b []byte) bool {
	const key = "SigBlk:\t"
	at := bytes.Index(b, []byte(key))
	if at < 1 || b[at-1] != '\n' {
		return false
	}
	next := StatusSigBlk
	s.quick(b[at:], &next, StatusNoNewPrivs+1)
	return s.Has(StatusSigBlk) && s.Has(StatusSigIgn) && s.Has(StatusCapEff) && s.Has(StatusNoNewPrivs)
}

// head reads the lines up to last and gives the others; false where the text is
// not whole or a line not of its form.
func (s *Status) head(b []byte, last StatusField) (rest []byte, ok bool) {
	s.reset()
	if len(b) == 0 || b[len(b)-1] != '\n' {
		return nil, false
	}
	next := StatusField(0)
	for b = b[s.quick(b, &next, last+1):]; next <= last && len(b) > 0; b = b[s.quick(b, &next, last+1):] {
		n := bytes.IndexByte(b, '\n')
		if _, ok := s.line(b[:n], &next); !ok {
			return nil, false
		}
		b = b[n+1:]
	}
	return b, s.has&statusNeeded == statusNeeded
}
