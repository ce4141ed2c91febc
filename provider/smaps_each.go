package provider

import "unsafe"

// EachSmap reads /proc/PID/smaps (2.6.14, CONFIG_PROC_PAGE_MONITOR) and calls
// yield for each mapping. It allocates nothing: the Smap with all it points to
// is valid only during the call. For all else see [Process.EachMapping].
//
// The kernel walks the page tables of every mapping for this; where sums are
// enough, SmapsRollup takes a fraction of the time.
func (d *dir) EachSmap(yield func(*Smap) error) error {
	r, err := d.openSpace("smaps")
	if err != nil {
		return err
	}
	defer d.closeSpace(r)
	return r.result(d, "smaps", &r.smaps.entry.Mapping, r.eachSmap(yield))
}

// Smaps reads /proc/PID/smaps into a list of its own, as Maps does maps.
func (d *dir) Smaps() ([]Smap, error) {
	var all []Smap
	var texts textArena
	err := d.EachSmap(func(s *Smap) error {
		if texts.full(len(all) * int(unsafe.Sizeof(*s))) {
			return d.fail("read", "smaps", ErrTooBig)
		}
		all = append(all, *s)
		last := &all[len(all)-1]
		last.Path = texts.keep(s.Path)
		last.Unknown = nil
		for _, line := range s.Unknown {
			last.Unknown = append(last.Unknown, texts.keep(line))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// SmapsRollup reads /proc/PID/smaps_rollup (4.14), the sums over all mappings,
// into s, reusing what s points to; after an error s is zero. A kernel thread
// has none: ErrNotSupported.
func (d *dir) SmapsRollup(s *Smap) error {
	r := d.fs.space(closed)
	defer d.fs.spaces.Put(r)
	r.rollup = smapsRollup{sum: s, text: &r.smaps}
	err := d.parse("smaps_rollup", &r.rollup)
	r.rollup.sum = nil
	if err != nil {
		*s = Smap{}
		return d.spaceError("read", "smaps_rollup", err)
	}
	return nil
}

// smapsRollup is a parser into sum.
type smapsRollup struct {
	sum  *Smap
	text *smapsText
}

// Parse is ParseSmapsRollup into sum, reusing what it points to.
func (r *smapsRollup) Parse(b []byte) error {
	n := 0
	take := func(s *Smap) error {
		r.sum.take(s)
		n++
		return nil
	}
	t := r.text
	*t = smapsText{buf: b, end: len(b), need: smapRollup, entry: Smap{Unknown: t.entry.Unknown[:0]}}
	err := t.scan(take)
	if err == nil {
		err = t.finish(take)
	}
	t.buf = nil
	if err == nil && n != 1 {
		return malformed("smaps_rollup", "not one entry")
	}
	return err
}

// take copies e, into what s points to.
func (s *Smap) take(e *Smap) {
	path, unknown := s.Path, s.Unknown
	*s = *e
	s.Path = append(path[:0], e.Path...)
	s.Unknown = unknown[:0]
	for _, line := range e.Unknown {
		s.Unknown = appendLine(s.Unknown, line)
	}
}
