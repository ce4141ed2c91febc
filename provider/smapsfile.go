package provider

import (
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// SmapsFile is an open /proc/PID/smaps, bound to the address space that the
// process had when it was opened.
type SmapsFile struct {
	p  *Process
	fd int

	reading atomic.Bool // the place in the text is of one reading
}

// OpenSmaps opens /proc/PID/smaps with the caller's rights (Linux 2.6.14,
// CONFIG_PROC_PAGE_MONITOR), or where the main thread has exited that of the
// lowest living one (Linux 3.6): the main thread's is empty then.
func (c *Caller) OpenSmaps(p *Process) (*SmapsFile, error) {
	var s Stat
	tid, err := p.firstThread(&s)
	if err != nil {
		return nil, err
	}
	file := "smaps"
	if tid != p.pid {
		file = "task/" + strconv.Itoa(tid) + "/smaps"
	}
	var fd int
	err = c.doOwn(p, "open", file, func() (err error) {
		fd, err = openat(p.fd, file, unix.O_RDONLY)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &SmapsFile{p: p, fd: fd}, nil
}

// Close releases the descriptor.
func (f *SmapsFile) Close() error { return closeOnce(&f.fd) }

// Each reads the mappings anew from the first to the last. Where they are many,
// a goroutine reads ahead of yield; it has ended when Each returns. The Smap and
// its Path are valid during the call only. An address space that is gone, through
// exit or exec, is ErrGone. While it runs another call is ErrBusy.
func (f *SmapsFile) Each(yield func(*Smap) error) error {
	if !f.reading.CompareAndSwap(false, true) {
		return f.p.fail("read", "smaps", ErrBusy)
	}
	defer f.reading.Store(false)
	if err := lseek(f.fd, 0, unix.SEEK_SET); err != nil {
		return f.p.fail("seek", "smaps", err)
	}
	r := f.p.fs.space(f.fd)
	defer f.p.fs.giveBack(r)
	err := r.eachSmapAhead(yield)
	if err == nil && !r.ended(&r.smaps.entry.Mapping) {
		err = spaceIsThere(f.fd)
	}
	if err != nil {
		return f.p.fail("read", "smaps", err)
	}
	return nil
}
