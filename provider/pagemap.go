package provider

import (
	"math"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Pagemap is an open /proc/PID/pagemap (2.6.25, CONFIG_PROC_PAGE_MONITOR), an
// array with a word for each page of the address space that the process had
// when it was opened: after exec or exit every call is ErrGone. It may be used
// concurrently.
//
// Pages are counted from address 0: a page's number is its address divided by
// the page size, os.Getpagesize.
type Pagemap struct {
	d  dir // for its errors
	fd int
}

// OpenPagemap opens /proc/PID/pagemap. It takes the right to inspect the
// process (PTRACE_MODE_READ_FSCREDS); a kernel thread has none:
// ErrNotSupported.
func (d *dir) OpenPagemap() (*Pagemap, error) {
	fd, err := d.open("pagemap", unix.O_RDONLY)
	if err == nil {
		err = spaceIsThere(fd)
	} else {
		fd = closed
	}
	if err == nil {
		return &Pagemap{d: d.forErrors(), fd: fd}, nil
	}
	if fd != closed {
		unix.Close(fd)
	}
	return nil, d.fail("open", "pagemap", d.noSpace(err))
}

// Close releases the descriptor.
func (m *Pagemap) Close() error { return closeOnce(&m.fd) }

// Info tells of one page. Below the end of the user's addresses every page has
// a word, 0 where nothing is mapped; beyond, as of [vsyscall], none: that is
// EFAULT.
func (m *Pagemap) Info(page uint64) (PageInfo, error) {
	var one [1]PageInfo
	if _, err := m.Infos(one[:], page); err != nil {
		return 0, err
	}
	return one[0], nil
}

// Infos fills dst with pages from first on, and gives how many: fewer than
// len(dst) only at the end of the user's addresses. If the first page is
// beyond it the error is EFAULT. What it costs is in the caller's hand: it
// allocates nothing.
func (m *Pagemap) Infos(dst []PageInfo, first uint64) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	if first > math.MaxInt64/pageInfoSize {
		return 0, m.d.fail("read", "pagemap", m.beyond())
	}
	done := 0
	for done < len(dst) {
		n, err := m.read(dst[done:], first+uint64(done))
		if err != nil {
			return 0, m.d.fail("read", "pagemap", err)
		}
		if n == 0 {
			break
		}
		done += n
	}
	if done == len(dst) {
		return done, nil
	}
	if err := m.beyond(); done == 0 || err == ErrGone {
		return 0, m.d.fail("read", "pagemap", err)
	}
	return done, nil
}

// read is one read of whole words; 0 at the end.
func (m *Pagemap) read(dst []PageInfo, first uint64) (int, error) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), len(dst)*pageInfoSize)
	n, err := pread(m.fd, b, int64(first*pageInfoSize))
	for err == unix.EINTR {
		n, err = pread(m.fd, b, int64(first*pageInfoSize))
	}
	return max(n, 0) / pageInfoSize, err
}

// beyond says why there is no word: because the address space is gone, or
// because no page of the user's can be there.
func (m *Pagemap) beyond() error {
	if err := spaceIsThere(m.fd); err != nil {
		return err
	}
	return unix.EFAULT
}

// pagesMost bounds Range: 4 GiB of address space in pages of 4 KiB.
const pagesMost = 1 << 20

// Range gives the pages from first up to but not including end, or up to the
// end of the user's addresses. A range of more than 1,048,576 pages is
// ErrTooBig, one with first beyond end EINVAL: for long ranges call Infos with
// a slice of your own, or let [Pagemap.Scan] look for what counts.
func (m *Pagemap) Range(first, end uint64) ([]PageInfo, error) {
	switch {
	case first > end:
		return nil, m.d.fail("read", "pagemap", unix.EINVAL)
	case end-first > pagesMost:
		return nil, m.d.fail("read", "pagemap", ErrTooBig)
	case first == end:
		return nil, nil
	}
	all := make([]PageInfo, end-first)
	n, err := m.Infos(all, first)
	if err != nil {
		return nil, err
	}
	return all[:n], nil
}
