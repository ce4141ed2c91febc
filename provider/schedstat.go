package provider

// Schedstat is /proc/PID/schedstat (2.6.9, CONFIG_SCHED_INFO). It counts one
// thread: a process shows its main thread's, a Task its own. It is all zero
// where the kernel gathers no such figures.
type Schedstat struct {
	SumExecRuntime uint64 // nanoseconds on a CPU
	RunDelay       uint64 // nanoseconds waiting for a CPU
	PCount         uint64 // how often it was given a CPU
}

// ParseSchedstat reads the text of a schedstat file: three numbers. Numbers
// that a later kernel adds are skipped.
func ParseSchedstat(b []byte) (Schedstat, error) {
	var s Schedstat
	err := s.Parse(b)
	return s, err
}

// Parse is ParseSchedstat into s. It allocates nothing but its errors; after
// an error s is zero.
func (s *Schedstat) Parse(b []byte) error {
	*s = Schedstat{}
	var v [3]uint64
	if !numberLine(v[:], b) {
		return malformed("schedstat", "not three numbers")
	}
	*s = Schedstat{SumExecRuntime: v[0], RunDelay: v[1], PCount: v[2]}
	return nil
}

// Schedstat reads /proc/PID/schedstat into s.
func (d *dir) Schedstat(s *Schedstat) error { return d.parse("schedstat", s) }
