package provider

import (
	"io"
	"iter"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// All walks the processes of the root in ascending order of their numbers; in a
// captured tree, in that of its directory, which may be any. It holds two
// descriptors, the directory and the current process, and allocates nothing for
// a process: the Process is the walk's own and closed with the next step (use
// [Process.Clone] to keep one). One that has gone, or that may not be opened,
// is an error of its own with a nil Process; the walk goes on.
func (f *FS) All() iter.Seq2[*Process, error] {
	return func(yield func(*Process, error) bool) {
		p := &Process{dir{fd: closed}}
		for pid, err := range f.Numbers() {
			if err == nil {
				err = f.openInto(&p.dir, pid)
			}
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if !yieldClosing(p, yield) {
				return
			}
		}
	}
}

// yieldClosing closes p also where yield panics.
func yieldClosing(p *Process, yield func(*Process, error) bool) bool {
	defer p.Close()
	return yield(p, nil)
}

// All walks the processes of /proc: see [FS.All].
func All() iter.Seq2[*Process, error] {
	return func(yield func(*Process, error) bool) {
		f, err := host()
		if err != nil {
			yield(nil, err)
			return
		}
		f.All()(yield)
	}
}

// AllStat reads the stat of every process into s, one after the other, and
// gives each one's number: the cheapest walk, for which no process is pinned.
// What has gone or may not be read is an error with its number.
func (f *FS) AllStat(s *Stat) iter.Seq2[int, error] { return f.allParsed("stat", s) }

// AllStatus is AllStat for status, whose lists are reused.
func (f *FS) AllStatus(s *Status) iter.Seq2[int, error] { return f.allParsed("status", s) }

func (f *FS) allParsed(file string, into Parser) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for pid, err := range f.Numbers() {
			if err == nil {
				err = f.parse(pid, file, into)
			}
			if !yield(pid, err) {
				return
			}
		}
	}
}

// parse reads one file of a process that is not pinned: opening it is the only
// look-up of the number.
func (f *FS) parse(pid int, file string, into Parser) error {
	var room [nameRoom]byte
	path := appendFile(room[:0], pid, file)
	d := dir{fs: f, fd: closed, pid: pid}
	fd, err := f.openat(f.fd, string(path), unix.O_RDONLY)
	if isMissing(err) {
		err = ErrGone
	}
	if err != nil {
		return d.fail("open", file, err)
	}
	return d.parseFD(fd, file, into)
}

// appendFile appends "PID/file".
func appendFile(dst []byte, pid int, file string) []byte {
	return append(append(strconv.AppendInt(dst, int64(pid), 10), '/'), file...)
}

// PIDs appends the numbers in the root directory to dst, in the order of
// [FS.All].
func (f *FS) PIDs(dst []int) ([]int, error) {
	for pid, err := range f.Numbers() {
		if err != nil {
			return dst, err
		}
		dst = append(dst, pid)
	}
	return dst, nil
}

// PIDsAfter appends the numbers above after to dst, ascending, and at most so many
// of them: for who goes through all in pieces. In a procfs the kernel goes on from
// that number; a captured tree is read whole each time.
func (f *FS) PIDsAfter(dst []int, after, most int) ([]int, error) {
	after = max(after, 0)
	if !f.proc {
		return f.sortedAfter(dst, after, most)
	}
	start := len(dst)
	err := f.numbersFrom(after, most, func(pid int) bool {
		if pid > after && len(dst)-start < most {
			dst = append(dst, pid)
		}
		return len(dst)-start < most
	})
	if err != nil {
		return dst[:start], &Error{Op: "readdir", File: f.name, Err: err}
	}
	return dst, nil
}

func (f *FS) sortedAfter(dst []int, after, most int) ([]int, error) {
	all, err := f.PIDs(nil)
	if err != nil {
		return dst, err
	}
	slices.Sort(all)
	first, _ := slices.BinarySearch(all, after+1)
	return append(dst, all[first:min(len(all), first+max(most, 0))]...), nil
}

// Offsets in the root of a procfs: a process is at its number and one or two more
// than pidOffset, so that who begins at its number meets at most two before it.
// No number is above pidMost, and no name takes more than direntMost.
const (
	pidOffset  = 256
	pidMost    = 1 << 22
	direntMost = 32
)

// numbersFrom reads no more names of the root than are wanted.
func (f *FS) numbersFrom(after, most int, yield func(int) bool) error {
	fd, err := openat(f.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := lseek(fd, pidOffset+int64(min(after, pidMost)), io.SeekStart); err != nil {
		return err
	}
	const before = 3
	room := min(direntRoom, (min(most, direntRoom)+before)*direntMost)
	return f.readEntries(fd, room, func(entry []byte) bool {
		n, ok := decimalName(entry)
		return !ok || yield(n)
	})
}

// Numbers walks the numbers in the root directory. An error ends it.
func (f *FS) Numbers() iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		if err := f.numbers(f.fd, ".", yield); err != nil {
			yield(0, &Error{Op: "readdir", File: f.name, Err: err})
		}
	}
}

// numbers walks the names of a directory that are decimal numbers.
func (f *FS) numbers(at int, name string, yield func(int, error) bool) error {
	return f.entries(at, name, func(entry []byte) bool {
		n, ok := decimalName(entry)
		return !ok || yield(n, nil)
	})
}

// direntRoom is what one read of a directory asks for.
const direntRoom = 32 << 10

// entries walks the names of a directory, "." and ".." included, until yield
// says false. The name is valid during the call.
func (f *FS) entries(at int, name string, yield func([]byte) bool) error {
	fd, err := f.openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return f.readEntries(fd, direntRoom, yield)
}

// readEntries reads on in a directory, room bytes at a time.
func (f *FS) readEntries(fd, room int, yield func([]byte) bool) error {
	whole := f.dirents.Get().(*[direntRoom]byte)
	defer f.dirents.Put(whole)
	buf := whole[:room]
	for {
		n, err := getdents(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 || !names(buf[:n], yield) {
			return err
		}
	}
}

// names takes the names out of a getdents64 buffer: u64 inode, s64 offset, u16
// record length, u8 type, name.
func names(b []byte, yield func([]byte) bool) (more bool) {
	const header = 19
	for len(b) > header {
		size := int(*(*uint16)(unsafe.Pointer(&b[16])))
		if size <= header || size > len(b) {
			return true
		}
		if !yield(untilNUL(b[header:size])) {
			return false
		}
		b = b[size:]
	}
	return true
}

func untilNUL(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

func decimalName(name []byte) (int, bool) {
	v, n := decimal(name)
	return int(v), n > 0 && n == len(name) && n <= 10
}
