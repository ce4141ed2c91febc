package fs

import (
	"sync"
	"sync/atomic"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"github.com/procfsd/procfsd/provider"
)

// handle is an open file.
type handle struct {
	row     *nodes.Row
	process *provider.Process // nil for a root node
	opener  fuse.Owner
	access  nodes.Access
	file    nodes.File // what the row's Open took

	// uses counts the open file itself and the calls under way: a call that
	// outlived its deadline may still be using the descriptors after release.
	uses atomic.Int32

	// making is held by who looks at, or makes, the text below.
	making chan struct{}
	text   snapshot
	room   []byte // for a short text

	reserve func(int) error // takes memory for the text

	spare *sync.Pool // where it goes in the end, nil for nowhere
}

// snapshot is the text as one reader saw it. Reads go on in it until somebody
// reads at offset 0, or somebody reads whose rights might have made another
// text of it.
type snapshot struct {
	valid  bool
	judged bool // the reader's rights were asked for when it was made
	rights provider.Rights
	bytes  []byte
	memory lease
}

// shortText is how long nearly every text is: so much room stays with a handle
// that is used for one file after another.
const shortText = 1 << 10

func (s *snapshot) serves(q *nodes.Query, offset uint64) bool {
	switch {
	case !s.valid || offset == 0:
		return false
	case !s.judged || offset >= uint64(len(s.bytes)):
		return true
	}
	return q.Caller.Holds(s.rights)
}

// read copies what lies at offset.
func (s *snapshot) read(reply []byte, offset uint64) int {
	return copy(reply, s.bytes[min(offset, uint64(len(s.bytes))):])
}

func (s *snapshot) drop() {
	if s.valid {
		s.memory.resize(0)
	}
	*s = snapshot{}
}

func newHandle() *handle {
	h := &handle{making: make(chan struct{}, 1), room: make([]byte, 0, shortText)}
	h.reserve = h.text.memory.take
	return h
}

// begin takes over the query's target.
func (h *handle) begin(row *nodes.Row, q *nodes.Query, opener fuse.Owner, access nodes.Access) *handle {
	h.row, h.opener, h.access = row, opener, access
	h.uses.Store(1)
	if q.Target != nil {
		h.process = q.Target.Process
	}
	return h
}

func (h *handle) use() { h.uses.Add(1) }

func (h *handle) unuse() {
	if h.uses.Add(-1) > 0 {
		return
	}
	if h.file != nil {
		h.file.Close()
	}
	if h.process != nil {
		h.process.Close()
	}
	h.text.drop()
	h.row, h.file, h.process = nil, nil, nil
	if h.spare != nil {
		h.spare.Put(h)
	}
}

// handles numbers the open files.
type handles struct {
	mu    sync.Mutex
	last  uint64
	open  map[uint64]*handle
	count *budget
	spare sync.Pool // of handles that nobody uses any more
}

func newHandles(limit int) *handles {
	t := &handles{open: make(map[uint64]*handle), count: newBudget(limit, errTooMany)}
	t.spare.New = func() any {
		h := newHandle()
		h.spare = &t.spare
		return h
	}
	return t
}

func (t *handles) handle() *handle { return t.spare.Get().(*handle) }

func (t *handles) add(h *handle) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	t.open[t.last] = h
	return t.last
}

// get finds an open file and marks it used; the caller calls unuse.
func (t *handles) get(fh uint64) *handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.open[fh]
	if h != nil {
		h.use()
	}
	return h
}

func (t *handles) release(fh uint64) {
	t.mu.Lock()
	h := t.open[fh]
	delete(t.open, fh)
	t.mu.Unlock()
	if h != nil {
		t.count.give(h.opener.Uid, 1)
		h.unuse()
	}
}

// closeAll is for the end of the mount, when no request can come any more.
func (t *handles) closeAll() {
	t.mu.Lock()
	left := t.open
	t.open = make(map[uint64]*handle)
	t.mu.Unlock()
	for _, h := range left {
		t.count.give(h.opener.Uid, 1)
		h.unuse()
	}
}
