package provider

import (
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Open pins the process pid of the machine's own procfs, /proc. It opens that
// root at its first use and keeps it, or the error if it fails; for another one
// use [OpenFS].
func Open(pid int) (*Process, error) {
	f, err := host()
	if err != nil {
		return nil, err
	}
	return f.Open(pid)
}

// Self pins the calling process (/proc/self).
func Self() (*Process, error) {
	f, err := host()
	if err != nil {
		return nil, err
	}
	return f.Self()
}

// host is /proc, opened once.
var host = sync.OnceValues(func() (*FS, error) { return OpenFS("/proc") })

// Open pins the process pid. A number that belongs to nobody is ErrGone. A
// thread's number opens too, as in /proc: Status tells its Tgid. Where the root
// keeps processes ([FS.Keep]) others may have the same one: each closes it once.
func (f *FS) Open(pid int) (*Process, error) {
	if f.keeper == nil {
		return f.OpenOnce(pid)
	}
	if e := f.keeper.take(pid); e != nil {
		if e.lives() {
			return &e.process, nil
		}
		f.keeper.disown(e)
		f.keeper.give(e)
	}
	return f.openKept(pid)
}

// OpenAmong is Open for a walk over many: it gives who is kept already, or can be
// without another having to go; else it opens the process into spare, which is
// closed or was never opened, and keeps nothing.
func (f *FS) OpenAmong(pid int, spare *Process) (*Process, error) {
	if f.keeper.has(pid) || f.keeper.hasRoom() {
		return f.Open(pid)
	}
	if err := f.openInto(&spare.dir, pid); err != nil {
		return nil, err
	}
	return spare, nil
}

// openUnasked is Open without asking whether who is kept still lives: for who
// reads it at once, which tells.
func (f *FS) openUnasked(pid int) (*Process, error) {
	if e := f.keeper.take(pid); e != nil {
		return &e.process, nil
	}
	return f.Open(pid)
}

// OpenOnce is Open of a process that is not to be kept, as in a walk over many.
func (f *FS) OpenOnce(pid int) (*Process, error) {
	p := new(Process)
	if err := f.openInto(&p.dir, pid); err != nil {
		return nil, err
	}
	return p, nil
}

func (f *FS) openInto(d *dir, pid int) error {
	var name [20]byte
	fd, err := f.openat(f.fd, string(strconv.AppendInt(name[:0], int64(pid), 10)), unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		if err == unix.ENOENT {
			err = ErrGone
		}
		e := &Error{Op: "open", PID: pid, Err: classify(err)}
		if pid == 0 { // which an Error takes for none
			e.File = "0"
		}
		return e
	}
	*d = dir{fs: f, fd: fd, pid: pid}
	return nil
}

// Self pins the calling process, as this root numbers it (the link self).
func (f *FS) Self() (*Process, error) {
	pid, err := f.SelfPID()
	if err != nil {
		return nil, err
	}
	return f.Open(pid)
}

// SelfPID is the number of the calling process as this procfs shows it (the
// link self).
func (f *FS) SelfPID() (int, error) {
	text, err := readlinkat(f.fd, "self")
	if err != nil {
		return 0, &Error{Op: "readlink", File: "self", Err: err}
	}
	pid, err := strconv.Atoi(text)
	if err != nil {
		return 0, &Error{Op: "parse", File: "self", Err: ErrMalformed}
	}
	return pid, nil
}

// ThreadSelf pins the calling thread (the link thread-self, Linux 3.17). It
// means something only to a goroutine that is locked to its thread.
func (f *FS) ThreadSelf() (*Task, error) {
	text, err := readlinkat(f.fd, "thread-self")
	if err != nil {
		return nil, &Error{Op: "readlink", File: "thread-self", Err: err}
	}
	pid, rest, _ := strings.Cut(text, "/")
	tgid, err1 := strconv.Atoi(pid)
	tid, err2 := strconv.Atoi(strings.TrimPrefix(rest, "task/"))
	if err1 != nil || err2 != nil {
		return nil, &Error{Op: "parse", File: "thread-self", Err: ErrMalformed}
	}
	p, err := f.Open(tgid)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Task(tid)
}

// OpenPath pins the process whose directory path is, of whatever procfs or
// captured tree: "/proc/42", "/proc/self", "/srv/capture/42". The number is the
// last element of the path, or of the link that it is. The rest of that root is
// not known through it, so what needs it ([Process.PIDFD]) is ErrNotSupported.
// A number that is not there is ErrGone in a procfs, and fs.ErrNotExist in any
// case.
func OpenPath(path string) (*Process, error) {
	fd, err := openat(unix.AT_FDCWD, path, unix.O_PATH|unix.O_DIRECTORY)
	if isMissing(err) && ofProc(path) {
		err = ErrGone
	}
	if err != nil {
		return nil, &Error{Op: "open", File: path, Err: classify(err)}
	}
	pid, err := pidOfPath(path)
	if err != nil {
		unix.Close(fd)
		return nil, &Error{Op: "open", File: path, Err: err}
	}
	f := bareFS(path)
	f.proc = isProc(fd)
	return &Process{dir{fs: f, fd: fd, pid: pid}}, nil
}

// ofProc reports whether path is a number in the root of a procfs.
func ofProc(path string) bool {
	path = strings.TrimRight(path, "/")
	var st unix.Statfs_t
	err := unix.Statfs(filepath.Dir(path), &st)
	_, number := decimalName([]byte(filepath.Base(path)))
	return err == nil && number && st.Type == unix.PROC_SUPER_MAGIC
}

func pidOfPath(path string) (int, error) {
	path = strings.TrimRight(path, "/")
	link, err := readlinkat(unix.AT_FDCWD, path)
	if err == unix.EINVAL { // no link
		link, err = path, nil
	}
	if err != nil {
		return 0, err
	}
	pid, ok := decimalName([]byte(filepath.Base(link)))
	if !ok || strings.Contains(link, "/task/") { // a thread is no process
		return 0, ErrMalformed
	}
	return pid, nil
}

// Clone pins the process once more, for whoever wants to keep it longer than
// the walk that it comes from. Both are to be closed.
func (p *Process) Clone() (*Process, error) {
	own, err := p.dup()
	if err != nil {
		return nil, err
	}
	return &Process{own}, nil
}
