package provider

import (
	"errors"
	"iter"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// FD is one open file descriptor of a process, an entry of /proc/PID/fd.
type FD struct {
	N      int    // its number
	Mode   FDMode // what it was opened for; 0 from FDTargets
	Target FDTarget
}

// FDMode is the owner's part of the mode of the link /proc/PID/fd/N: what the
// descriptor was opened for. One opened with O_PATH has none of the bits.
type FDMode uint16

const (
	FDRead    FDMode = 0o400
	FDWrite   FDMode = 0o200
	FDExecute FDMode = 0o100 // the kernel sets it with either of the others

	fdModeBits = FDRead | FDWrite | FDExecute
)

// Has reports whether all bits of want are set.
func (m FDMode) Has(want FDMode) bool { return m&want == want }

// String gives the mode as ls(1) does: "rwx", "r-x" …
func (m FDMode) String() string {
	text := [3]byte{'-', '-', '-'}
	for i, c := range []byte("rwx") {
		if m&(FDRead>>i) != 0 {
			text[i] = c
		}
	}
	return string(text[:])
}

// FDs walks the open file descriptors (/proc/PID/fd), in ascending order. What
// cannot be read is an error of its own, with the number in the FD: a
// descriptor that was closed meanwhile is fs.ErrNotExist, but not ErrGone. A
// directory that may not be read is the only error, with the number 0; a
// process that exits meanwhile ends the walk with ErrGone. Zombies and kernel
// threads have none. Where just the main thread has exited it is ErrGone: a
// living [Task] still shows what all threads share. It takes the right to
// inspect the process (PTRACE_MODE_READ_FSCREDS).
//
// It holds one descriptor, and opens none of the files: a step costs a
// readlinkat(2) and an fstatat(2) of the link.
func (d *dir) FDs() iter.Seq2[FD, error] { return d.fds(true) }

// FDTargets is FDs without the modes, which saves the fstatat(2).
func (d *dir) FDTargets() iter.Seq2[FD, error] { return d.fds(false) }

// FD reads one open file descriptor (/proc/PID/fd/N). One that is not open is
// fs.ErrNotExist, but not ErrGone.
func (d *dir) FD(n int) (FD, error) {
	name := "fd/" + strconv.Itoa(n)
	if !d.fs.proc { // fd may be a link there
		at, err := d.open("fd", unix.O_PATH|unix.O_DIRECTORY)
		if err != nil {
			return FD{}, err
		}
		defer unix.Close(at)
		return d.oneFD(at, name[len("fd/"):], n)
	}
	return d.oneFD(d.fd, name, n)
}

func (d *dir) oneFD(at int, name string, n int) (FD, error) {
	fd, op, err := readFD(at, name, n, true)
	if err != nil {
		return FD{}, d.fail(op, "fd/"+strconv.Itoa(n), d.absent(err))
	}
	return fd, nil
}

// FDCount counts the open file descriptors. Since Linux 6.2 that is one system
// call, takes no right, and counts those too that a thread is about to open;
// before, the directory is read. Zombies and kernel threads have none; where
// just the main thread has exited see FDs.
func (d *dir) FDCount() (int, error) {
	var st unix.Stat_t
	if err := fstatat(d.fd, "fd", &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return 0, d.fail("stat", "fd", d.missing("fd", err))
	}
	if d.fs.proc && (st.Size > 0 || d.fs.countsFDs()) {
		return int(st.Size), d.leaderGone(int(st.Size))
	}
	count := 0
	err := d.fs.numbers(d.fd, "fd", func(int, error) bool { count++; return true })
	if err != nil {
		return 0, d.fail("readdir", "fd", d.missing("fd", err))
	}
	return count, d.leaderGone(count)
}

// leaderGone is ErrGone where there seems to be nothing, but only because the
// main thread, by which the kernel shows the process, has exited: the others
// have their descriptors, and the process must not hide them so.
func (d *dir) leaderGone(count int) error {
	if count != 0 || d.tid != 0 {
		return nil
	}
	var s Stat
	if d.Stat(&s) == nil && s.State.Dead() && s.Alive() {
		return d.fail("readdir", "fd", ErrGone)
	}
	return nil
}

// countsFDs reports whether this kernel gives the number of descriptors as the
// size of fd/: ours cannot be 0, as the root itself is one.
func (f *FS) countsFDs() bool {
	var st unix.Stat_t
	return fstatat(f.fd, "self/fd", &st, 0) == nil && st.Size > 0
}

// fdDirentRoom holds some 300 descriptors.
const fdDirentRoom = 8 << 10

func (d *dir) fds(mode bool) iter.Seq2[FD, error] {
	return func(yield func(FD, error) bool) {
		at, err := d.open("fd", unix.O_RDONLY|unix.O_DIRECTORY)
		if err != nil {
			yield(FD{}, err)
			return
		}
		defer unix.Close(at)
		buf := d.fs.buffer()
		defer d.fs.release(buf)
		*buf = slices.Grow(*buf, fdDirentRoom)
		walk := fdWalk{dir: d, at: at, mode: mode, yield: yield}
		err = walk.all((*buf)[:cap(*buf)])
		if err != nil {
			err = d.fail("readdir", "fd", d.missing("fd", err))
		} else {
			err = d.leaderGone(walk.seen)
		}
		if err != nil {
			yield(FD{}, err)
		}
	}
}

// fdWalk is one walk over a directory fd.
type fdWalk struct {
	dir   *dir
	at    int // the directory
	mode  bool
	yield func(FD, error) bool
	seen  int
}

func (w *fdWalk) all(buf []byte) error {
	for {
		n, err := getdents(w.at, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 || !names(buf[:n], w.step) {
			return err
		}
	}
}

func (w *fdWalk) step(entry []byte) bool {
	n, ok := decimalName(entry)
	if !ok {
		return true
	}
	w.seen++
	fd, op, err := readFD(w.at, string(entry), n, w.mode)
	if err == nil {
		return w.yield(fd, nil)
	}
	err = w.dir.fail(op, "fd/"+string(entry), w.dir.absent(err))
	return w.yield(FD{N: n}, err) && !errors.Is(err, ErrGone)
}

// readFD reads the link name below at; op is the call that failed.
func readFD(at int, name string, n int, mode bool) (fd FD, op string, err error) {
	target, err := fdTarget(at, name)
	if err != nil {
		return FD{}, "readlink", err
	}
	if !mode {
		return FD{N: n, Target: target}, "", nil
	}
	var st unix.Stat_t
	if err := fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return FD{}, "stat", err
	}
	return FD{n, FDMode(st.Mode) & fdModeBits, target}, "", nil
}

func fdTarget(at int, name string) (FDTarget, error) {
	var room [256]byte
	size, err := readlinkInto(at, name, room[:])
	if err != nil {
		return FDTarget{}, err
	}
	if size < len(room) {
		return ParseFDTarget(room[:size]), nil
	}
	text, err := longLink(at, name)
	if err != nil {
		return FDTarget{}, err
	}
	return ParseFDTarget([]byte(text)), nil
}

// absent tells why a descriptor is not there: because the process is gone, or
// because it has closed it.
func (d *dir) absent(err error) error {
	if isMissing(err) && errors.Is(d.Alive(), ErrGone) {
		return ErrGone
	}
	return err
}
