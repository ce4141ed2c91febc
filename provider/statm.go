package provider

// Statm is /proc/PID/statm: sizes in pages (see [SystemInfo.Bytes]). It is all
// zero for a zombie and for a kernel thread.
type Statm struct {
	Size     uint64 // the whole address space; VmSize of status
	Resident uint64 // VmRSS of status; inexact from 2.6.34 to 6.15
	Shared   uint64 // resident file and shared memory; RssFile + RssShmem of status
	Text     uint64 // code
	Lib      uint64 // always 0 since 2.6
	Data     uint64 // data and stack
	DT       uint64 // always 0 since 2.6
}

// ParseStatm reads the text of a statm file: seven numbers. Numbers that a
// later kernel adds are skipped.
func ParseStatm(b []byte) (Statm, error) {
	var s Statm
	err := s.Parse(b)
	return s, err
}

// Parse is ParseStatm into s. It allocates nothing but its errors; after an
// error s is zero.
func (s *Statm) Parse(b []byte) error {
	*s = Statm{}
	var v [7]uint64
	if !numberLine(v[:], b) {
		return malformed("statm", "not seven numbers")
	}
	*s = Statm{Size: v[0], Resident: v[1], Shared: v[2], Text: v[3], Lib: v[4], Data: v[5], DT: v[6]}
	return nil
}

// Statm reads /proc/PID/statm into s.
func (d *dir) Statm(s *Statm) error { return d.parse("statm", s) }

// numberLine reads a line of decimal numbers with one blank between two: at
// least as many as v has room for.
func numberLine(v []uint64, b []byte) bool {
	for i := 0; ; i++ {
		u, n := decimal(b)
		if n == 0 || n == len(b) {
			return false
		}
		if i < len(v) {
			v[i] = u
		}
		if b[n] == '\n' {
			return n+1 == len(b) && i+1 >= len(v)
		}
		if b[n] != ' ' {
			return false
		}
		b = b[n+1:]
	}
}
