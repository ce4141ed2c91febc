package nodes

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A process can be stuck in the kernel, in execve: then who reads its stat, its
// wchan, its exe or its namespaces waits for ever, and cannot be called back.
// Such a process must cost a walk over many a moment once, and a thread or two.

// glanceDeadline is how long a walk waits for one process, less at most a tick. A
// worker that is in a process for a whole tick is slow: another goes on for it.
const (
	glanceDeadline = time.Second
	glanceTick     = 50 * time.Millisecond
	slowTicks      = 1
	stuckTicks     = int(glanceDeadline/glanceTick) - 1
)

// Bounds of the workers in processes: in all, in those of an owner, in one.
// Beyond an owner's, his processes are left out and nobody else's. Those that are
// not slow are fewer than an owner's bound, so that only slow ones come to it.
const (
	glancesAll   = 256
	glancesOwner = 16
	glancesEach  = 2
	glancesQuick = 8
)

// errStuck: the process does not answer, or as many of its owner's do not as may.
var errStuck = errors.New("stuck in the kernel")

// Glances are the looks at one process among many, of all walks together, and
// remember who is stuck for as long as a worker is in it.
type Glances struct {
	tokens chan struct{} // of workers that are not slow

	mu      sync.Mutex
	workers int // that have not ended
	inside  tally
	stuck   tally         // of those inside, that nobody waits for
	changed chan struct{} // closed when one of these has; nil when nobody waits
}

// tally counts workers in processes.
type tally struct {
	all   int
	byUID map[uint32]int
	byPID map[int]int
}

// NewGlances has nobody stuck.
func NewGlances() *Glances {
	return &Glances{tokens: make(chan struct{}, glancesQuick), inside: newTally(), stuck: newTally()}
}

func newTally() tally { return tally{byUID: make(map[uint32]int), byPID: make(map[int]int)} }

func (t *tally) add(at place, n int) {
	t.all += n
	count(t.byUID, at.uid, n)
	count(t.byPID, at.pid, n)
}

// count keeps no entry for zero, so the map holds only what is in use.
func count[K comparable](m map[K]int, k K, n int) {
	if m[k] += n; m[k] == 0 {
		delete(m, k)
	}
}

// place is a process and its owner.
type place struct {
	pid int
	uid uint32
}

// Idle reports whether no worker is under way, stuck or not.
func (g *Glances) Idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.workers == 0
}

// Level is how many workers are in processes, how many of them nobody waits for
// any more, and how many there may be.
func (g *Glances) Level() (inside, stuck, limit int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside.all, g.stuck.all, glancesAll
}

// enter lets a worker into a process, which it may not come out of: at once, or
// when there is room, unless what is in the way is stuck.
func (g *Glances) enter(ctx context.Context, w *worker, at place) error {
	for {
		wait, err := g.tryEnter(w, at)
		if wait == nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *Glances) tryEnter(w *worker, at place) (wait <-chan struct{}, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case w.givenUp || g.stuck.byPID[at.pid] > 0 || g.stuck.byUID[at.uid] >= glancesOwner || g.stuck.all >= glancesAll:
		return nil, errStuck
	case g.inside.byPID[at.pid] >= glancesEach || g.inside.byUID[at.uid] >= glancesOwner || g.inside.all >= glancesAll:
		return g.change(), nil
	}
	g.inside.add(at, 1)
	w.at, w.inside = at, true
	return nil, nil
}

// change is closed at the next change.
func (g *Glances) change() <-chan struct{} {
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return g.changed
}

func (g *Glances) hasChanged() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// The fates of a worker after a look.
type fate int

const (
	goesOn  fate = iota
	ends         // another has its token
	givenUp      // nobody looks at what it found
)

// leave ends a look, wherever it came to.
func (g *Glances) leave(w *worker) fate {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.looks++
	if w.inside {
		w.inside = false
		g.inside.add(w.at, -1)
		if w.givenUp {
			g.stuck.add(w.at, -1)
		}
		g.hasChanged()
	}
	switch {
	case w.givenUp:
		return givenUp
	case w.slow:
		return ends
	}
	return goesOn
}

// age looks after a worker at each tick. The one that is found slow gives its
// place away, and the one that is found stuck is waited for no longer.
func (g *Glances) age(w *worker) fate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.looks != w.seen {
		w.seen, w.ticks = w.looks, 0
		return goesOn
	}
	w.ticks++
	switch {
	case w.ticks >= stuckTicks:
		g.giveUp(w)
		return givenUp
	case w.ticks >= slowTicks:
		g.giveToken(w)
		return ends
	}
	return goesOn
}

func (g *Glances) giveUp(w *worker) {
	w.givenUp = true
	if w.inside {
		g.stuck.add(w.at, 1)
	}
	g.hasChanged()
}

// begun counts a worker, for which a token was taken.
func (g *Glances) begun(w *worker) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.workers++
	w.slow, w.seen = false, -1
}

func (g *Glances) ended() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.workers--
}

// release gives the worker's token back, if it still has one.
func (g *Glances) release(w *worker) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.giveToken(w)
}

func (g *Glances) giveToken(w *worker) {
	if !w.slow {
		w.slow = true
		<-g.tokens
	}
}
