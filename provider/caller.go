package provider

import (
	"errors"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

// Caller is a thread that asks something of us and waits for the answer. While
// it waits it cannot go away, so its number means the same thread throughout;
// after that a Caller is worthless and must not be kept.
//
// A Caller is used by one goroutine at a time.
type Caller struct {
	UID, GID uint32 // the file-system ids that the request came with

	auth    *Authority
	tid     int
	loaded  bool
	loadErr error
	status  Status
	cred    Credentials
	foreign bool // of another user namespace
	boxed   bool // may be in a Landlock domain, which no file shows
	label   string
}

// Caller names the thread tid of the authority's pid namespace, whose request
// carries the file-system ids uid and gid.
func (a *Authority) Caller(tid int, uid, gid uint32) *Caller {
	return &Caller{UID: uid, GID: gid, auth: a, tid: tid}
}

// Present reports whether the caller lives in the authority's pid namespace.
// Callers of another one, above or below it, see other numbers.
func (c *Caller) Present() bool {
	if c.tid <= 0 {
		return false
	}
	ns, err := c.auth.proc.namespace(c.tid, "pid")
	return err == nil && ns == c.auth.pidNS
}

// TGID is the caller's process.
func (c *Caller) TGID() (int, error) {
	if err := c.Load(); err != nil {
		return 0, err
	}
	return c.status.TGID, nil
}

// InGroup reports whether gid is the caller's group or one of its
// supplementary groups.
func (c *Caller) InGroup(gid uint32) bool {
	if c.GID == gid {
		return true
	}
	if c.Load() != nil {
		return false
	}
	for _, g := range c.status.Groups {
		if g == gid {
			return true
		}
	}
	return false
}

// Capable reports whether the caller has a capability (unix.CAP_…) in our
// user namespace.
func (c *Caller) Capable(capability uint) bool {
	return c.Load() == nil && !c.foreign && c.cred.Effective&(1<<capability) != 0
}

// Load reads who the caller is, once. Other methods do so when they need it; do
// it first where the answer may be looked at later than the caller waits. On
// any doubt it fails, and the caller is refused.
func (c *Caller) Load() error {
	if !c.loaded {
		c.loaded = true
		c.loadErr = c.read()
	}
	return c.loadErr
}

func (c *Caller) read() error {
	proc := c.auth.proc
	task := Process{fs: proc, fd: proc.fd, pid: c.tid}
	if err := task.parse(strconv.Itoa(c.tid)+"/status", &c.status); err != nil {
		return err
	}
	user, err := proc.namespace(c.tid, "user")
	if err != nil {
		return &Error{Op: "stat", PID: c.tid, File: "ns/user", Err: classify(err)}
	}
	c.foreign = user != c.auth.userNS
	c.boxed = c.auth.landlock && c.status.NoNewPrivs
	c.cred = Credentials{UID: c.UID, GID: c.GID}
	if c.status.UID.FS == c.UID && c.status.GID.FS == c.GID && !c.foreign {
		c.cred.Effective = c.status.CapEff
	}
	return c.readLabel()
}

func (c *Caller) readLabel() (err error) {
	if c.auth.labels {
		c.label, err = c.auth.proc.label(c.tid)
	}
	return err
}

// errDenied is the refusal that we decide ourselves.
var errDenied error = unix.EACCES

// owns reports whether p is the caller's own process, to which the kernel
// grants reading without any further check.
func (c *Caller) owns(p *Process) bool {
	return c.Load() == nil && p.pid == c.status.TGID && p.fs.local
}

// IsMainThread reports whether the caller is the main thread of p.
func (c *Caller) IsMainThread(p *Process) bool { return p.fs.local && c.tid == p.pid }

// admit refuses what no borrowed credentials would show: a caller of another
// user namespace, in a possible sandbox, of another label; and ourselves as
// the target, since the kernel waives its checks within one process.
func (c *Caller) admit(p *Process) error {
	if err := c.Load(); err != nil {
		return err
	}
	switch {
	case c.auth.isSelf(p):
		return errDenied
	case c.foreign:
		return errDenied
	case c.boxed && !c.owns(p):
		return errDenied
	}
	return c.admitLabel(p)
}

func (c *Caller) admitLabel(p *Process) error {
	if !c.auth.labels || c.label == "unconfined\n" || c.label == "unconfined" {
		return nil
	}
	text, err := p.Read("attr/current", nil, 64<<10)
	if err != nil {
		return err
	}
	if string(text) != c.label {
		return errDenied
	}
	return nil
}

// isSelf reports whether p is this very process.
func (a *Authority) isSelf(p *Process) bool { return p.pid == p.fs.self }

// do runs fn as the caller, for something of p.
func (c *Caller) do(p *Process, op, file string, fn func() error) error {
	if err := c.admit(p); err != nil {
		return p.fail(op, file, err)
	}
	if err := c.auth.lender.as(c.cred, fn); err != nil {
		return p.fail(op, file, p.missing(file, err))
	}
	return nil
}

// doOwn is do for what a process may always read of itself: there the kernel
// looks at the thread group before any credential, so ours serve as well.
func (c *Caller) doOwn(p *Process, op, file string, fn func() error) error {
	if !c.owns(p) {
		return c.do(p, op, file, fn)
	}
	if err := fn(); err != nil {
		return p.fail(op, file, p.missing(file, err))
	}
	return nil
}

// Open opens a file below /proc/PID with the caller's rights.
func (c *Caller) Open(p *Process, file string, flags int) (fd int, err error) {
	err = c.do(p, "open", file, func() (err error) {
		fd, err = openat(p.fd, file, flags)
		return err
	})
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// MayAttach is nil where the caller may open the process's memory: the right
// that ptrace(2) calls PTRACE_MODE_ATTACH_FSCREDS.
func (c *Caller) MayAttach(p *Process) error {
	fd, err := c.Open(p, "mem", unix.O_RDONLY)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// MayRead is nil where the caller may read what is not for everybody: the
// right that ptrace(2) calls PTRACE_MODE_READ_FSCREDS.
func (c *Caller) MayRead(p *Process) error {
	return c.doOwn(p, "readlink", "ns/user", func() error {
		_, err := readlinkat(p.fd, "ns/user")
		return err
	})
}

// Exe reads the link /proc/PID/exe with the caller's rights.
func (c *Caller) Exe(p *Process) (text string, err error) {
	err = c.doOwn(p, "readlink", "exe", func() (err error) {
		text, err = readlinkat(p.fd, "exe")
		return err
	})
	return text, err
}

// ExeLinked reports whether the file that p executes, whose link says path,
// can still be found: it has a name, and where path ends like a deleted one,
// that really is its name. It looks at p's own file systems as the caller, so
// it may take as long as they like.
func (c *Caller) ExeLinked(p *Process, path string) (linked bool, err error) {
	err = c.doOwn(p, "stat", "exe", func() error {
		var st unix.Stat_t
		if err := unix.Fstatat(p.fd, "exe", &st, 0); err != nil {
			return err
		}
		linked = st.Nlink > 0 && named(p.fd, path, st.Dev, st.Ino)
		return nil
	})
	return linked, err
}

// FileNamed reports whether path, below p's root, leads to the inode ino of
// the device dev: the caller's rights, p's own file systems.
func (c *Caller) FileNamed(p *Process, path string, dev Device, ino uint64) bool {
	var same bool
	err := c.doOwn(p, "stat", "root", func() error {
		same = named(p.fd, path, unix.Mkdev(dev.Major, dev.Minor), ino)
		return nil
	})
	return err == nil && same
}

// named resolves path below the process's root, with no symbolic link on the
// way: the kernel gave the real path, and a planted link must not lead us off.
func named(dir int, path string, dev, ino uint64) bool {
	root, err := openat(dir, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return false
	}
	defer unix.Close(root)
	fd, err := unix.Openat2(root, path, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Dev == dev && st.Ino == ino
}

// ELFClass reads the class of the file that p executes with the caller's
// rights over that file; ELFNone where it is no ELF file.
func (c *Caller) ELFClass(p *Process) (class ELFClass, err error) {
	err = c.do(p, "read", "exe", func() error {
		fd, err := openat(p.fd, "exe", unix.O_RDONLY|unix.O_NONBLOCK)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		var ident [16]byte
		n, err := unix.Pread(fd, ident[:], 0)
		class = ParseELFIdent(ident[:max(n, 0)])
		return err
	})
	return class, err
}

// WaitChannel is the kernel function in which the process's main thread
// sleeps (/proc/PID/wchan); "" where it is not to be known: to this caller,
// in this kernel, or because the process runs.
func (c *Caller) WaitChannel(p *Process) (string, error) {
	var text []byte
	err := c.doOwn(p, "read", "wchan", func() error {
		fd, err := openat(p.fd, "wchan", unix.O_RDONLY)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		text, err = appendAll(nil, fd, 4096)
		return err
	})
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotSupported) {
		return "", nil
	}
	if err != nil || string(text) == "0" {
		return "", err
	}
	return string(text), nil
}
