package provider

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kept is a process that several may use at once and one after the other, with
// descriptors that are opened when they are first needed. Each of them pins the
// process as its directory does: once it is gone they say ESRCH, whoever has the
// number then.
type kept struct {
	process Process
	by      *keeper

	users      int // by's mutex guards this and the following
	since      uint64
	prev, next *kept // in the ring of who has no user

	files  [keptFiles]atomic.Int32 // a descriptor plus one, 0 for none yet
	pidfd  atomic.Int32            // so too; negative where there can be none
	leader atomic.Bool             // the pidfd is a process's, not a thread's

	// What never changes, once it is known: the start time plus one, and the
	// inode of the pid namespace.
	start, pidNS atomic.Uint64

	ids keptIDs
}

// keptFile is one of the files that a kept process keeps open.
type keptFile uint8

const (
	keptStat keptFile = iota
	keptStatus
	keptLimits
	keptWChan
	keptSchedstat

	keptFiles
)

var keptNames = [keptFiles]string{"stat", "status", "limits", "wchan", "schedstat"}

// openKept is openInto for who may be kept.
func (f *FS) openKept(pid int) (*Process, error) {
	e := new(kept)
	if err := f.openInto(&e.process.dir, pid); err != nil {
		return nil, err
	}
	f.keeper.admit(e)
	return &e.process, nil
}

func (e *kept) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
}

// close closes who has no user and is not to be found any more.
func (e *kept) close() {
	if e == nil {
		return
	}
	for i := range e.files {
		closeKept(&e.files[i])
	}
	closeKept(&e.pidfd)
	e.process.dir.Close()
}

func closeKept(fd *atomic.Int32) {
	if n := fd.Swap(0); n > 0 {
		unix.Close(int(n - 1))
	}
}

// file gives the descriptor of a file, with a plain errno. It belongs to all.
func (e *kept) file(n keptFile) (int, error) {
	if fd := e.files[n].Load(); fd != 0 {
		return int(fd - 1), nil
	}
	fd, err := openat(e.process.fd, keptNames[n], unix.O_RDONLY)
	if err != nil {
		return -1, err
	}
	if !e.files[n].CompareAndSwap(0, int32(fd+1)) { // another was quicker
		unix.Close(fd)
		return int(e.files[n].Load() - 1), nil
	}
	return fd, nil
}

// lives reports whether the number still means this process or thread: one that
// has exited is no use to anybody, waited for or not.
func (e *kept) lives() bool {
	exited, known := e.exited()
	if !known {
		return e.process.Alive() == nil
	}
	return !exited
}

// exited asks the pidfd: it is readable once the last thread of the process has
// exited, or the thread that it is of.
func (e *kept) exited() (exited, known bool) {
	fd := e.pidfd.Load()
	if fd == 0 {
		fd = e.openPIDFD()
	}
	if fd <= 0 {
		return false, false
	}
	return pollExited(fd - 1)
}

// openPIDFD gives what is then in e.pidfd.
func (e *kept) openPIDFD() int32 {
	const none = -1
	if !e.process.fs.local { // the number is somebody else's here
		return none
	}
	fd, leader, err := pidfdOf(e.process.pid)
	if err == unix.ENOSYS || err == unix.EINVAL { // and will not change
		e.pidfd.Store(none)
	}
	if err != nil {
		return none
	}
	// The number was its before and is its after: so it was in between.
	if e.process.Alive() != nil {
		unix.Close(fd)
		return none
	}
	if leader {
		e.leader.Store(true)
	}
	if !e.pidfd.CompareAndSwap(0, int32(fd+1)) {
		unix.Close(fd)
	}
	return e.pidfd.Load()
}

// pidfdOf opens a pidfd of a process, or of a thread (Linux 6.9).
func pidfdOf(pid int) (fd int, leader bool, err error) {
	fd, err = pidfdOpen(pid, 0)
	if err == nil {
		return fd, true, nil
	}
	if err == unix.EINVAL || err == unix.ENOENT {
		fd, err = pidfdOpen(pid, unix.PIDFD_THREAD)
	}
	return fd, false, err
}

// pollExited does not wait, so Go's scheduler need not know of the call.
func pollExited(pidfd int32) (exited, known bool) {
	poll := unix.PollFd{Fd: pidfd, Events: unix.POLLIN}
	var now unix.Timespec
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return n > 0, errno == 0 && poll.Revents&unix.POLLNVAL == 0
}

// remember takes what lasts from a stat. A kernel thread may become a process
// of some user (before Linux 5.18), so of it nothing is remembered.
func (e *kept) remember(s *Stat) {
	if !s.KernelThread() {
		e.start.Store(s.StartTime + 1)
	}
}

// StartTime is what Stat says, without reading: known where the root keeps the
// process (see [FS.Keep]) and its stat was read before. It is not known of a
// thread of the kernel. Where it is known of a process that [FS.Open] has just
// given, that process runs.
func (p *Process) StartTime() (ticks uint64, known bool) {
	if p.kept == nil || !p.kept.leader.Load() {
		return 0, false
	}
	ticks = p.kept.start.Load()
	return ticks - 1, ticks != 0
}

// Exited reports whether the process has exited, waited for or not, without
// reading: known only where the root keeps it. A process whose main thread has
// exited has not, while another thread runs.
func (p *Process) Exited() (exited, known bool) {
	if p.kept == nil {
		return false, false
	}
	exited, known = p.kept.exited()
	if !p.kept.leader.Load() {
		return false, false
	}
	return exited, known
}

// parseKept is parse of a file that a kept process keeps open.
func (d *dir) parseKept(n keptFile, into Parser) error {
	if d.kept == nil {
		return d.parse(keptNames[n], into)
	}
	fd, err := d.kept.file(n)
	if err != nil {
		return d.fail("open", keptNames[n], d.missing(keptNames[n], err))
	}
	buf := d.fs.buffer()
	text, err := preadRecord((*buf)[:0], fd, maxText)
	if err == nil {
		*buf = text
		err = d.parsed(keptNames[n], text, into)
	} else {
		err = d.fail("read", keptNames[n], err)
	}
	d.fs.release(buf)
	return err
}

// appendKept appends a file that a kept process keeps open, with a plain errno:
// for who reads with another's rights, by which the kernel judges each read.
func (d *dir) appendKept(dst []byte, n keptFile, limit int) ([]byte, error) {
	fd, err := -1, error(nil)
	if d.kept != nil {
		fd, err = d.kept.file(n)
	} else if fd, err = openat(d.fd, keptNames[n], unix.O_RDONLY); err == nil {
		defer unix.Close(fd)
	}
	if err != nil {
		return dst, err
	}
	buf := d.fs.buffer()
	defer d.fs.release(buf)
	text, err := preadRecord((*buf)[:0], fd, limit)
	if err == nil && len(text) > limit {
		err = ErrTooBig
	}
	if err != nil {
		return dst, err
	}
	return append(dst, text...), nil
}
