package provider

import (
	"encoding/binary"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

const (
	elfMostHeaders = 64
	elfMostNotes   = 64 << 10
)

// ELFNotes reads the note segments of the file that p executes, with the
// caller's rights over that file, which may be on any file system: it may take
// as long as that one likes. See [ParseELFNotes].
func (c *Caller) ELFNotes(p *Process) (notes [][]byte, err error) {
	err = c.do(p, "read", "exe", func() error {
		fd, err := openat(p.fd, "exe", unix.O_RDONLY|unix.O_NONBLOCK)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		notes, err = ParseELFNotes(preader(fd))
		return err
	})
	return notes, err
}

// ELFClassOfCaller is the word size of the program that asks. What cannot be
// known is taken for our own size.
func (c *Caller) ELFClassOfCaller() ELFClass {
	native := ELF64
	if ^uint(0)>>32 == 0 {
		native = ELF32
	}
	if c.Load() != nil {
		return native
	}
	task, err := c.auth.proc.Open(c.tid)
	if err != nil {
		return native
	}
	defer task.Close()
	var ident [16]byte
	err = c.auth.lender.as(c.cred, func() error {
		fd, err := openat(task.fd, "exe", unix.O_RDONLY|unix.O_NONBLOCK)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		_, err = preader(fd).ReadAt(ident[:], 0)
		return err
	})
	if class := ParseELFIdent(ident[:]); err == nil && class != ELFNone {
		return class
	}
	return native
}

// ExecIdentity tells two images of one process apart: it changes with an exec,
// unless everything that the kernel chooses for the new image comes out the
// same, as it may without address randomisation.
type ExecIdentity struct {
	Dev, Inode                      uint64 // of the executable
	StartCode, StartStack, StartBrk uint64
}

// ExecIdentity looks at what p executes, with the caller's rights; s is p's
// stat, read with ours.
func (c *Caller) ExecIdentity(p *Process, s *Stat) (ExecIdentity, error) {
	var st unix.Stat_t
	err := c.doOwn(p, "stat", "exe", func() error { return fstatatAny(p.fd, "exe", &st, 0) })
	if err != nil {
		return ExecIdentity{}, err
	}
	return ExecIdentity{
		Dev: uint64(st.Dev), Inode: st.Ino,
		StartCode: s.StartCode, StartStack: s.StartStack, StartBrk: s.StartBrk,
	}, nil
}

// preader reads a descriptor at an offset.
type preader int

func (fd preader) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = preadPart(int(fd), b[n:], off+int64(n))
		switch {
		case err == unix.EINTR:
			err = nil
		case err == nil && more == 0:
			err = io.EOF
		}
		n += max(more, 0)
	}
	return n, err
}

// elfLayout is where the fields are that we need: in the file's header, and in
// a program header.
type elfLayout struct {
	order                binary.ByteOrder
	wide                 bool
	header, size         int // of both kinds of header
	phoff, entsize, num  int
	fileOffset, fileSize int
}

func layoutOf(ident []byte) (l elfLayout, ok bool) {
	switch ParseELFIdent(ident) {
	case ELF32:
		l = elfLayout{header: 52, size: 32, phoff: 28, entsize: 42, num: 44, fileOffset: 4, fileSize: 16}
	case ELF64:
		l = elfLayout{wide: true, header: 64, size: 56, phoff: 32, entsize: 54, num: 56, fileOffset: 8, fileSize: 32}
	default:
		return l, false
	}
	switch ident[5] {
	case 1:
		l.order = binary.LittleEndian
	case 2:
		l.order = binary.BigEndian
	default:
		return l, false
	}
	return l, true
}

// word is an address or offset, of the file's word size.
func (l *elfLayout) word(b []byte) uint64 {
	if l.wide {
		return l.order.Uint64(b)
	}
	return uint64(l.order.Uint32(b))
}

// ParseELFNotes gives the contents of the PT_NOTE segments of an ELF file, of
// either word size and byte order, in the file's order. Segments that are not
// wholly in the file, and what is not ELF, are ErrMalformed; more than 64
// program headers or 64 KiB of notes are ErrTooBig.
func ParseELFNotes(r io.ReaderAt) ([][]byte, error) {
	var head [64]byte
	if _, err := readPart(r, head[:52], 0); err != nil {
		return nil, err
	}
	l, ok := layoutOf(head[:])
	if !ok {
		return nil, malformed("exe", "not ELF")
	}
	if _, err := readPart(r, head[:l.header], 0); err != nil {
		return nil, err
	}
	num := int(l.order.Uint16(head[l.num:]))
	switch {
	case num == 0:
		return nil, nil
	case int(l.order.Uint16(head[l.entsize:])) != l.size:
		return nil, malformed("exe", "size of a program header")
	case num > elfMostHeaders:
		return nil, &Error{Op: "parse", File: "exe", Err: ErrTooBig}
	}
	table, err := readPart(r, make([]byte, num*l.size), l.word(head[l.phoff:]))
	if err != nil {
		return nil, err
	}
	return l.notes(r, table)
}

func (l *elfLayout) notes(r io.ReaderAt, table []byte) (notes [][]byte, err error) {
	const ptNote = 4
	left := uint64(elfMostNotes)
	for ; len(table) > 0; table = table[l.size:] {
		if l.order.Uint32(table) != ptNote {
			continue
		}
		size := l.word(table[l.fileSize:])
		if size > left {
			return nil, &Error{Op: "parse", File: "exe", Err: ErrTooBig}
		}
		left -= size
		note, err := readPart(r, make([]byte, size), l.word(table[l.fileOffset:]))
		if err != nil {
			return nil, err
		}
		notes = append(notes, note)
	}
	return notes, nil
}

// readPart fills b from an offset of the file.
func readPart(r io.ReaderAt, b []byte, off uint64) ([]byte, error) {
	if off > 1<<62 {
		return nil, malformed("exe", "offset")
	}
	n, err := r.ReadAt(b, int64(off))
	switch {
	case n == len(b):
		return b, nil
	case err == nil || err == io.EOF:
		return nil, malformed("exe", fmt.Sprintf("%d bytes at %#x are not in the file", len(b), off))
	}
	return nil, err
}
