package provider

import "encoding/binary"

// PageInfo is what /proc/PID/pagemap says of one page: 0 for a page that is
// neither in memory nor in swap, or that is not mapped at all.
type PageInfo uint64

const (
	pageInfoSize = 8 // bytes of a word of pagemap

	pageFrame     = 1<<55 - 1
	pageSwapTypes = 1<<5 - 1

	pageSoftDirty = 1 << 55
	pageExclusive = 1 << 56
	pageUffdWP    = 1 << 57
	pageGuard     = 1 << 58
	pageFile      = 1 << 61
	pageSwapped   = 1 << 62
	pagePresent   = 1 << 63
)

// ParsePageInfo reads one word of pagemap: eight bytes in the byte order of
// the machine that wrote them, which here is little-endian.
func ParsePageInfo(b []byte) (PageInfo, error) {
	if len(b) != pageInfoSize {
		return 0, malformed("pagemap", "not eight bytes")
	}
	return PageInfo(binary.LittleEndian.Uint64(b)), nil
}

// ParsePagemap reads words of pagemap, one for each page.
func ParsePagemap(b []byte) ([]PageInfo, error) {
	if len(b)%pageInfoSize != 0 {
		return nil, malformed("pagemap", "not whole words")
	}
	var all []PageInfo
	for ; len(b) > 0; b = b[pageInfoSize:] {
		all = append(all, PageInfo(binary.LittleEndian.Uint64(b)))
	}
	return all, nil
}

// Present reports a page in memory (bit 63).
func (p PageInfo) Present() bool { return p&pagePresent != 0 }

// Swapped reports a page in swap (bit 62), or one on its way to another place.
func (p PageInfo) Swapped() bool { return p&pageSwapped != 0 }

// File reports a page of a file or of shared anonymous memory (bit 61, 3.5).
func (p PageInfo) File() bool { return p&pageFile != 0 }

// Guard reports a page of a guard region, madvise(MADV_GUARD_INSTALL) (bit 58, 6.15).
func (p PageInfo) Guard() bool { return p&pageGuard != 0 }

// UffdWP reports a page that userfaultfd(2) protects against writing (bit 57, 5.13).
func (p PageInfo) UffdWP() bool { return p&pageUffdWP != 0 }

// Exclusive reports a page that no other mapping holds (bit 56, 4.2).
func (p PageInfo) Exclusive() bool { return p&pageExclusive != 0 }

// SoftDirty reports a page that was written since clear_refs was given a 4
// (bit 55, 3.11). Without CONFIG_MEM_SOFT_DIRTY it is never set.
func (p PageInfo) SoftDirty() bool { return p&pageSoftDirty != 0 }

// PFN is the number of the page's frame in physical memory (bits 0 to 54), of
// a page that is present. It is 0 where pagemap was opened without
// CAP_SYS_ADMIN in the machine's own user namespace (4.2).
func (p PageInfo) PFN() uint64 {
	if !p.Present() {
		return 0
	}
	return uint64(p & pageFrame)
}

// SwapType is the number of the swap area (bits 0 to 4) of a page in swap; it
// is hidden as PFN is.
func (p PageInfo) SwapType() uint {
	if !p.Swapped() {
		return 0
	}
	return uint(p & pageSwapTypes)
}

// SwapOffset is the page's place in its swap area (bits 5 to 54).
func (p PageInfo) SwapOffset() uint64 {
	if !p.Swapped() {
		return 0
	}
	return uint64(p&pageFrame) >> 5
}
