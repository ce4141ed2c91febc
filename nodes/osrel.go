package nodes

import (
	"errors"
	"sync"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// osrel is the system release that the image was made for: what was written
// last, else what its notes say, else 0.
func osrel(q *Query) (int32, error) {
	if err := canDebug(q); err != nil {
		return 0, err
	}
	p := q.Target.Process
	image, err := q.image()
	if lacking(err) || err != nil && q.Tree.osrels.has(q.Target.ID()) {
		return 0, err // perhaps of another image
	}
	if err != nil {
		return 0, nil // an executable that cannot be read has no note
	}
	if value, ok := q.Tree.osrels.get(q.Target.ID(), image); ok {
		return value, nil
	}
	notes, err := q.Caller.ELFNotes(p)
	if lacking(err) {
		return 0, err
	}
	value, _ := render.OsrelFromNotes(notes...)
	return value, nil
}

// lacking: what does not speak of the executable.
func lacking(err error) bool { return errors.Is(err, provider.ErrGone) || provider.IsShortage(err) }

// setOsrel asks the gate on both sides of the identity: the value is for an
// image that the caller may debug.
func setOsrel(q *Query, value int32) error {
	if err := canDebug(q); err != nil {
		return err
	}
	image, err := q.image()
	if err != nil {
		return err
	}
	if err := canDebug(q); err != nil {
		return err
	}
	q.Tree.osrels.set(q.Target.ID(), image, value)
	q.Tree.osrels.sweep(q.Tree.lives)
	return nil
}

// image tells what the target executes from what it executed before.
func (q *Query) image() (provider.ExecIdentity, error) {
	var s provider.Stat // all of it
	if err := q.Target.Stat(&s); err != nil {
		return provider.ExecIdentity{}, err
	}
	return q.Caller.ExecIdentity(q.Target.Process, &s)
}

// lives: is this still the process?
func (t *Tree) lives(id ID) bool {
	p, err := t.proc.OpenOnce(id.PID)
	if err != nil {
		return !errors.Is(err, provider.ErrGone)
	}
	defer p.Close()
	target := Target{Process: p}
	if err := target.load(); err != nil {
		return !errors.Is(err, provider.ErrGone)
	}
	return target.ID() == id
}

// osrels are the values that were written. Each belongs to one image of one
// process; that of an exec or exit since is dropped when it is met.
type osrels struct {
	mu     sync.Mutex
	values map[ID]osrelValue
	order  []ID // oldest first
	swept  int  // where in order the sweep goes on
}

type osrelValue struct {
	image provider.ExecIdentity
	value int32
}

// sweepSteps is how many values a sweep looks at: more than one joins at a
// time, so that those of processes that have exited get fewer.
const sweepSteps = 2

// maxOsrels bounds how many are remembered; the oldest go first.
const maxOsrels = 4096

func newOsrels() *osrels { return &osrels{values: make(map[ID]osrelValue)} }

func (o *osrels) get(id ID, image provider.ExecIdentity) (int32, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v, ok := o.values[id]
	if ok && v.image != image {
		o.drop(id)
		ok = false
	}
	return v.value, ok
}

// has: was any written, to whatever image?
func (o *osrels) has(id ID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.values[id]
	return ok
}

func (o *osrels) set(id ID, image provider.ExecIdentity, value int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop(id)
	if len(o.order) >= maxOsrels {
		o.drop(o.order[0])
	}
	o.values[id] = osrelValue{image, value}
	o.order = append(o.order, id)
}

// sweep looks at the next few values, in turn, and drops those whose process
// has exited. Asking takes a while: others need not wait for it.
func (o *osrels) sweep(lives func(ID) bool) {
	for range sweepSteps {
		if id, ok := o.next(); ok && !lives(id) {
			o.mu.Lock()
			o.drop(id)
			o.mu.Unlock()
		}
	}
}

func (o *osrels) next() (ID, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.order) == 0 {
		return ID{}, false
	}
	o.swept = (o.swept + 1) % len(o.order)
	return o.order[o.swept], true
}

func (o *osrels) drop(id ID) {
	if _, ok := o.values[id]; !ok {
		return
	}
	delete(o.values, id)
	for i, other := range o.order {
		if other == id {
			o.order = append(o.order[:i], o.order[i+1:]...)
			if i <= o.swept {
				o.swept--
			}
			return
		}
	}
}
