package provider

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// PageCategory is a set of what [Pagemap.Scan] can tell of a page.
type PageCategory uint64

// The categories of <linux/fs.h>, its PAGE_IS_*.
const (
	PageIsWPAllowed PageCategory = 1 << iota // in memory whose writes userfaultfd(2) tracks by itself
	PageIsWritten                            // written since it was write-protected there
	PageIsFile                               // of a file or of shared memory
	PageIsPresent                            // in memory
	PageIsSwapped                            // in swap
	PageIsPFNZero                            // the page of zeros that all share
	PageIsHuge                               // mapped as a huge page
	PageIsSoftDirty                          // see PageInfo.SoftDirty (6.7)
	PageIsGuard                              // of a guard region (6.15)
)

// Has reports whether all of want are in the set.
func (c PageCategory) Has(want PageCategory) bool { return c&want == want }

// PageRegion is a run of pages of the same categories, of those that were
// asked for.
type PageRegion struct {
	Start, End uint64 // addresses; End is the first one beyond
	Categories PageCategory
}

// PagemapScan says which pages [Pagemap.Scan] shall find. A page is found if
// it is in all categories of All and, where AnyOf is not 0, in one of those.
type PagemapScan struct {
	Start, End uint64 // addresses; Start is that of a page

	All   PageCategory
	AnyOf PageCategory
	Not   PageCategory // those of All and AnyOf that are meant the other way round

	Return   PageCategory // what to tell of the pages found
	MaxPages uint64       // find no more than that; 0 is no limit

	// WriteProtect starts tracking writes anew: the pages found count as not
	// written from now on. The process must have asked for it, all of the range
	// being registered with a userfaultfd of UFFD_FEATURE_WP_ASYNC; else it is
	// EPERM and nothing is changed there. No process is ever held up by it,
	// but it takes what they have found out from others who track the same.
	WriteProtect bool
}

// pmScanArg is struct pm_scan_arg of <linux/fs.h>. Its address of the regions
// is a pointer, which the garbage collector and a moving stack know.
type pmScanArg struct {
	size, flags         uint64
	start, end, walkEnd uint64
	vec                 unsafe.Pointer
	vecLen, maxPages    uint64
	inverted            uint64
	mask, anyOf, result uint64
}

const (
	pagemapScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)

	pmScanWPMatching   = 1 << 0
	pmScanCheckWPAsync = 1 << 1
)

// Scan looks for pages (Linux 6.7, else ErrNotSupported): it fills dst with
// the regions found in ascending order and gives how many, and the address
// where it stopped. That is q.End where it has seen all; else dst was full, or
// MaxPages reached: go on with Start = next. It is far faster than reading
// words where few pages are found.
func (m *Pagemap) Scan(q PagemapScan, dst []PageRegion) (n int, next uint64, err error) {
	if q.Start > q.End || len(dst) == 0 && !q.WriteProtect {
		return 0, 0, m.d.fail("scan", "pagemap", unix.EINVAL)
	}
	if !m.d.fs.proc { // another file system may answer anything, pointers included
		return 0, 0, m.d.fail("scan", "pagemap", ErrNotSupported)
	}
	arg := q.arg(dst)
	found, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m.fd), pagemapScan, uintptr(unsafe.Pointer(&arg)))
	switch errno {
	case 0:
	case unix.ENOTTY:
		return 0, 0, m.d.fail("scan", "pagemap", ErrNotSupported)
	default:
		return 0, 0, m.d.fail("scan", "pagemap", errno)
	}
	// No kernel need say that the address space is gone, where nothing is found.
	if err := spaceIsThere(m.fd); err != nil {
		return 0, 0, m.d.fail("scan", "pagemap", err)
	}
	return int(found), arg.walkEnd, nil
}

func (q *PagemapScan) arg(dst []PageRegion) pmScanArg {
	arg := pmScanArg{
		size: uint64(unsafe.Sizeof(pmScanArg{})), start: q.Start, end: q.End,
		vecLen: uint64(len(dst)), maxPages: q.MaxPages,
		inverted: uint64(q.Not), mask: uint64(q.All), anyOf: uint64(q.AnyOf), result: uint64(q.Return),
	}
	if len(dst) > 0 {
		arg.vec = unsafe.Pointer(&dst[0])
	}
	if q.WriteProtect {
		arg.flags = pmScanWPMatching | pmScanCheckWPAsync
	}
	return arg
}
