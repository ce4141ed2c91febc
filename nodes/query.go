package nodes

import (
	"context"

	"github.com/procfsd/procfsd/provider"
)

// reused is all that a usual question needs, to be used again for another one.
type reused struct {
	query  Query
	caller provider.Caller
	target Target
}

// Query starts a question of the thread tid, whose request came with these
// ids. Who asked calls Release when nothing of it is used any more.
func (t *Tree) Query(ctx context.Context, tid int, uid, gid uint32) *Query {
	r, _ := t.queries.Get().(*reused)
	if r == nil {
		r = new(reused)
	}
	t.authority.CallerInto(&r.caller, tid, uid, gid)
	r.query = Query{Context: ctx, Tree: t, Caller: &r.caller, reused: r}
	return &r.query
}

// own is what may be used again of a question that is not a copy of another.
func (q *Query) own() *reused {
	if q.reused == nil || q != &q.reused.query {
		return nil
	}
	return q.reused
}

// About makes an open process the target. It stays its owner's to close, and so
// does one that the question itself has opened.
func (q *Query) About(p *provider.Process) {
	q.Target = nil
	if r := q.own(); r != nil {
		r.target.clear()
		q.Target = &r.target
	} else {
		q.Target = new(Target)
	}
	q.Target.Process = p
}

// Release ends a question: it is forgotten, and its memory is another's. Its
// process is not closed by that. Nobody may use the question, its Caller or its
// Target after that, so a call that is abandoned, and goes on, must call Release
// itself in the end. Questions that the tree did not make are left to the
// garbage collector, and so is a walk over all processes: some of it may go on
// alone.
func (q *Query) Release() {
	r := q.own()
	if r == nil {
		return
	}
	tree, again := q.Tree, !q.shared
	if !again {
		q.reused = nil
		return
	}
	r.query = Query{}
	r.caller.Clear()
	r.target.clear()
	tree.queries.Put(r)
}

// clear forgets everything but the room of short lists.
func (t *Target) clear() {
	groups := t.status.Groups
	if cap(groups) > groupsRoom {
		groups = nil
	}
	clear(groups[:cap(groups)])
	*t = Target{status: provider.Status{
		Groups: groups[:0], NSTGID: t.status.NSTGID[:0], NSPID: t.status.NSPID[:0],
	}}
}

// groupsRoom is the longest list of groups whose room is used again.
const groupsRoom = 256
