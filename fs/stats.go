package fs

import (
	"runtime"
	"runtime/metrics"

	"github.com/procfsd/procfsd/nodes"
)

// Stats are what a mount tells of itself. They name no caller and no target.
// Times are in seconds, sizes in bytes.
type Stats struct {
	Options  Options           `json:"options"`
	Version  string            `json:"version"` // of the daemon's program
	Uptime   float64           `json:"uptime"`
	Requests []RequestStats    `json:"requests"`
	Refusals map[string]uint64 `json:"refusals"` // how many requests got which errno
	Slots    []SlotStats       `json:"slots"`
	Waiting  int               `json:"waiting"` // requests that wait for a slot
	Files    LevelStats        `json:"open_files"`
	Texts    LevelStats        `json:"text_memory"`  // of open files
	Writes   LevelStats        `json:"write_memory"` // of writes under way
	Daemon   DaemonStats       `json:"daemon"`
}

// RequestStats are all requests of one kind, and how long they took from when
// they were read to when they were answered. The quantiles are upper bounds,
// an eighth too high at most.
type RequestStats struct {
	Kind   string  `json:"kind"` // as linux/fuse.h has it
	Count  uint64  `json:"count"`
	Failed uint64  `json:"failed"` // those that got an errno
	Mean   float64 `json:"mean"`
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// SlotStats are the slots of calls that block. A stuck one has outlived its
// deadline: its caller was refused, and the call has not come back yet.
type SlotStats struct {
	Kind  string `json:"kind"` // slow: took longer than it should; blocking: may block; table: looks at one process of many
	Used  int    `json:"used"`
	Limit int    `json:"limit"`
	Stuck int    `json:"stuck"`
}

// LevelStats are how much there is of something, and may be.
type LevelStats struct {
	Used  int `json:"used"`
	Limit int `json:"limit"`
}

// DaemonStats are what the daemon's process takes.
type DaemonStats struct {
	nodes.Usage
	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap"` // in use
}

func (r *raw) stats() (Stats, error) {
	usage, err := r.tree.Usage()
	if err != nil {
		return Stats{}, err
	}
	return Stats{
		Options: r.options, Version: r.options.Version, Uptime: seconds(r.now().Sub(r.began)),
		Requests: r.counters.requests(), Refusals: r.counters.refusals(),
		Slots: r.slotStats(), Waiting: r.waiting(),
		Files: r.handles.count.level(), Texts: r.memory.level(), Writes: r.writes.level(),
		Daemon: DaemonStats{Usage: usage, Goroutines: runtime.NumGoroutine(), Heap: heapInUse()},
	}, nil
}

// heapInUse does not stop the world, as runtime.ReadMemStats does.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func (r *raw) slotStats() []SlotStats {
	slow, blocking := r.requests.level(), r.slots.level()
	slow.Kind, blocking.Kind = "slow", "blocking"
	looks, stuck, limit := r.glances.Level()
	return []SlotStats{slow, blocking, {Kind: "table", Used: looks, Limit: limit, Stuck: stuck}}
}

func (r *raw) waiting() int {
	if r.watch == nil {
		return 0
	}
	return r.watch.waiting()
}

func (s *slots) level() SlotStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stuck := 0
	for _, n := range s.stuck {
		stuck += n
	}
	return SlotStats{Used: s.all, Limit: s.bounds.all, Stuck: stuck}
}

func (b *budget) level() LevelStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return LevelStats{Used: b.used, Limit: b.limit}
}
