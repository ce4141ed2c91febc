package nodes

import (
	"errors"

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
	if err := q.Present(); err != nil {
		return err
	}
	p, err := q.Tree.proc.Open(pid)
	if err != nil {
		return hidden(err)
	}
	q.About(p)
	if _, known := p.StartTime(); known { // so it runs
		return nil
	}
	return q.drop(hidden(q.Target.load()))
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
	if err := q.Present(); err != nil {
		return err
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
	if _, known := t.StartTime(); !known { // as of a kernel thread, which stat tells
		return t.load()
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
