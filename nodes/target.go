package nodes

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/procfsd/procfsd/provider"
)

// Target is the process that a question is about, pinned, with what has been
// read of it.
type Target struct {
	*provider.Process
	stat   provider.Stat // its head
	loaded bool          // stat is of this question
	status provider.Status
	limits provider.Limits
}

// ID is what tells a process from every other one that ever had its number.
type ID struct {
	PID   int
	Start uint64 // ticks after boot; at least the low StartBits
}

// StartBits is how many low bits of a start time tell incarnations apart: 21
// years of ticks.
const StartBits = 36

func (id ID) started(ticks uint64) bool {
	return (id.Start^ticks)&(1<<StartBits-1) == 0
}

// ID of the target.
func (t *Target) ID() ID {
	if start, known := t.StartTime(); known {
		return ID{t.PID(), start}
	}
	return ID{t.PID(), t.stat.StartTime} // which was loaded therefore
}

// kernelThread: is it a thread of the kernel?
func (t *Target) kernelThread() bool {
	_, known := t.StartTime()
	return !known && t.stat.KernelThread()
}

// Find pins the process pid for a caller, or gives ErrHidden: there is none,
// it is a zombie or a thread, or the caller does not see it.
func (q *Query) Find(pid int) error {
	if err := q.pin(pid); err != nil {
		return err
	}
	err := q.Target.process()
	if err == nil {
		err = q.listed()
	}
	return q.drop(err)
}

// process: is it one, and not a thread?
func (t *Target) process() error {
	if _, known := t.StartTime(); known {
		return nil
	}
	if err := t.loadStatus(); err != nil {
		return err
	}
	if t.status.TGID != t.PID() {
		return ErrHidden
	}
	return nil
}

// Identify pins the process that id once meant: ErrStale where the number has
// passed on, ErrHidden where nobody has it or the caller does not see it.
func (q *Query) Identify(id ID) error {
	if err := q.pin(id.PID); err != nil {
		return err
	}
	if !id.started(q.Target.ID().Start) {
		return q.drop(ErrStale)
	}
	return q.drop(q.listed())
}

func (q *Query) pin(pid int) error {
	if !q.Caller.Present() {
		return ErrHidden
	}
	p, err := q.open(pid)
	if err != nil {
		return hidden(err)
	}
	q.About(p)
	if _, known := p.StartTime(); known { // so it runs
		return nil
	}
	return q.drop(hidden(q.Target.load()))
}

func (q *Query) open(pid int) (*provider.Process, error) {
	if q.walking {
		return q.Tree.proc.OpenOnce(pid)
	}
	return q.Tree.proc.Open(pid)
}

// drop lets the target go where err says so.
func (q *Query) drop(err error) error {
	if err != nil && q.Target != nil {
		q.Target.Close()
		q.Target = nil
	}
	return err
}

// hidden turns "gone" into "there is none", for questions about names.
func hidden(err error) error {
	if errors.Is(err, provider.ErrGone) {
		return ErrHidden
	}
	return err
}

// Check asks again, of something already open: is the process still there, and
// does this caller see it?
func (q *Query) Check() error { return q.check((*Target).runs) }

// CheckFor is Check before a row is filled: what the row reads anyway is read
// for both.
func (q *Query) CheckFor(row *Row) error {
	if row.Stats {
		return q.check((*Target).load)
	}
	return q.Check()
}

func (q *Query) check(alive func(*Target) error) error {
	if !q.Caller.Present() {
		return ErrHidden
	}
	if err := alive(q.Target); err != nil {
		return err
	}
	return q.Enter()
}

// runs is nil while the process does; else stat is read for that, and once in
// a question.
func (t *Target) runs() error {
	t.loaded = false
	switch exited, known := t.Exited(); {
	case !known:
		return t.load()
	case exited:
		return provider.ErrGone
	}
	return nil
}

func (t *Target) load() error {
	t.loaded = false
	if err := t.StatHead(&t.stat); err != nil {
		return err
	}
	if !t.stat.Alive() {
		return provider.ErrGone
	}
	t.loaded = true
	return nil
}

// loadStat is load where this question has not yet.
func (t *Target) loadStat() error {
	if t.loaded {
		return nil
	}
	return t.load()
}

func (t *Target) loadStatus() error { return t.StatusHead(&t.status) }

// Owner is the process's real user and group.
func (t *Target) Owner() (uid, gid uint32, err error) {
	if err := t.loadStatus(); err != nil {
		return 0, 0, err
	}
	return t.status.UID.Real, t.status.GID.Real, nil
}

// listTime bounds a walk over all processes; 10,000 take a tenth of it.
const listTime = 5 * time.Second

// List visits the processes that the caller may list, with numbers above after,
// ascending, until visit says that it has enough. What it visits has its status
// loaded, not its stat, which a process can keep from being read. visit closes
// its target.
func (q *Query) List(after int, visit func(*Target) (more bool, err error)) error {
	if !q.Caller.Present() {
		return nil
	}
	q.shared = true
	ctx, cancel := context.WithTimeout(q.Context, listTime)
	defer cancel()
	pids, err := q.Tree.proc.PIDs(nil)
	if err != nil {
		return err
	}
	slices.Sort(pids) // as a procfs gives them; a captured tree may not
	for _, pid := range pids {
		if pid <= after {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		more, err := q.listOne(pid, visit)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (q *Query) listOne(pid int, visit func(*Target) (bool, error)) (bool, error) {
	p, err := q.Tree.proc.OpenOnce(pid)
	if err != nil {
		return true, ignoreGone(err)
	}
	t := &Target{Process: p}
	if err := t.loadStatus(); err != nil || !t.status.Alive() {
		t.Close()
		return true, ignoreGone(err)
	}
	if q.Tree.options.HidePID >= HideInvisible && q.glance(t, (*Query).listed) != nil {
		t.Close()
		return true, nil // hidden, gone, or not to be had
	}
	return visit(t)
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// glance asks something of one target among many, on a handle of its own: what
// does not answer in time keeps it, and only it.
func (q *Query) glance(t *Target, look func(*Query) error) error {
	if err := q.Caller.Load(); err != nil { // before several may use it
		return err
	}
	q.shared = true
	pid, one := t.PID(), *q
	one.walking = true
	fn := func() error {
		if err := one.pin(pid); err != nil {
			return err
		}
		defer one.Target.Close()
		return look(&one)
	}
	if q.Glance == nil {
		return fn()
	}
	return q.Glance(t.status.UID.Real, pid, fn)
}
