package provider

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A thread changes its own ids and nobody else's, so it has to run for that; and
// how long it ran, and how often, is cheaper to read than its ids.

// keptIDs are the ids of a status that was read while the main thread slept, and
// how much it had run by then. They hold as long as it has not run since.
type keptIDs struct {
	mu     sync.Mutex
	missed int       // how often in turn they were of no use
	tried  bool      // to use them, at the last question
	asleep bool      // it was off its CPU when it had run so much:
	ran    Schedstat // without RunDelay
	held   bool      // what follows was read then or later

	tgid, pid int
	uid, gid  IDs
	groups    []uint32
	nsPID     []int
}

// idsFields are what StatusIDs gives.
const idsFields = 1<<StatusTGID | 1<<StatusPID | 1<<StatusUID | 1<<StatusGID | 1<<StatusGroups | 1<<StatusNSPID

// StatusIDs is StatusHead for the ids alone: TGID, PID, UID, GID, Groups and
// NSPID. Of a process that its root keeps ([FS.Keep]), which seen, its stat of
// just now, shows asleep, and whose main thread has not run since it was last
// asked for its ids and its [Caller.WChan], it is known without reading status.
func (p *Process) StatusIDs(s *Status, seen *Stat) error {
	k := p.kept
	if k == nil || !k.by.sleepShown || seen.State == StateRunning || seen.State.Dead() || !k.ids.worthwhile() {
		return p.StatusHead(s)
	}
	ran, ok := k.ran()
	if ok && k.ids.give(s, ran) {
		return nil
	}
	if err := p.StatusHead(s); err != nil {
		return err
	}
	if after, still := k.ran(); ok && still && after == ran {
		k.ids.take(s, ran)
	}
	return nil
}

// ran is how long the main thread has run, and how often; false where this
// kernel does not count that.
func (e *kept) ran() (ran Schedstat, ok bool) {
	fd, err := e.file(keptSchedstat)
	if err != nil {
		return ran, false
	}
	var buf [128]byte
	n, err := pread(fd, buf[:], 0)
	if err != nil || n <= 0 || ran.Parse(buf[:n]) != nil {
		return Schedstat{}, false
	}
	ran.RunDelay = 0 // grows while it waits
	return ran, ran != Schedstat{}
}

// worthwhile: of who runs all the time it is not tried each time.
func (i *keptIDs) worthwhile() bool {
	const often, seldom = 4, 16
	i.mu.Lock()
	defer i.mu.Unlock()
	i.missed++
	i.tried = i.missed <= often || i.missed%seldom < 3 // asleep, then read, then of use
	return i.tried
}

func (i *keptIDs) give(s *Status, ran Schedstat) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.held = i.held && i.ran == ran; !i.held {
		return false
	}
	i.missed = 0
	s.reset()
	s.TGID, s.PID, s.UID, s.GID = i.tgid, i.pid, i.uid, i.gid
	s.Groups = append(s.Groups, i.groups...)
	s.NSPID = append(s.NSPID, i.nsPID...)
	s.has = idsFields
	return true
}

// take holds what was read while the thread had run so much, before and after,
// if it was seen asleep then: it has not run since.
func (i *keptIDs) take(s *Status, ran Schedstat) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.asleep || i.ran != ran || len(s.Groups) > groupsRoom || len(s.NSPID) == 0 { // too long, or of an old kernel
		return
	}
	i.held = true
	i.tgid, i.pid, i.uid, i.gid = s.TGID, s.PID, s.UID, s.GID
	i.groups = append(i.groups[:0], s.Groups...)
	i.nsPID = append(i.nsPID[:0], s.NSPID...)
}

// beforeLook and sleeps go around a look that shows the thread off its CPU.
func (p *Process) beforeLook() (ran Schedstat, ok bool) {
	if p.kept == nil || !p.kept.ids.wants() {
		return ran, false
	}
	return p.kept.ran()
}

func (i *keptIDs) wants() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.tried && !i.held
}

// sleeps: if it has run no more than before the look, it is the same sleep.
func (p *Process) sleeps(before Schedstat) {
	if after, ok := p.kept.ran(); !ok || after != before {
		return
	}
	i := &p.kept.ids
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.held {
		i.asleep, i.ran = true, before
	}
}

// kernelIsAtLeast compares the running kernel's version.
func kernelIsAtLeast(major, minor uint64) bool {
	var uts unix.Utsname
	if unix.Uname(&uts) != nil {
		return false
	}
	release := unix.ByteSliceToString(uts.Release[:])
	first, n := decimal([]byte(release))
	if n == 0 || n >= len(release) || release[n] != '.' {
		return false
	}
	second, m := decimal([]byte(release[n+1:]))
	return m > 0 && (first > major || first == major && second >= minor)
}
