package main

// An item is a question that is put to every library.
type item struct {
	name  string
	key   string  // in the tables of implementations, where it differs from name
	large bool    // asked of the large target
	most  float64 // floors that procfsd may take; 0 where none are promised
	floor impl
}

// impl makes the probe of an implementation for a target.
type impl func(*target) *probe

// impls are a library's implementations by the item's key. What is missing
// shows as "–".
type impls map[string]impl

// A probe is one implementation of one item, ready to be called.
type probe struct {
	call  func() error          // what is timed
	facts func() (facts, error) // what the last call found; not timed
}

// libraries in the order of the table's columns, after the floor.
var libraries = []struct {
	name  string
	impls impls
}{
	{"procfsd", ours},
	{"prometheus/procfs", prometheus},
	{"gopsutil", gopsutil},
}

// items in the order of the table's rows.
var items = []item{
	{name: "stat", most: 1.15, floor: oneRead("stat", statFacts)},
	{name: "open + stat", floor: openStat},
	{name: "status", most: 1.15, floor: oneRead("status", statusFacts)},
	{name: "statm", most: 1.15, floor: oneRead("statm", statmFacts)},
	{name: "io", most: 1.15, floor: oneRead("io", ioFacts)},
	{name: "schedstat", most: 1.15, floor: oneRead("schedstat", schedstatFacts)},
	{name: "limits", most: 1.15, floor: oneRead("limits", limitsFacts)},
	{name: "maps (135)", key: "maps", most: 1.15, floor: toEnd("maps", mapsFacts)},
	{name: "maps (1134)", key: "maps", large: true, most: 1.15, floor: toEnd("maps", mapsFacts)},
	{name: "maps (135), as a list", key: "maps list", floor: toEnd("maps", mapsFacts)},
	{name: "maps (1134), as a list", key: "maps list", large: true, floor: toEnd("maps", mapsFacts)},
	{name: "smaps (135)", key: "smaps", most: 1.25, floor: toEnd("smaps", smapsFacts)},
	{name: "smaps (1134)", key: "smaps", large: true, most: 1.25, floor: toEnd("smaps", smapsFacts)},
	{name: "smaps (135), as a list", key: "smaps list", floor: toEnd("smaps", smapsFacts)},
	{name: "smaps (1134), as a list", key: "smaps list", large: true, floor: toEnd("smaps", smapsFacts)},
	{name: "smaps_rollup", floor: oneRead("smaps_rollup", rollupFacts)},
	{name: "fd targets (64)", key: "fd targets", floor: links("fd", fdFacts)},
	{name: "fd targets and modes (64)", key: "fd modes", floor: links("fd", fdFacts)},
	{name: "fd count", floor: statSize("fd", fdFacts)},
	{name: "mountinfo", most: 1.2, floor: toEnd("mountinfo", mountinfoFacts)},
	{name: "mountinfo, as a list", key: "mountinfo list", floor: toEnd("mountinfo", mountinfoFacts)},
	{name: "cmdline", floor: toEnd("cmdline", cmdlineFacts)},
	{name: "environ", most: 1.2, floor: toEnd("environ", environFacts)},
	{name: "cgroup", floor: toEnd("cgroup", cgroupFacts)},
	{name: "exe", floor: link("exe", exeFacts)},
	{name: "namespaces", floor: links("ns", namespaceFacts)},
	{name: "one address (135)", key: "address", floor: toEnd("maps", addressFacts)},
	{name: "one address (1134)", key: "address", large: true, floor: toEnd("maps", addressFacts)},
	{name: "one address (1134), maps kept open", key: "address again", large: true, floor: toEnd("maps", addressFacts)},
	{name: "list pids", floor: list},
	{name: "walk + stat", most: 1.15, floor: walk("stat")},
	{name: "walk + status", most: 1.25, floor: walk("status")},
	{name: "walk + pinned stat", floor: walk("stat")},
	{name: "walk + pinned status", floor: walk("status")},
	{name: "stat, sampled again", key: "sampled stat", most: 0.55, floor: oneRead("stat", statFacts)},
	{name: "status, sampled again", key: "sampled status", floor: oneRead("status", statusFacts)},
}

func (i item) implKey() string {
	if i.key != "" {
		return i.key
	}
	return i.name
}

// of makes a probe of a function that gives a value; tell says what is in it.
func of[T any](get func() (T, error), tell func(T) facts) *probe {
	var last T
	return &probe{
		call: func() (err error) {
			last, err = get()
			return err
		},
		facts: func() (facts, error) { return tell(last), nil },
	}
}
