package provider

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Keep has Open keep what it opened for the next who wants the same process: at
// most limit processes, for some seconds after their last use, each with up to
// seven descriptors (its directory, a pidfd, and those files that are read most).
// So to open a process, to know that it still runs, and to read its stat,
// status, limits or wchan costs one system call each. Open gives nothing kept of
// a process that has exited, and the kernel judges each read anew, by who reads.
//
// Call it once, before others use the root; a limit below 1 keeps nothing, and
// of a captured tree nothing is ever kept. A walk keeps nothing either.
func (f *FS) Keep(limit int) {
	if !f.proc || limit < 1 {
		return
	}
	k := &keeper{limit: limit, byPID: make(map[int]*kept), sleepShown: kernelIsAtLeast(5, 16)}
	k.idle.prev, k.idle.next = &k.idle, &k.idle
	f.keeper = k
}

// Kept is how many processes are kept at the moment.
func (f *FS) Kept() int {
	k := f.keeper
	if k == nil {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held
}

// keepPeriod is how often what is not in use is looked through: who was not
// used for a whole period is let go.
const keepPeriod = 2 * time.Second

// keeper holds the kept processes of a root. A nil one keeps none.
type keeper struct {
	limit int

	sleepShown bool // who has a wait channel is off its CPU

	mu    sync.Mutex
	byPID map[int]*kept
	held  int  // all that exist, in byPID or not
	idle  kept // head of a ring of who has no user, the last used first
	round uint64
	timer *time.Timer // of the sweep; nil where nobody is idle
	ended bool
}

// take finds who is kept under a number, as one user more. The number may be
// another's by now: ask lives.
func (k *keeper) take(pid int) *kept {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.byPID[pid]
	if e == nil {
		return nil
	}
	if e.users == 0 {
		e.unlink()
	}
	e.users++
	return e
}

// admit keeps who was just opened and has one user. Where there is no room, or
// another user was quicker, it stays its opener's own.
func (k *keeper) admit(e *kept) {
	k.mu.Lock()
	var victim *kept
	full := k.held >= k.limit
	if full && k.idle.prev != &k.idle {
		victim = k.idle.prev
	}
	if !k.ended && k.byPID[e.process.pid] == nil && (!full || victim != nil) {
		k.forget(victim)
		k.held++
		k.byPID[e.process.pid] = e
		e.by, e.users, e.process.kept = k, 1, e
	} else {
		victim = nil
	}
	k.mu.Unlock()
	victim.close()
}

// has reports whether one is kept under the number.
func (k *keeper) has(pid int) bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.byPID[pid] != nil
}

// hasRoom reports whether a walk may keep one more: it leaves a quarter to those
// who are asked for by name.
func (k *keeper) hasRoom() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held < k.limit-k.limit/4
}

// forget takes who has no user out of everything; its descriptors are the
// caller's to close.
func (k *keeper) forget(e *kept) {
	if e == nil {
		return
	}
	e.unlink()
	k.held--
	if k.byPID[e.process.pid] == e {
		delete(k.byPID, e.process.pid)
	}
}

// disown has nobody else find e, which has exited; its users may go on.
func (k *keeper) disown(e *kept) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byPID[e.process.pid] == e {
		delete(k.byPID, e.process.pid)
	}
}

// give ends one user's use. The last one leaves e idle, or closes who will not
// be found any more.
func (k *keeper) give(e *kept) error {
	k.mu.Lock()
	if e.users == 0 {
		k.mu.Unlock()
		return unix.EBADF
	}
	e.users--
	last := e.users == 0
	found := k.byPID[e.process.pid] == e && !k.ended
	if last && found {
		k.rest(e)
	} else if last {
		k.held--
	}
	k.mu.Unlock()
	if last && !found {
		e.close()
	}
	return nil
}

func (k *keeper) rest(e *kept) {
	e.since = k.round
	e.prev, e.next = &k.idle, k.idle.next
	e.prev.next, e.next.prev = e, e
	if k.timer == nil {
		k.timer = time.AfterFunc(keepPeriod, k.sweep)
	}
}

// sweep closes who was idle for a period.
func (k *keeper) sweep() {
	k.mu.Lock()
	k.round++
	var old *kept
	for e := k.idle.prev; e != &k.idle && e.since+1 < k.round; e = k.idle.prev {
		k.forget(e)
		e.next, old = old, e
	}
	if k.timer != nil && k.idle.prev != &k.idle {
		k.timer.Reset(keepPeriod)
	} else {
		k.timer = nil
	}
	k.mu.Unlock()
	closeAll(old)
}

// end keeps nothing any more. Who is in use is closed by its last user.
func (k *keeper) end() {
	if k == nil {
		return
	}
	k.mu.Lock()
	k.ended = true
	if k.timer != nil {
		k.timer.Stop()
		k.timer = nil
	}
	var all *kept
	for e := k.idle.prev; e != &k.idle; e = k.idle.prev {
		k.forget(e)
		e.next, all = all, e
	}
	clear(k.byPID)
	k.mu.Unlock()
	closeAll(all)
}

func closeAll(e *kept) {
	for e != nil {
		next := e.next
		e.close()
		e = next
	}
}
