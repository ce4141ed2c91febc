package provider

import (
	"errors"

	"golang.org/x/sys/unix"
)

// What the files that tell of an address space have in common: they are
// written in pieces while it may change or go, and they are empty, or refuse,
// where there is none.

// spaceReader is what it takes to read maps or smaps, lent by the FS.
type spaceReader struct {
	fd      fdReader
	buf     []byte
	mapping Mapping
	smaps   smapsText
	ahead   *smapsAhead // nil until a text was long
	rollup  smapsRollup
	seen    int   // how often yield was called
	stop    error // what yield ended the reading with
}

// spaceRoom is more than the kernel gives in one read: a page, or one entry.
const spaceRoom = 32 << 10

// space lends a reader of fd; give it back to spaces.
func (f *FS) space(fd int) *spaceReader {
	r, _ := f.spaces.Get().(*spaceReader)
	if r == nil {
		r = &spaceReader{buf: make([]byte, spaceRoom)}
	}
	r.fd, r.seen, r.stop = fdReader(fd), 0, nil
	return r
}

func (d *dir) openSpace(file string) (*spaceReader, error) {
	fd, err := d.open(file, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return d.fs.space(fd), nil
}

func (d *dir) closeSpace(r *spaceReader) {
	unix.Close(int(r.fd))
	d.fs.giveBack(r)
}

// giveBack takes a reader without the room that only a giant needed.
func (f *FS) giveBack(r *spaceReader) {
	r.smaps.buf, r.smaps.entry.Path = nil, nil
	if r.ahead != nil {
		r.ahead.drop()
	}
	f.spaces.Put(r)
}

func (r *spaceReader) eachMapping(yield func(*Mapping) error) error {
	return readMaps(&r.fd, r.buf, &r.mapping, func(m *Mapping) error {
		r.seen++
		r.stop = yield(m)
		return r.stop
	})
}

func (r *spaceReader) eachSmap(yield func(*Smap) error) error {
	r.beginSmaps()
	return r.smaps.each((*smapsFD)(&r.fd), r.counting(yield))
}

// eachSmapAhead is eachSmap, but a long text is read while it is parsed: what
// the buffer holds is all of most.
func (r *spaceReader) eachSmapAhead(yield func(*Smap) error) error {
	r.beginSmaps()
	yield = r.counting(yield)
	t, fd := &r.smaps, (*smapsFD)(&r.fd)
	if err := t.read(fd, yield); err != nil || t.eof {
		return err
	}
	for !t.eof && len(t.buf)-t.end >= smapsRead {
		if err := t.fill(fd); err != nil {
			return err
		}
	}
	if t.eof {
		return t.rest(yield)
	}
	if r.ahead == nil {
		r.ahead = new(smapsAhead)
	}
	return r.ahead.each(t, *fd, yield)
}

func (r *spaceReader) beginSmaps() {
	r.smaps = smapsText{buf: r.buf, need: smapOld, entry: Smap{Unknown: r.smaps.entry.Unknown[:0]}}
}

func (r *spaceReader) counting(yield func(*Smap) error) func(*Smap) error {
	return func(s *Smap) error {
		r.seen++
		r.stop = yield(s)
		return r.stop
	}
}

// result says how the reading of file went: yield's own error is the caller's.
// Last is the mapping that yield was given last.
func (r *spaceReader) result(d *dir, file string, last *Mapping, err error) error {
	if r.stop != nil {
		return r.stop
	}
	if err == nil {
		err = r.whole(d, last)
	}
	if err != nil {
		return d.fail("read", file, err)
	}
	return nil
}

// whole is nil where the text really was all: the kernel ends it, even between
// two mappings, where the address space is gone.
func (r *spaceReader) whole(d *dir, last *Mapping) error {
	if r.ended(last) {
		return nil
	}
	err := spaceIsThere(int(r.fd))
	if err == ErrGone && r.seen == 0 && errors.Is(d.noSpace(err), ErrNotSupported) {
		return nil // a kernel thread
	}
	return err
}

// ended: the mapping that follows all others, on x86, has been given.
func (r *spaceReader) ended(last *Mapping) bool {
	return r.seen > 0 && last != nil && string(last.Path) == "[vsyscall]"
}

// spaceIsThere is ErrGone where the address space of an open maps, smaps or
// pagemap is. Every living one has a mapping, and a page 0 in pagemap.
func spaceIsThere(fd int) error {
	var first [8]byte
	n, err := pread(fd, first[:], 0)
	for err == unix.EINTR {
		n, err = pread(fd, first[:], 0)
	}
	if err == nil && n == 0 {
		err = ErrGone
	}
	return err
}

// noSpace tells why the kernel gives no address space, with ESRCH or an empty
// text: because it is a kernel thread's, or because it is gone.
func (d *dir) noSpace(err error) error {
	if !errors.Is(err, ErrGone) && !errors.Is(err, unix.ESRCH) {
		return err
	}
	var s Stat
	if d.Stat(&s) == nil && s.KernelThread() {
		return ErrNotSupported
	}
	return ErrGone
}

// spaceError is err, but ErrNotSupported where a kernel thread seems gone.
func (d *dir) spaceError(op, file string, err error) error {
	if errors.Is(err, ErrGone) && d.noSpace(ErrGone) == ErrNotSupported {
		return d.fail(op, file, ErrNotSupported)
	}
	return err
}

// forErrors is d for the errors of something that may outlive it.
func (d *dir) forErrors() dir { return dir{fs: d.fs, fd: closed, pid: d.pid, tid: d.tid} }
