package provider

import "golang.org/x/sys/unix"

// Sampler reads files of one process again and again without opening and closing
// them, which is most of the price of a small file: it keeps each open after its
// first use and reads it anew from the start. It is for monitors, costs one
// descriptor and one more for each file, and is bound to the process as its
// Process is, which may be closed meanwhile. It is used by one goroutine at a
// time.
type Sampler struct {
	dir   dir
	files [sampled]int // descriptors, closed where not yet opened
	buf   []byte
}

// The files that a Sampler can keep.
const (
	sampleStat = iota
	sampleStatus
	sampleStatm
	sampleIO
	sampleSchedstat

	sampled
)

var sampleNames = [sampled]string{"stat", "status", "statm", "io", "schedstat"}

// Sampler makes a sampler of the process or thread. It opens none of its files
// yet.
func (d *dir) Sampler() (*Sampler, error) {
	own, err := d.dup()
	if err != nil {
		return nil, err
	}
	s := &Sampler{dir: own, buf: make([]byte, 0, 4096)}
	for i := range s.files {
		s.files[i] = closed
	}
	return s, nil
}

// Close releases all descriptors.
func (s *Sampler) Close() error {
	for i, fd := range s.files {
		if fd != closed {
			unix.Close(fd)
			s.files[i] = closed
		}
	}
	return s.dir.Close()
}

// Stat reads /proc/PID/stat into v.
func (s *Sampler) Stat(v *Stat) error { return s.sample(sampleStat, v) }

// Status reads /proc/PID/status into v, reusing its lists.
func (s *Sampler) Status(v *Status) error { return s.sample(sampleStatus, v) }

// Statm reads /proc/PID/statm into v.
func (s *Sampler) Statm(v *Statm) error { return s.sample(sampleStatm, v) }

// IO reads /proc/PID/io into v. The right to do so is asked for each time.
func (s *Sampler) IO(v *IO) error { return s.sample(sampleIO, v) }

// Schedstat reads /proc/PID/schedstat into v.
func (s *Sampler) Schedstat(v *Schedstat) error { return s.sample(sampleSchedstat, v) }

func (s *Sampler) sample(file int, into Parser) error {
	fd, err := s.open(file)
	if err != nil {
		return err
	}
	text, err := preadRecord(s.buf[:0], fd, maxText)
	if err != nil {
		return s.dir.fail("read", sampleNames[file], err)
	}
	s.buf = text
	return s.dir.parsed(sampleNames[file], text, into)
}

func (s *Sampler) open(file int) (int, error) {
	if s.files[file] != closed {
		return s.files[file], nil
	}
	fd, err := s.dir.open(sampleNames[file], unix.O_RDONLY)
	if err == nil {
		s.files[file] = fd
	}
	return fd, err
}
