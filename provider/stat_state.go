package provider

// ProcState is the letter with which stat and status show what a process does.
// A letter unknown here is kept as it is.
type ProcState byte

const (
	StateRunning  ProcState = 'R'
	StateSleeping ProcState = 'S'
	StateWaiting  ProcState = 'D' // uninterruptible
	StateZombie   ProcState = 'Z'
	StateStopped  ProcState = 'T'
	StateTracing  ProcState = 't' // stopped by a tracer (2.6.33)
	StateDead     ProcState = 'X' // 'x' in 2.6.33 to 3.13
	StateWakekill ProcState = 'K' // 2.6.33 to 3.13
	StateWaking   ProcState = 'W' // 2.6.33 to 3.13
	StateParked   ProcState = 'P' // 3.9
	StateIdle     ProcState = 'I' // kernel threads only (4.14)
)

// Dead reports whether the task has exited: Z, X or x.
func (s ProcState) Dead() bool { return s == StateZombie || s == StateDead || s == 'x' }

// String gives the state's name, or "unknown" and the letter.
func (s ProcState) String() string {
	switch s {
	case StateRunning:
		return "running"
	case StateSleeping:
		return "sleeping"
	case StateWaiting:
		return "waiting"
	case StateZombie:
		return "zombie"
	case StateStopped:
		return "stopped"
	case StateTracing:
		return "tracing"
	case StateDead, 'x':
		return "dead"
	case StateWakekill:
		return "wakekill"
	case StateWaking:
		return "waking"
	case StateParked:
		return "parked"
	case StateIdle:
		return "idle"
	}
	return "unknown " + string(rune(s))
}
