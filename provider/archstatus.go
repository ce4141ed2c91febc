package provider

import (
	"bytes"
	"math"
	"time"
)

// ArchStatus is /proc/PID/arch_status (5.3): what only some processors tell.
type ArchStatus struct {
	// AVX512Elapsed is how long ago the kernel last saw AVX-512 registers in
	// use as it switched away, in milliseconds there; negative: never. It is a
	// hint only, and nothing without HasAVX512.
	AVX512Elapsed time.Duration
	HasAVX512     bool
	Unknown       []string // lines that are unknown here
}

// ParseArchStatus reads the text of an arch_status file, which is empty for
// kernel threads and on processors with nothing to tell.
func ParseArchStatus(b []byte) (ArchStatus, error) {
	var s ArchStatus
	err := s.Parse(b)
	return s, err
}

// Parse is ParseArchStatus into s. It allocates nothing but its errors and
// unknown lines; after an error s is zero.
func (s *ArchStatus) Parse(b []byte) error {
	*s = ArchStatus{}
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 || !s.line(b[:n]) {
			*s = ArchStatus{}
			return malformed("arch_status", "not of its form")
		}
		b = b[n+1:]
	}
	return nil
}

func (s *ArchStatus) line(b []byte) bool {
	value, ok := bytes.CutPrefix(b, []byte("AVX512_elapsed_ms:"))
	if !ok {
		s.Unknown = append(s.Unknown, string(b))
		return true
	}
	value = value[skipBlanks(value, 0):]
	ms, n := signed(value)
	const most = math.MaxInt64 / int64(time.Millisecond)
	if n == 0 || n < len(value) || ms > most || ms < -most {
		return false
	}
	s.AVX512Elapsed, s.HasAVX512 = time.Duration(ms)*time.Millisecond, true
	return true
}

// ArchStatus reads /proc/PID/arch_status (5.3) into s. ErrNotSupported where
// the architecture has none: only x86 has.
func (d *dir) ArchStatus(s *ArchStatus) error { return d.lendWhole("arch_status", s.Parse) }
