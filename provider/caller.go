package provider

import (
	"strconv"
	"strings"
	"sync/atomic"

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
	boxed   bool // may be in a Landlock domain, which no file shows, or is a worker
	worker  bool // of the kernel's, on behalf of somebody whose rights no file shows
	label   string
	rooted  bool // root is read
	rootErr error
	root    string // its root directory as we see it, "" for ours
}

// Caller names the thread tid of the authority's pid namespace, whose request
// carries the file-system ids uid and gid.
func (a *Authority) Caller(tid int, uid, gid uint32) *Caller {
	return &Caller{UID: uid, GID: gid, auth: a, tid: tid}
}

// CallerInto makes c what Caller gives, in the room of a former one of which
// nothing else is left.
func (a *Authority) CallerInto(c *Caller, tid int, uid, gid uint32) {
	c.Clear()
	c.UID, c.GID, c.auth, c.tid = uid, gid, a, tid
}

// Clear forgets who the caller was; nobody may use it after that.
func (c *Caller) Clear() {
	groups := c.status.Groups
	if cap(groups) > groupsRoom {
		groups = nil
	}
	clear(groups[:cap(groups)])
	*c = Caller{status: Status{Groups: groups[:0]}}
}

// groupsRoom is the longest list of groups whose room is used again.
const groupsRoom = 256

// Present reports whether the caller lives in the authority's pid namespace.
// Callers of another one, above or below it, see other numbers.
func (c *Caller) Present() bool {
	present, err := c.Presence()
	return present && err == nil
}

// Presence is Present, with the error that keeps us from knowing.
func (c *Caller) Presence() (bool, error) {
	if c.tid <= 0 {
		return false, nil
	}
	inode, err := c.auth.pidNamespace(c.tid)
	return err == nil && inode == c.auth.pidNS.Inode, err
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
	if err := c.who(); err != nil {
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
	if c.who() != nil || c.worker {
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
	return c.who() == nil && !c.foreign && c.cred.Effective&(1<<capability) != 0
}

// errDenied is the refusal that we decide ourselves.
var errDenied error = unix.EACCES

// owns reports whether p is the caller's own process, to which the kernel
// grants reading without any further check.
func (c *Caller) owns(p *Process) bool {
	return c.who() == nil && p.pid == c.status.TGID && p.fs.local && c.itself()
}

// IsMainThread reports whether the caller is the main thread of p.
func (c *Caller) IsMainThread(p *Process) bool { return p.fs.local && c.tid == p.pid }

// admit refuses what no borrowed credentials would show: a caller of another
// user namespace, in a possible sandbox, of another label, and one for whom a
// worker of the kernel asks; and ourselves as the target, since the kernel waives
// its checks within one process.
func (c *Caller) admit(p *Process) error {
	if err := c.who(); err != nil {
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
	if atomic.LoadUint32(&p.leads) != 0 || p.kept != nil && p.kept.leader.Load() { // so it is no thread of ours
		return false
	}
	var st unix.Stat_t
	err := fstatatAny(p.fs.fd, "self/task/"+strconv.Itoa(p.pid), &st, 0)
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
		var link [linkRoom]byte
		_, err := readlinkInto(p.fd, "ns/user", link[:])
		return err
	})
}
