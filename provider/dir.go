package provider

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// dir is a pinned directory of a procfs: /proc/PID or /proc/PID/task/TID.
type dir struct {
	fs  *FS
	fd  int
	pid int
	tid int // 0 for a process

	kept  *kept  // where it is shared: see FS.Keep
	leads uint32 // atomic: its status told that it is a process of its own number
}

// Close releases the descriptor.
func (d *dir) Close() error { return closeOnce(&d.fd) }

// closeOnce closes *fd. Closing it again is EBADF, whatever has the number then.
func closeOnce(fd *int) error {
	own := *fd
	*fd = closed
	return unix.Close(own)
}

// closed is no descriptor, and not AT_FDCWD either: what is closed fails with
// EBADF instead of reaching another file.
const closed = -1

func (d *dir) dup() (dir, error) {
	fd, err := duplicate(d.fd)
	if err != nil {
		return dir{}, d.fail("dup", "", err)
	}
	return dir{fs: d.fs, fd: fd, pid: d.pid, tid: d.tid}, nil
}

// Read appends the whole of a file below the directory to dst: at most limit
// bytes, more is ErrTooBig.
func (d *dir) Read(file string, dst []byte, limit int) ([]byte, error) {
	return d.read(file, dst, limit, appendAll)
}

// read is Read with a choice of how.
func (d *dir) read(file string, dst []byte, limit int, all readAll) ([]byte, error) {
	fd, err := d.open(file, unix.O_RDONLY)
	if err != nil {
		return dst, err
	}
	out, err := all(dst, fd, limit)
	unix.Close(fd)
	if err != nil {
		return dst, d.fail("read", file, err)
	}
	return out, nil
}

// maxText bounds the texts that are parsed whole. The longest real one is a
// status with 65,536 supplementary groups.
const maxText = 1 << 20

// OpenFile opens any file below the directory, with flags of open(2), for what
// this library does not read itself. The caller closes it.
func (d *dir) OpenFile(file string, flags int) (*os.File, error) {
	fd, err := d.open(file, flags)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), file), nil
}

// ReadInto reads any file below the directory into any of the types that parse
// themselves; a text beyond 1 MiB is ErrTooBig.
func (d *dir) ReadInto(file string, into Parser) error {
	text, err := d.Read(file, nil, maxText)
	if err != nil {
		return err
	}
	if err := into.Parse(text); err != nil {
		return d.fail("parse", file, err)
	}
	return nil
}

// Parser is what a text can be parsed into, such as a [*Stat]. It must not keep
// the text.
type Parser interface{ Parse(text []byte) error }

// parse reads a file that the kernel writes as one record and that is never
// empty for a process that lives.
func (d *dir) parse(file string, into Parser) error {
	fd, err := d.open(file, unix.O_RDONLY)
	if err != nil {
		return err
	}
	return d.parseFD(fd, file, into)
}

// parseFD parses what fd holds, and closes it.
func (d *dir) parseFD(fd int, file string, into Parser) error {
	buf := d.fs.buffer()
	text, err := appendRecord(*buf, fd, maxText)
	unix.Close(fd)
	if err == nil {
		*buf = text
		err = d.parsed(file, text, into)
	} else {
		err = d.fail("read", file, err)
	}
	d.fs.release(buf)
	return err
}

func (d *dir) parsed(file string, text []byte, into Parser) error {
	if len(text) == 0 { // it exited between open and read
		return d.fail("read", file, ErrGone)
	}
	if err := into.Parse(text); err != nil {
		return d.fail("parse", file, err)
	}
	return nil
}

// lend reads a file of at most limit bytes into a buffer of the root's, all being
// appendAll or appendRecord, and lends its text to use, which parses it.
func (d *dir) lend(file string, limit int, all readAll, use func(text []byte) error) error {
	buf := d.fs.buffer()
	defer d.fs.release(buf)
	text, err := d.read(file, (*buf)[:0], limit, all)
	if err != nil {
		return err
	}
	*buf = text
	if err := use(text); err != nil {
		return d.fail("parse", file, err)
	}
	return nil
}

// write writes text to a file below the directory in one call, which is how
// the kernel's setters want it.
func (d *dir) write(file, text string) error {
	fd, err := d.open(file, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	n, err := write(fd, []byte(text))
	for err == unix.EINTR {
		n, err = write(fd, []byte(text))
	}
	if err == nil && n != len(text) {
		err = unix.EIO
	}
	if err != nil {
		return d.fail("write", file, err)
	}
	return nil
}

// Alive is nil while the process or thread exists, zombies included, and
// ErrGone after that. Where hidepid= keeps it from us it is a permission error.
func (d *dir) Alive() error {
	var st unix.Stat_t
	err := fstatat(d.fd, "stat", &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == nil:
		return nil
	case isMissing(err):
		err = ErrGone
	}
	return d.fail("stat", "stat", err)
}

func (d *dir) open(file string, flags int) (int, error) {
	fd, err := d.fs.openat(d.fd, file, flags)
	if err != nil {
		return -1, d.fail("open", file, d.missing(file, err))
	}
	return fd, nil
}

// missing tells why a file below a pinned directory is not there: because the
// process is gone, or because this kernel or this kind of process lacks it; or
// because we have closed the directory.
func (d *dir) missing(file string, err error) error {
	if err == unix.EBADF && d.fd == closed {
		return fs.ErrClosed
	}
	if !isMissing(err) {
		return err
	}
	if file == "stat" || errors.Is(d.Alive(), ErrGone) {
		return ErrGone
	}
	return ErrNotSupported
}

// lost is missing for what a process gives up when it begins to exit, such as
// its namespaces; the network's last user sees ENXIO.
func (d *dir) lost(file string, err error) error {
	if err == unix.ENXIO {
		return ErrGone
	}
	err = d.missing(file, err)
	if err == ErrNotSupported && d.leaving() {
		return ErrGone
	}
	return err
}

// leaving reports whether the process or thread has exited, or has begun to:
// then its memory, files and namespaces go one after the other.
func (d *dir) leaving() bool {
	var s Stat
	if err := d.Stat(&s); err != nil {
		return errors.Is(err, ErrGone)
	}
	return s.State.Dead() || s.Flags.Has(PFExiting)
}

func (d *dir) fail(op, file string, err error) error {
	if d.tid != 0 {
		file = "task/" + strconv.Itoa(d.tid) + "/" + file
	}
	if e, ok := err.(*Error); ok {
		if e.PID != 0 {
			return e
		}
		return &Error{Op: e.Op, PID: d.pid, File: file, Err: e.Err} // a parser's, which knows no process
	}
	return &Error{Op: op, PID: d.pid, File: file, Err: classify(err)}
}
