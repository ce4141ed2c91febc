package provider

// ProcState is the letter with which stat and status show what a process does.
// A letter unknown here is kept as it is.
type ProcState byte

const (
	Running  ProcState = 'R'
	Sleeping ProcState = 'S'
	Waiting  ProcState = 'D' // uninterruptible
	Zombie   ProcState = 'Z'
	Stopped  ProcState = 'T'
	Tracing  ProcState = 't' // stopped by a tracer (2.6.33)
	Dead     ProcState = 'X' // 'x' in 2.6.33 to 3.13
	Wakekill ProcState = 'K' // 2.6.33 to 3.13
	Waking   ProcState = 'W' // 2.6.33 to 3.13
	Parked   ProcState = 'P' // 3.9
	Idle     ProcState = 'I' // kernel threads only (4.14)
)

// Dead reports whether the task has exited: Z, X or x.
func (s ProcState) Dead() bool { return s == Zombie || s == Dead || s == 'x' }

// String gives the state's name, or "unknown" and the letter.
func (s ProcState) String() string {
	switch s {
	case Running:
		return "running"
	case Sleeping:
		return "sleeping"
	case Waiting:
		return "waiting"
	case Zombie:
		return "zombie"
	case Stopped:
		return "stopped"
	case Tracing:
		return "tracing"
	case Dead, 'x':
		return "dead"
	case Wakekill:
		return "wakekill"
	case Waking:
		return "waking"
	case Parked:
		return "parked"
	case Idle:
		return "idle"
	}
	return "unknown " + string(rune(s))
}
