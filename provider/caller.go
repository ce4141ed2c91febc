package provider

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

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
	user    Namespace
	foreign bool // of another user namespace
	boxed   bool // may be in a Landlock domain, which no file shows
	label   string
	root    string // its root directory as we see it, "" for ours
}

// Rights are all of a caller that an answer can depend on, but for which
// process it is. Callers with equal ones get equal answers about others.
type Rights struct {
	Credentials
	User  Namespace // its user namespace
	Boxed bool      // it may be sandboxed
	Label string    // a security module's
	Root  string    // its root directory as we see it, "" for ours
}

// Rights of the caller, and whether they have been asked for yet.
func (c *Caller) Rights() (rights Rights, asked bool) {
	return Rights{c.cred, c.user, c.boxed, c.label, c.root}, c.loaded
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

// Path is a path that the kernel gave to us as it would give it to the caller,
// who may be in a chroot: what lies below the caller's root begins there.
func (c *Caller) Path(path string) string {
	if c.Load() != nil || c.root == "" {
		return path
	}
	switch rest, below := strings.CutPrefix(path, c.root); {
	case below && rest == "":
		return "/"
	case below && rest[0] == '/':
		return rest
	}
	return path
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
	task, err := c.auth.proc.Open(c.tid)
	if err != nil {
		return err
	}
	defer task.Close()
	if err := task.Status(&c.status); err != nil {
		return err
	}
	if c.user, err = task.Namespace("user"); err != nil {
		return err
	}
	if c.root, err = task.root(); err != nil {
		return err
	}
	c.foreign = c.user != c.auth.userNS
	c.boxed = c.auth.landlock && c.status.NoNewPrivs
	c.cred = Credentials{UID: c.UID, GID: c.GID}
	if c.itself() && !c.foreign {
		c.cred.Effective = c.status.CapEff
	}
	return c.readLabel()
}

// itself reports whether the request's ids are the thread's own: a request may
// come with lent ones (io_uring, overlayfs), and with them nothing else counts.
func (c *Caller) itself() bool { return c.status.UID.FS == c.UID && c.status.GID.FS == c.GID }

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
	return c.Load() == nil && p.pid == c.status.TGID && p.fs.local && c.itself()
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

// isSelf reports whether p is this very process, or a thread of it: a thread's
// number opens too. On any doubt it is.
func (a *Authority) isSelf(p *Process) bool {
	if p.pid == p.fs.self {
		return true
	}
	var st unix.Stat_t
	err := unix.Fstatat(p.fs.fd, "self/task/"+strconv.Itoa(p.pid), &st, 0)
	return !isMissing(err)
}

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
	if !c.owns(p) || c.auth.isSelf(p) {
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
	fd, err := c.openMem(p, unix.O_RDONLY)
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

// WChan is the kernel function in which the process's main thread
// sleeps (/proc/PID/wchan); "" where it is not to be known: to this caller,
// in this kernel, or because the process runs.
func (c *Caller) WChan(p *Process) (string, error) {
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
