package provider

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Every process of this machine, in the kernel's words of today.
func TestParseLiveProcesses(t *testing.T) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	if len(dirs) == 0 {
		cannot(t, "no /proc here")
	}
	var s Status
	for _, dir := range dirs {
		live(t, dir+"/stat", func(b []byte) error { _, err := ParseStat(b); return err })
		live(t, dir+"/comm", func(b []byte) error { _, err := ParseComm(b); return err })
		live(t, dir+"/status", func(b []byte) error {
			err := s.Parse(b)
			for _, line := range s.Unknown {
				t.Logf("%s: unknown line %q", dir, line)
			}
			return err
		})
		live(t, dir+"/limits", func(b []byte) error { _, err := ParseLimits(b); return err })
		live(t, dir+"/maps", func(b []byte) error {
			for _, err := range Mappings(b) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		live(t, dir+"/smaps_rollup", func(b []byte) error { _, err := ParseSmapsRollup(b); return err })
		liveSmaps(t, dir)
	}
}

// live parses one file, unless the process is gone or closed to us.
func live(t *testing.T, file string, parse func([]byte) error) {
	t.Helper()
	b, err := readPatiently(t, file)
	if err != nil || len(b) == 0 {
		return
	}
	if err := parse(b); err != nil {
		t.Errorf("%s: %v\n%s", file, err, b)
	}
}

func liveSmaps(t *testing.T, dir string) {
	t.Helper()
	b, err := readPatiently(t, dir+"/smaps")
	if err != nil {
		return
	}
	err = ReadSmaps(bytes.NewReader(b), nil, func(s *Smap) error {
		for _, line := range s.Unknown {
			t.Logf("%s: unknown line %q", dir, line)
		}
		return nil
	})
	if err != nil {
		t.Errorf("%s/smaps: %v", dir, err)
	}
}

// readPatiently leaves alone what is stuck: somebody else's process may wait
// for a file system that does not answer, and its memory with it.
func readPatiently(t *testing.T, file string) ([]byte, error) {
	t.Helper()
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := os.ReadFile(file)
		done <- result{b, err}
	}()
	select {
	case r := <-done:
		return r.b, r.err
	case <-time.After(10 * time.Second):
		t.Logf("%s does not answer", file)
		return nil, os.ErrDeadlineExceeded
	}
}
