package nodes

import (
	"errors"

	"github.com/procfsd/procfsd/provider"
)

// HidePID is proc(5)'s hidepid: what callers are kept from who could not
// trace the process.
type HidePID uint8

const (
	HideOff         HidePID = 0 // nothing
	HideNoAccess    HidePID = 1 // what is inside the directory
	HideInvisible   HidePID = 2 // the directory too, but for the group of gid=
	HideUntraceable HidePID = 4 // the directory too, for that group as well
)

// listed: does the caller see the process at all?
func (q *Query) listed() error {
	if q.Tree.options.HidePID < HideInvisible || q.exempt() {
		return nil
	}
	return q.traceable(ErrHidden)
}

// Enter: may the caller look inside the process's directory?
func (q *Query) Enter() error {
	switch hide := q.Tree.options.HidePID; {
	case hide == HideOff || q.exempt():
		return nil
	case hide == HideNoAccess:
		return q.traceable(ErrDenied)
	default:
		return q.traceable(ErrHidden)
	}
}

// exempt: is the caller of the group that hidepid does not concern? Under
// ptraceable there is none, as in the kernel.
func (q *Query) exempt() bool {
	o := q.Tree.options
	return o.GID >= 0 && o.HidePID != HideUntraceable && q.Caller.InGroup(uint32(o.GID))
}

// Present is nil for a caller of the tree's pid namespace, to whom alone there is
// anything.
func (q *Query) Present() error {
	switch present, err := q.Caller.Presence(); {
	case provider.IsShortage(err):
		return err
	case !present:
		return ErrHidden
	}
	return nil
}

func (q *Query) traceable(otherwise error) error {
	err := q.Caller.MayRead(q.Target.Process)
	if err == nil || errors.Is(err, provider.ErrGone) || provider.IsShortage(err) {
		return err
	}
	return otherwise
}

// Cacheable reports whether what one caller finds is there for every other.
func (t *Tree) Cacheable() bool { return t.options.HidePID == HideOff }

// notSystem hides a node of kernel threads.
func notSystem(q *Query) error {
	if q.Target.kernelThread() {
		return ErrHidden
	}
	return nil
}

// canDebug hides a node from those who may not attach to the process.
func canDebug(q *Query) error {
	if err := notSystem(q); err != nil {
		return err
	}
	err := q.Caller.MayAttach(q.Target.Process)
	if err == nil || errors.Is(err, provider.ErrGone) || provider.IsShortage(err) {
		return err
	}
	return ErrHidden
}

// See: does the caller see this node of the target?
func (q *Query) See(row *Row) error {
	if row.Visible == nil {
		return nil
	}
	return row.Visible(q)
}
