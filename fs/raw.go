package fs

import (
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

// raw is the file system. What it does not define is not supported by it.
type raw struct {
	fuse.RawFileSystem

	tree     *nodes.Tree
	log      *slog.Logger
	watch    *watch         // of the loop; nil without one
	requests *slots         // what takes longer than it should
	slots    *slots         // what a row marks as blocking
	glances  *nodes.Glances // at one process of many
	leftOut  func(error)    // why one of them is missing
	handles  *handles
	memory   *budget
	writes   *budget // what is being written
	now      func() time.Time
	counters counters
	oddities oddities
	began    time.Time
	options  Options
}

// Bounds of what all callers together may hold.
const (
	textMemory  = 128 << 20
	writeMemory = 128 << 20 // more than all slots can have at work

	descriptorsEach  = 3  // of an open file: the process, the node's own, one at work
	descriptorsOther = 64 // the daemon's
)

func newRaw(tree *nodes.Tree, log *slog.Logger) *raw {
	r := &raw{
		RawFileSystem: fuse.NewDefaultRawFileSystem(),
		tree:          tree,
		log:           log,
		requests:      newSlots(bounds{all: 1024, uid: 128, target: 32}),
		slots:         newSlots(bounds{all: 64, uid: 16, target: 2}),
		glances:       nodes.NewGlances(),
		handles:       newHandles(maxHandles()),
		memory:        newBudget(textMemory, errNoMemory),
		writes:        newBudget(writeMemory, errBusy),
		now:           time.Now,
	}
	r.began = r.now()
	// What is missing for a reason that nobody expects is logged.
	r.leftOut = func(err error) { r.nameStatus(err) }
	return r
}

func maxHandles() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		limit.Cur = 1024
	}
	all := int(min(limit.Cur, 1<<20))
	all -= all / 8 // which the tree keeps at most of processes
	n := (all - descriptorsOther) / descriptorsEach
	return max(n, 8)
}

func (r *raw) String() string { return "procfsd" }

// OnUnmount closes what callers of a lazily unmounted tree left open. The tree
// stays for a call that is stuck, so that it never meets another's descriptor.
func (r *raw) OnUnmount() {
	r.handles.closeAll()
	if r.idle() {
		r.tree.Close()
	}
}

func (r *raw) idle() bool { return r.requests.idle() && r.slots.idle() && r.glances.Idle() }

// Lookup finds a name in the root or in a process.
func (r *raw) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	q := r.query(h)
	defer func() { done(q) }()
	n, err := r.find(q, unpack(h.NodeId), name)
	if err != nil {
		return r.nameStatus(err)
	}
	if err := r.attributes(q, n, &out.Attr); err != nil {
		return r.nameStatus(err)
	}
	out.NodeId, out.Generation = n.pack(), 1
	if r.tree.Cacheable() && !n.personal() {
		out.SetEntryTimeout(entryTimeout)
	}
	return fuse.OK
}

// entryTimeout may be long: whether an entry still means what it meant is
// asked at every use of it.
const entryTimeout = time.Hour

func (r *raw) find(q *nodes.Query, parent id, name string) (id, error) {
	if parent.isRoot() {
		return r.findInRoot(q, name)
	}
	if !parent.isDir() {
		return id{}, unix.ENOTDIR
	}
	if err := r.identify(q, parent); err != nil {
		return id{}, err
	}
	row := nodes.ByName(nodes.ProcessRows(), name)
	if row == nil {
		return id{}, nodes.ErrHidden
	}
	n := id{process: parent.process, class: row.Class}
	_, err := see(q, n)
	return n, err
}

func (r *raw) findInRoot(q *nodes.Query, name string) (id, error) {
	if row := nodes.ByName(nodes.RootRows(), name); row != nil {
		n := id{class: row.Class}
		return n, r.identify(q, n)
	}
	pid, ok := parsePID(name)
	if !ok {
		return id{}, nodes.ErrHidden
	}
	if err := q.Find(pid); err != nil {
		return id{}, err
	}
	return id{process: q.Target.ID(), class: nodes.ClassDirectory}, nil
}

// parsePID takes the one spelling of a pid: decimal, no sign, no leading zero.
func parsePID(name string) (int, bool) {
	n, err := strconv.Atoi(name)
	return n, err == nil && n > 0 && n <= maxPID && strconv.Itoa(n) == name
}

// GetAttr tells the attributes of a node, for whoever may see it.
func (r *raw) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	return r.attr(&in.InHeader, out)
}

// SetAttr succeeds and does nothing, as procfs does: so > may truncate.
func (r *raw) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	return r.attr(&in.InHeader, out)
}

func (r *raw) attr(h *fuse.InHeader, out *fuse.AttrOut) fuse.Status {
	q, n, err := r.at(h)
	defer done(q)
	if err == nil && !n.isDir() {
		_, err = see(q, n)
	}
	if err == nil {
		err = r.attributes(q, n, &out.Attr)
	}
	return r.nameStatus(err)
}

// attributes of a node whose process the query has pinned: no size, one link,
// the present time.
func (r *raw) attributes(q *nodes.Query, n id, out *fuse.Attr) error {
	now := r.now()
	*out = fuse.Attr{Ino: n.ino(), Nlink: 1, Mode: modeOf(n), Blksize: uint32(os.Getpagesize())}
	out.SetTimes(&now, &now, &now)
	if q.Target == nil {
		return nil
	}
	var err error
	out.Uid, out.Gid, err = q.Target.Owner()
	return err
}

const dirMode = 0o555

func modeOf(n id) uint32 {
	if n.isDir() {
		return unix.S_IFDIR | dirMode
	}
	row := n.row()
	return typeOf(row) | row.Mode
}

func typeOf(row *nodes.Row) uint32 {
	if row.Kind == nodes.Link {
		return unix.S_IFLNK
	}
	return unix.S_IFREG
}

// Access answers access(2), and chdir(2) for a directory.
func (r *raw) Access(_ <-chan struct{}, in *fuse.AccessIn) fuse.Status {
	q, n, err := r.at(&in.InHeader)
	defer done(q)
	if err != nil {
		return r.nameStatus(err)
	}
	if n.isDir() {
		return r.nameStatus(enterable(q, in.Mask))
	}
	row, err := see(q, n)
	if err != nil {
		return r.nameStatus(err)
	}
	return r.nameStatus(permit(q, row.Mode, in.Mask))
}

func enterable(q *nodes.Query, mask uint32) error {
	if q.Target != nil {
		if err := q.Enter(); err != nil {
			return err
		}
	}
	return permit(q, dirMode, mask)
}

// Readlink is asked each time: the answer depends on the caller.
func (r *raw) Readlink(_ <-chan struct{}, in *fuse.InHeader) ([]byte, fuse.Status) {
	q, n, err := r.at(in)
	defer func() { done(q) }()
	if err != nil {
		return nil, r.nameStatus(err)
	}
	row, err := see(q, n)
	if err == nil && row.Kind != nodes.Link {
		err = unix.EINVAL
	}
	if err == nil {
		err = asking(q, row)
	}
	if err != nil {
		return nil, r.nameStatus(err)
	}
	text, err := row.Read(q)
	return []byte(text), r.nameStatus(err)
}

// StatFs as FreeBSD's: two blocks, all free, and no files counted.
func (r *raw) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	page := uint32(os.Getpagesize())
	*out = fuse.StatfsOut{Blocks: 2, Bfree: 2, Bavail: 2, Bsize: page, Frsize: page, NameLen: 127}
	return fuse.OK
}
