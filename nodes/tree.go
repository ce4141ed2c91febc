package nodes

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"time"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
	"golang.org/x/sys/unix"
)

var (
	// ErrHidden: to this caller there is no such thing.
	ErrHidden = errors.New("hidden")
	// ErrDenied: the caller sees it and may not have it.
	ErrDenied = errors.New("denied")
	// ErrStale: the number belongs to another process by now.
	ErrStale = errors.New("another process has this number now")
	// ErrSyntax, ErrRange and ErrTooLong are render's, of what was written.
	ErrSyntax  = render.ErrSyntax
	ErrRange   = render.ErrRange
	ErrTooLong = render.ErrTooLong
	// ErrGone, ErrTooBig and ErrNotSupported are provider's: the process has
	// exited; the text is beyond its bound; this kernel has no such thing.
	ErrGone         = provider.ErrGone
	ErrTooBig       = provider.ErrTooBig
	ErrNotSupported = provider.ErrNotSupported
	// ErrNotProc: the directory given as another procfs is none.
	ErrNotProc = errors.New("not a procfs")
)

// Options choose what a Tree shows, and to whom.
type Options struct {
	Proc    string // another procfs to read; "" for our own pid namespace's
	HidePID HidePID
	GID     int  // the group that hidepid does not concern, -1 for none
	Sample  bool // registers of a running process may be read, which stops it for a moment
}

// Tree is the view of one procfs.
type Tree struct {
	proc      *provider.FS // whose processes are shown
	own       *provider.FS // where callers are found
	authority *provider.Authority
	options   Options
	boot      int64 // microseconds since the epoch
	ticks     int64 // microseconds in a tick of /proc's clock
	objectID  func(space, number uint64) uint64
	osrels    *osrels
	tracer    *provider.Tracer
	words     words
	queries   sync.Pool // *reused
}

// Open makes a tree. It must be called before anything is mounted over /proc.
func Open(o Options) (*Tree, error) {
	own, err := openOwn()
	if err != nil {
		return nil, err
	}
	t, err := open(o, own)
	if err != nil {
		own.Close()
	}
	return t, err
}

func open(o Options, own *provider.FS) (*Tree, error) {
	authority, err := provider.NewAuthority(own)
	if err != nil {
		return nil, err
	}
	t := &Tree{proc: own, own: own, authority: authority, options: o, objectID: keyedID(), osrels: newOsrels(), tracer: provider.NewTracer(), boot: bootTime(), ticks: tick}
	if o.Proc == "" {
		own.Keep(keptProcesses(1))
		return t, nil
	}
	if t.proc, err = provider.OpenFS(o.Proc); err != nil {
		return nil, err
	}
	if !t.proc.IsProc() {
		t.proc.Close()
		return nil, fmt.Errorf("%s: %w", o.Proc, ErrNotProc)
	}
	own.Keep(keptProcesses(2))
	t.proc.Keep(keptProcesses(2))
	return t, nil
}

// What is kept open of processes that are asked for again and again: an eighth
// of the descriptors at most.
const (
	maxKept         = 512 // processes
	keptDescriptors = 7   // of each
	keptShare       = 8
)

// keptProcesses is how many each of so many roots may keep.
func keptProcesses(roots uint64) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(limit.Cur/keptShare/keptDescriptors, maxKept) / roots)
}

// openOwn prefers an instance that nobody can mount over; a kernel refuses it
// in a user namespace that does not own its pid namespace.
func openOwn() (*provider.FS, error) {
	if own, err := provider.NewInstance(); err == nil {
		return own, nil
	}
	return provider.OpenFS("/proc")
}

// Close releases the tree's descriptors.
func (t *Tree) Close() {
	t.tracer.Close()
	if t.proc != t.own {
		t.proc.Close()
	}
	t.own.Close()
}

// Caller names the thread tid, whose request came with these ids.
func (t *Tree) Caller(tid int, uid, gid uint32) *provider.Caller {
	return t.authority.Caller(tid, uid, gid)
}

// tick is one tick of /proc's clocks in microseconds: USER_HZ is 100 on every
// architecture that we build for.
const tick = int64(time.Second/time.Microsecond) / 100

// bootTime is taken once, so that start times do not wander between reads: from
// the closest pair of many, since we may be held up between the two clocks.
func bootTime() int64 {
	var boot int64
	closest := int64(math.MaxInt64)
	for range 32 {
		before, now, after := clock(unix.CLOCK_BOOTTIME), clock(unix.CLOCK_REALTIME), clock(unix.CLOCK_BOOTTIME)
		if gap := after - before; gap < closest {
			closest, boot = gap, now-(before+gap/2)
		}
	}
	return boot / int64(time.Microsecond)
}

func clock(id int32) int64 {
	var t unix.Timespec
	if unix.ClockGettime(id, &t) != nil {
		return 0
	}
	return t.Nano()
}

// keyedID gives 40-bit ids for objects: equal for equal objects while this
// tree lives, and meaning nothing else.
func keyedID() func(space, number uint64) uint64 {
	seed := maphash.MakeSeed()
	return func(space, number uint64) uint64 {
		return maphash.Comparable(seed, [2]uint64{space, number})
	}
}
