package nodes

import (
	"github.com/procfsd/procfsd/provider"
)

// registerSet is one set of registers in one layout.
type registerSet interface {
	// read fetches the set from a thread that is held still, as bytes.
	read(*provider.Tracee) ([]byte, error)
	// write puts data over the beginning of the set, and says how much it took.
	write(t *provider.Tracee, data []byte) (int, error)
}

// registers joins what a set consists of: how Linux's is fetched and translated
// into the view V, how V is stored over the present one, and V's bytes.
type registers[V any] struct {
	fetch   func(*provider.Tracee) (V, error)
	store   func(t *provider.Tracee, old, new *V) error
	append  func([]byte, *V) []byte
	overlay func(*V, []byte) int
}

func (r registers[V]) read(t *provider.Tracee) ([]byte, error) {
	v, err := r.fetch(t)
	if err != nil {
		return nil, err
	}
	return r.append(nil, &v), nil
}

func (r registers[V]) write(t *provider.Tracee, data []byte) (int, error) {
	old, err := r.fetch(t)
	if err != nil {
		return 0, err
	}
	v := old
	n := r.overlay(&v, data)
	if err := r.store(t, &old, &v); err != nil {
		return 0, err
	}
	return n, nil
}

// layouts are the two forms of one node: the layout depends on the reader's
// word size. A 32-bit reader of a 64-bit process is refused by the fetch.
type layouts struct{ native, compat registerSet }

func (l layouts) of(q *Query) registerSet {
	if q.Caller.ELFClassOfCaller() == provider.ELF32 {
		return l.compat
	}
	return l.native
}

// registerFile is an open regs, fpregs or dbregs. Each access is on its own:
// the process must be stopped, and the set is fetched from there.
type registerFile struct {
	stateless
	layouts layouts
}

func openRegisters(l layouts) func(*Query, Access) (File, error) {
	return func(*Query, Access) (File, error) { return registerFile{layouts: l}, nil }
}

// ReadAt gives the set to a read at offset 0, and nothing beyond: a set cannot
// be read in pieces.
func (f registerFile) ReadAt(q *Query, b []byte, offset int64) (int, error) {
	if offset != 0 {
		return 0, nil
	}
	layout := f.layouts.of(q) // not while it is held: that looks into the caller's own file system
	var n int
	err := q.held(q.Tree.options.Sample, func(t *provider.Tracee) error {
		set, err := layout.read(t)
		n = copy(b, set)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// WriteAt changes the beginning of the set, or all of it.
func (f registerFile) WriteAt(q *Query, b []byte, offset int64) (int, error) {
	if offset != 0 {
		return 0, nil
	}
	layout := f.layouts.of(q)
	var n int
	err := q.held(false, func(t *provider.Tracee) (err error) {
		n, err = layout.write(t, b)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// held calls fn while the target is held still. The gate is asked before, and
// once more when nothing can change any more: in between the target may have
// executed a set-uid program. A call that was abandoned changes nothing.
func (q *Query) held(sample bool, fn func(*provider.Tracee) error) error {
	if err := canDebug(q); err != nil {
		return err
	}
	o := provider.TraceOptions{Sample: sample, Asker: q.Caller}
	return q.Tree.tracer.Stopped(q.Context, q.Target.Process, o, func(t *provider.Tracee) error {
		if err := secondGate(q); err != nil {
			return err
		}
		if err := q.Context.Err(); err != nil {
			return err
		}
		return fn(t)
	})
}
