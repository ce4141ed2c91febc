package nodes

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/procfsd/procfsd/provider"
)

// worker looks at one process after another for a walk, with buffers of its own:
// once it is given up, what it does concerns nobody.
type worker struct {
	query  Query
	spare  provider.Process // for who is not kept
	target Target
	out    []byte // what it has found

	passed bool // over by its walk, as slow

	// Guarded by Glances.mu.
	at      place
	inside  bool // of the process there
	looks   int
	seen    int  // looks at the walk's last tick
	ticks   int  // since then, without another look
	slow    bool // it has no token
	givenUp bool
}

func newWorker(q *Query) *worker {
	w := &worker{query: *q}
	w.query.Target = &w.target
	return w
}

// found is what a look at a process gave; by nobody where the worker was given up.
type found struct {
	by       *worker
	from, to int // of its out
	err      error
}

// run takes process after process until none is left.
func (w *worker) run(l *walk) {
	defer l.glances.ended()
	for i := l.take(); i < len(l.pids); i = l.take() {
		f := w.find(l, l.pids[i])
		next := l.glances.leave(w)
		if next == givenUp {
			return
		}
		l.found[i] = f
		if next == ends {
			break
		}
	}
	l.glances.release(w)
	l.leave(w)
}

func (w *worker) find(l *walk, pid int) found {
	f := found{by: w, from: len(w.out)}
	f.err = w.look(l, pid)
	f.to = len(w.out)
	return f
}

func (w *worker) look(l *walk, pid int) (err error) {
	defer recovered(&err)
	return l.look(l, w, pid)
}

// recovered turns a panic into an error: on a goroutine of its own nobody else
// would catch it, and one bad text must not end everybody's mount.
func recovered(err *error) {
	switch r := recover().(type) {
	case nil:
	case error:
		*err = fmt.Errorf("panic: %w", r)
	default:
		*err = fmt.Errorf("panic: %v", r)
	}
}

// visit looks at a process that is no zombie and that the caller sees. What is asked
// before it is entered cannot hang.
func (w *worker) visit(l *walk, pid int, look func(*worker) error) error {
	p, err := w.query.Tree.proc.OpenAmong(pid, &w.spare)
	if err != nil {
		return unlessGone(err)
	}
	defer p.Close()
	w.target.Process = p
	if err := w.target.loadStatus(); err != nil {
		return unlessGone(err)
	}
	if !w.target.status.Alive() {
		return ErrHidden
	}
	if err := l.glances.enter(l.ctx, w, place{pid, w.target.status.UID.Real}); err != nil {
		return err
	}
	if err := w.query.listed(); err != nil {
		return err
	}
	return look(w)
}

// walkError is one that ends the whole walk: where a process cannot even be
// opened, the others will not be had either.
type walkError struct{ error }

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrHidden
	}
	return walkError{err}
}
