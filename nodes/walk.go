package nodes

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

const (
	walkPiece   = 256 // processes that are had at a time
	walkWorkers = 4   // at most, beside slow ones
)

// walk has several workers look at processes, piece by piece. Who walks only
// watches the workers and puts what they found in order.
type walk struct {
	ctx     context.Context
	glances *Glances
	numbers func(dst []int, after, most int) ([]int, error)
	worker  func() *worker
	look    func(l *walk, w *worker, pid int) error
	leftOut func(error)
	width   int // workers that are not slow

	pids, next []int // this piece and the one after
	taken      atomic.Int64
	found      []found // of each of pids

	running []*worker // but for those that were given up
	free    []*worker
	left    chan *worker
	done    chan struct{} // closed when nobody listens at left any more
	ticker  *time.Ticker
}

// walk makes one for the query; the caller ends it.
func (q *Query) walk(ctx context.Context, look func(*worker) error) *walk {
	_ = q.Caller.Load() // before several use it; they meet its error again
	q.shared = true     // and who is given up may use it for long
	glances := q.Glances
	if glances == nil {
		glances = NewGlances()
	}
	l := newWalk(ctx, glances)
	l.leftOut, l.numbers = q.LeftOut, q.Tree.proc.PIDsAfter
	l.worker = func() *worker { return newWorker(q) }
	l.look = func(l *walk, w *worker, pid int) error { return w.visit(l, pid, look) }
	return l
}

func newWalk(ctx context.Context, glances *Glances) *walk {
	return &walk{
		ctx: ctx, glances: glances, width: min(runtime.NumCPU(), runtime.GOMAXPROCS(0), walkWorkers),
		left: make(chan *worker), done: make(chan struct{}), ticker: time.NewTicker(glanceTick),
	}
}

// end lets workers that are still at a look end with it.
func (l *walk) end() {
	l.ticker.Stop()
	close(l.done)
	for _, w := range l.running {
		l.glances.release(w)
	}
}

// each visits the processes above after, ascending, with what look appended to a
// worker's out, until room is used up or visit has enough. What could not be
// looked at is left out.
func (l *walk) each(after, room int, visit func(pid int, out []byte) (more bool, err error)) error {
	for room > 0 {
		if err := l.advance(after, room); err != nil || len(l.pids) == 0 {
			return err
		}
		after = l.pids[len(l.pids)-1]
		if err := l.piece(room - len(l.pids)); err != nil {
			return err
		}
		visited, more, err := l.visit(visit)
		if err != nil || !more {
			return err
		}
		room -= visited
	}
	return nil
}

// advance goes to the next piece, which may have been read already.
func (l *walk) advance(after, room int) (err error) {
	l.pids, l.next = l.next, l.pids[:0]
	if len(l.pids) == 0 {
		l.pids, err = l.numbers(l.pids, after, min(room, walkPiece))
	}
	l.found = slices.Grow(l.found[:0], len(l.pids))[:len(l.pids)]
	clear(l.found)
	return err
}

// piece looks at each process. Meanwhile it reads who comes next, if there will be
// room for them; an error will come again then.
func (l *walk) piece(roomAfter int) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	l.taken.Store(0)
	for _, w := range l.free {
		w.out = w.out[:0]
	}
	l.begin()
	if roomAfter > 0 {
		l.next, _ = l.numbers(l.next[:0], l.pids[len(l.pids)-1], min(roomAfter, walkPiece))
	}
	for len(l.running) > 0 || l.more() {
		if err := l.wait(); err != nil {
			return err
		}
	}
	return nil
}

// begin starts workers, as many as get a token at once.
func (l *walk) begin() {
	for l.wantsWorker() {
		select {
		case l.glances.tokens <- struct{}{}:
			l.start()
		default:
			return
		}
	}
}

func (l *walk) wait() error {
	var tokens chan<- struct{}
	if l.wantsWorker() {
		tokens = l.glances.tokens
	}
	select {
	case tokens <- struct{}{}:
		l.start()
	case w := <-l.left:
		l.running = slices.DeleteFunc(l.running, func(one *worker) bool { return one == w })
		l.free = append(l.free, w)
	case <-l.ticker.C:
		l.tick()
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
	return nil
}

func (l *walk) more() bool { return int(l.taken.Load()) < len(l.pids) }

func (l *walk) take() int { return int(l.taken.Add(1)) - 1 }

// wantsWorker: one that is slow has another beside it.
func (l *walk) wantsWorker() bool {
	quick := 0
	for _, w := range l.running {
		if !w.passed {
			quick++
		}
	}
	return quick < l.width && l.more()
}

// start has a token for the worker.
func (l *walk) start() {
	var w *worker
	if last := len(l.free) - 1; last >= 0 {
		w, l.free = l.free[last], l.free[:last]
	} else {
		w = l.worker()
	}
	w.passed = false
	l.running = append(l.running, w)
	l.glances.begun(w)
	go w.run(l)
}

// leave is the last that a worker does which was not given up.
func (l *walk) leave(w *worker) {
	select {
	case l.left <- w:
	case <-l.done:
	}
}

func (l *walk) tick() {
	l.running = slices.DeleteFunc(l.running, func(w *worker) bool {
		next := l.glances.age(w)
		w.passed = next != goesOn
		return next == givenUp
	})
}

// visit shows what was found in order.
func (l *walk) visit(show func(pid int, out []byte) (bool, error)) (visited int, more bool, err error) {
	for i, f := range l.found {
		switch {
		case f.by == nil:
			continue
		case f.err != nil:
			if err := l.leaveOut(f.err); err != nil {
				return visited, false, err
			}
			continue
		}
		more, err := show(l.pids[i], f.by.out[f.from:f.to])
		if err != nil || !more {
			return visited, false, err
		}
		visited++
	}
	return visited, true, nil
}

// leaveOut tells why a process is missing, or gives the error that ends the walk.
func (l *walk) leaveOut(err error) error {
	if all, is := err.(walkError); is {
		return all.error
	}
	if l.leftOut != nil && !errors.Is(err, errStuck) {
		l.leftOut(err)
	}
	return nil
}
