package provider

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A thread changes its own ids and nobody else's, so it has to run for that; and
// how long it ran, and how often, is cheaper to read than its ids.

// keptIDs are the ids in a status, and how long the main thread had run before
// it was read. They hold as long as it has not run since; which is sure once it
// was seen off its CPU after that, as then its running time was complete.
type keptIDs struct {
	mu     sync.Mutex
	read   uint32 // how often status was
	sure   bool
	ran    Schedstat
	missed int // how often in turn it had run, or was not seen to sleep

	tgid, pid int // pid is 0 where nothing is held
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
	if ok {
		k.ids.take(s, ran)
	}
	return nil
}

// ran is how long the main thread has run; false where this kernel does not
// count that.
func (e *kept) ran() (ran Schedstat, ok bool) {
	fd, err := e.file(keptSchedstat)
	if err != nil {
		return ran, false
	}
	var buf [128]byte
	n, err := unix.Pread(fd, buf[:], 0)
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
	return i.missed <= often || i.missed%seldom == 0
}

func (i *keptIDs) give(s *Status, ran Schedstat) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.sure || i.ran != ran {
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

// take keeps what was read after the thread had run for so long.
func (i *keptIDs) take(s *Status, ran Schedstat) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.read++
	i.sure, i.ran = false, ran
	if len(s.Groups) > groupsRoom || len(s.NSPID) == 0 { // too long, or of an old kernel
		i.pid = 0
		return
	}
	i.tgid, i.pid, i.uid, i.gid = s.TGID, s.PID, s.UID, s.GID
	i.groups = append(i.groups[:0], s.Groups...)
	i.nsPID = append(i.nsPID[:0], s.NSPID...)
}

// idsRead and idsSlept go around a look that shows the thread asleep.
func (p *Process) idsRead() uint32 {
	if p.kept == nil {
		return 0
	}
	i := &p.kept.ids
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.read
}

func (p *Process) idsSlept(before uint32) {
	if p.kept == nil {
		return
	}
	i := &p.kept.ids
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.read == before && before != 0 && i.pid != 0 {
		i.sure = true
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
