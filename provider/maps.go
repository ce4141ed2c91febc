package provider

import (
	"bytes"
	"io"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// EachMapping reads /proc/PID/maps and calls yield for each mapping in
// ascending order of addresses. It allocates nothing: the Mapping with its Path
// is valid only during the call. The first error of yield ends the reading and
// is returned as it is.
//
// A kernel thread has no mappings, and that is no error. Where the process has
// exited, or exits or calls exec meanwhile, the end is ErrGone, never a list
// that only looks whole. So it is where just the main thread has exited: a
// living [Task] still shows what all threads share. It takes the right to
// inspect the process (PTRACE_MODE_READ_FSCREDS), which ptrace(2) explains;
// else it is a permission error.
func (d *dir) EachMapping(yield func(*Mapping) error) error {
	r, err := d.openSpace("maps")
	if err != nil {
		return err
	}
	defer d.closeSpace(r)
	return r.result(d, "maps", &r.mapping, r.eachMapping(yield))
}

// Maps reads /proc/PID/maps into a list of its own, else as [Process.EachMapping]
// does. Paths may share memory with each other: do not change them in place. A
// list beyond 128 MiB, as only a hostile process has, is ErrTooBig.
func (d *dir) Maps() ([]Mapping, error) {
	var all mappingList
	if err := d.EachMapping(all.add); err != nil {
		return nil, err
	}
	return all.list, nil
}

// ReadMaps reads the text of a maps file from r and calls yield for each
// mapping. It reads into buf, or room of its own where buf is too small for a
// line; a line beyond 1 MiB is ErrTooBig. The Mapping is valid only during the
// call. The first error of yield or r ends the reading and is returned as it
// is; a line that is malformed, or lacks its newline, is ErrMalformed.
func ReadMaps(r io.Reader, buf []byte, yield func(*Mapping) error) error {
	return readMaps(r, buf, new(Mapping), yield)
}

func readMaps(r io.Reader, buf []byte, m *Mapping, yield func(*Mapping) error) error {
	return streamLines(r, buf, "maps", func(line []byte) error {
		if !m.parse(line) {
			return malformed("maps", "not a mapping")
		}
		return yield(m)
	})
}

// ParseMaps reads the whole text of maps into a list that does not refer to it.
func ParseMaps(text []byte) ([]Mapping, error) {
	var all mappingList
	for m, err := range Mappings(text) {
		if err == nil {
			err = all.add(m)
		}
		if err != nil {
			return nil, err
		}
	}
	return all.list, nil
}

// mappingList keeps mappings.
type mappingList struct {
	list  []Mapping
	paths textArena
}

func (l *mappingList) add(m *Mapping) error {
	if l.paths.full(len(l.list) * int(unsafe.Sizeof(*m))) {
		return &Error{Op: "read", File: "maps", Err: ErrTooBig}
	}
	l.list = append(l.list, *m)
	l.list[len(l.list)-1].Path = l.paths.keep(m.Path)
	return nil
}

// textArena keeps texts in blocks: one allocation serves many, and a text that is
// equal to the one before it none at all.
type textArena struct {
	block, last []byte
	size        int // of all blocks
}

const textArenaBlock = 4096

// listMost bounds a list of mappings in bytes: a process may give each of its
// 65,530 a path of 4 KiB, and the memory of who looks at it is not its own.
const listMost = 128 << 20

// full reports whether a list of so many bytes, with its texts, is at its bound.
func (a *textArena) full(entries int) bool { return entries+a.size > listMost }

func (a *textArena) keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	if bytes.Equal(b, a.last) {
		return a.last
	}
	if cap(a.block)-len(a.block) < len(b) {
		a.block = make([]byte, 0, max(textArenaBlock, len(b)))
		a.size += cap(a.block)
	}
	n := len(a.block)
	a.block = append(a.block, b...)
	a.last = a.block[n:len(a.block):len(a.block)]
	return a.last
}

// MapsFile is an open /proc/PID/maps, bound to the address space that the
// process had when it was opened: after exec or exit every call is ErrGone.
// Reading again from the same descriptor saves opening it, and [MapsFile.Query]
// finds one mapping without reading them all.
type MapsFile struct {
	d  dir // for its errors
	fd int

	reading atomic.Bool // the place in the text is of one reading
}

// OpenMaps opens /proc/PID/maps. A kernel thread has no mappings:
// ErrNotSupported.
func (d *dir) OpenMaps() (*MapsFile, error) {
	fd, err := d.open("maps", unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	if err := spaceIsThere(fd); err != nil {
		unix.Close(fd)
		return nil, d.fail("read", "maps", d.noSpace(err))
	}
	return &MapsFile{d: d.forErrors(), fd: fd}, nil
}

// Close releases the descriptor.
func (f *MapsFile) Close() error { return closeOnce(&f.fd) }

// Each reads the mappings anew from the first to the last, as [Process.EachMapping]
// does. While it runs another call, even out of yield, is ErrBusy.
func (f *MapsFile) Each(yield func(*Mapping) error) error {
	if !f.reading.CompareAndSwap(false, true) {
		return f.d.fail("read", "maps", ErrBusy)
	}
	defer f.reading.Store(false)
	if err := lseek(f.fd, 0, unix.SEEK_SET); err != nil {
		return f.d.fail("seek", "maps", err)
	}
	r := f.d.fs.space(f.fd)
	defer f.d.fs.spaces.Put(r)
	return r.result(&f.d, "maps", &r.mapping, r.eachMapping(yield))
}
