package nodes

import (
	"runtime/debug"
	"time"
)

// giantMap is a text whose memory is worth giving back: that of some ten
// thousand mappings.
const giantMap = 1 << 20

// giveBackDelay is how long after a giant's end its memory is given back, and
// so how long at least lies between two times.
const giveBackDelay = 5 * time.Second

// giveBackSoon returns the memory of what is garbage soon to the system. The
// runtime alone would wait for minutes, for an idle daemon makes no garbage.
func giveBackSoon() {
	asked := time.Now()
	time.AfterFunc(giveBackDelay, func() { giveBack(asked) })
}

// giveBack collects what has been garbage since then, unless that has been
// done: what a collection frees the runtime returns by itself.
func giveBack(since time.Time) bool {
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	if stats.LastGC.After(since) {
		return false
	}
	debug.FreeOSMemory()
	return true
}
