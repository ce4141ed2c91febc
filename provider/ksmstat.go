package provider

import "bytes"

// KSMStat is /proc/PID/ksm_stat (6.1, CONFIG_KSM): how kernel samepage merging
// serves the process. A line that the kernel does not have is zero, see Has.
type KSMStat struct {
	RmapItems     uint64 // pages tracked, each with an item of 64 bytes
	ZeroPages     int64  // pages of zeros merged with the one that all share (6.6)
	MergingPages  uint64 // pages merged, as ksm_merging_pages says (6.4)
	ProcessProfit int64  // bytes saved less those spent on tracking (6.4)
	MergeAny      bool   // prctl(PR_SET_MEMORY_MERGE) offers all mappings (6.14)
	Mergeable     bool   // at least one mapping is offered (6.14)

	Unknown [][]byte // lines, without newline, that this library does not know

	has uint8
}

// KSMField names one line of ksm_stat, for KSMStat.Has.
type KSMField uint8

// The lines in the order of Linux 6.18.
const (
	KSMRmapItems KSMField = iota
	KSMZeroPages
	KSMMergingPages
	KSMProcessProfit
	KSMMergeAny
	KSMMergeable

	ksmFields
)

var ksmNames = [ksmFields]string{
	"ksm_rmap_items", "ksm_zero_pages", "ksm_merging_pages", "ksm_process_profit", "ksm_merge_any", "ksm_mergeable",
}

// String gives the key of the line, such as "ksm_rmap_items".
func (k KSMField) String() string {
	if k >= ksmFields {
		return "unknown field"
	}
	return ksmNames[k]
}

// Has reports whether the kernel wrote that line.
func (s *KSMStat) Has(k KSMField) bool { return k < ksmFields && s.has>>k&1 != 0 }

// KSMStat reads /proc/PID/ksm_stat into s, reusing its list. It is
// the owner's to read; a kernel thread has none: ErrNotSupported.
func (d *dir) KSMStat(s *KSMStat) error {
	if err := d.parse("ksm_stat", s); err != nil {
		*s = KSMStat{}
		return d.spaceError("read", "ksm_stat", err)
	}
	return nil
}

// KSMMergingPages reads /proc/PID/ksm_merging_pages (5.19): how many of the
// process's pages are merged.
func (d *dir) KSMMergingPages() (uint64, error) {
	return scalar(d, "ksm_merging_pages", ParseKSMMergingPages)
}

// ParseKSMMergingPages reads the text of ksm_merging_pages, one number.
func ParseKSMMergingPages(b []byte) (uint64, error) { return oneNumber("ksm_merging_pages", b) }

// ParseKSMStat reads the text of ksm_stat. Lines that are missing are no error;
// an empty text is, and so is one without its final newline.
func ParseKSMStat(b []byte) (KSMStat, error) {
	var s KSMStat
	err := s.Parse(b)
	return s, err
}

// Parse is ParseKSMStat into s, reusing its list; after an error s is zero.
func (s *KSMStat) Parse(b []byte) error {
	*s = KSMStat{Unknown: s.Unknown[:0]}
	if len(b) == 0 {
		return s.fail("no text")
	}
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return s.fail("no newline at the end")
		}
		if !s.line(b[:n]) {
			return s.fail("a line's value")
		}
		b = b[n+1:]
	}
	return nil
}

func (s *KSMStat) fail(what string) error {
	*s = KSMStat{}
	return malformed("ksm_stat", what)
}

func (s *KSMStat) line(line []byte) (ok bool) {
	k, v := findKSM(line)
	if k == ksmFields {
		s.Unknown = appendLine(s.Unknown, line)
		return true
	}
	if s.Has(k) {
		return false // no kernel writes a line twice
	}
	s.has |= 1 << k
	switch k {
	case KSMRmapItems:
		s.RmapItems, ok = uintField(v)
	case KSMZeroPages:
		s.ZeroPages, ok = ksmSigned(v)
	case KSMMergingPages:
		s.MergingPages, ok = uintField(v)
	case KSMProcessProfit:
		s.ProcessProfit, ok = ksmSigned(v)
	case KSMMergeAny:
		s.MergeAny, ok = ksmYes(v)
	case KSMMergeable:
		s.Mergeable, ok = ksmYes(v)
	}
	return ok
}

// findKSM tells whose line this is and gives the value. The younger lines have
// a ':' after the key.
func findKSM(line []byte) (KSMField, []byte) {
	key, v, _ := bytes.Cut(line, []byte(" "))
	key = bytes.TrimSuffix(key, []byte(":"))
	for k, name := range ksmNames {
		if string(key) == name {
			return KSMField(k), v
		}
	}
	return ksmFields, nil
}

func ksmSigned(b []byte) (int64, bool) {
	v, n := signed(b)
	return v, n > 0 && n == len(b)
}

func ksmYes(b []byte) (yes, ok bool) {
	switch string(b) {
	case "yes":
		return true, true
	case "no":
		return false, true
	}
	return false, false
}
