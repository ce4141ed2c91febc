package provider

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// ClearRefs is what [Process.ClearRefs] resets.
type ClearRefs uint8

const (
	ClearReferenced          ClearRefs = 1 // the referenced marks of all pages (2.6.22)
	ClearReferencedAnonymous ClearRefs = 2 // those of anonymous pages (2.6.32)
	ClearReferencedMapped    ClearRefs = 3 // those of pages mapped from files (2.6.32)
	ClearSoftDirty           ClearRefs = 4 // the soft-dirty marks of pagemap (3.11, CONFIG_MEM_SOFT_DIRTY)
	ClearPeakRSS             ClearRefs = 5 // the peak resident size, VmHWM of status (4.0)
)

var clearRefsNames = [...]string{
	ClearReferenced: "referenced", ClearReferencedAnonymous: "anonymous", ClearReferencedMapped: "mapped",
	ClearSoftDirty: "soft-dirty", ClearPeakRSS: "peak-rss",
}

// String gives "referenced", "anonymous", "mapped", "soft-dirty" or
// "peak-rss"; the number of another.
func (c ClearRefs) String() string {
	if c.known() {
		return clearRefsNames[c]
	}
	return strconv.Itoa(int(c))
}

func (c ClearRefs) known() bool { return c >= ClearReferenced && c <= ClearPeakRSS }

// ParseClearRefs reads what is to be written to clear_refs: "1" to "5", with
// or without a newline, or what String gives.
func ParseClearRefs(b []byte) (ClearRefs, error) {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	for c := ClearReferenced; c.known(); c++ {
		if string(b) == clearRefsNames[c] || len(b) == 1 && b[0] == '0'+byte(c) {
			return c, nil
		}
	}
	return 0, malformed("clear_refs", "unknown kind")
}

// ClearRefs resets marks on the memory of the process, by writing to
// /proc/PID/clear_refs (2.6.22, CONFIG_PROC_PAGE_MONITOR): what smaps and
// pagemap show as used afterwards, was used since. A kind that this kernel
// lacks is ErrNotSupported, another number EINVAL; but a kernel without
// CONFIG_MEM_SOFT_DIRTY takes ClearSoftDirty, does nothing, and never shows a
// page as such. On a zombie and on a kernel thread, which have no memory, it
// does nothing.
func (d *dir) ClearRefs(what ClearRefs) error {
	if !what.known() {
		return d.fail("write", "clear_refs", unix.EINVAL)
	}
	err := d.write("clear_refs", strconv.Itoa(int(what)))
	if errors.Is(err, unix.EINVAL) {
		return d.fail("write", "clear_refs", ErrNotSupported)
	}
	return err
}
