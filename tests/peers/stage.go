package main

import (
	"fmt"
	"os"
	"os/exec"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// A stage is what is measured on: two targets, and a crowd of sleeping
// processes to walk over. All are children of ours; the kernel kills them
// should we die without closing the stage.
type stage struct {
	fd           int          // an O_PATH descriptor of /proc
	own          *provider.FS // the same
	files        string       // a directory of files for the targets to map
	small, large *target
	crowd        []*exec.Cmd
}

const (
	smallMappings = 135
	largeMappings = 1134
)

// newStage starts everything; the caller closes it.
func newStage(processes int) (*stage, error) {
	s := &stage{fd: -1}
	if err := s.start(processes); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) start(processes int) (err error) {
	if s.fd, err = open(unix.AT_FDCWD, cname("/proc"), unix.O_PATH|unix.O_DIRECTORY); err != nil {
		return fmt.Errorf("/proc: %w", err)
	}
	if s.own, err = provider.OpenFS("/proc"); err != nil {
		return err
	}
	if s.files, err = makeFiles(); err != nil {
		return err
	}
	if s.small, err = startTarget(s, smallMappings); err != nil {
		return err
	}
	if s.large, err = startTarget(s, largeMappings); err != nil {
		return err
	}
	for range processes {
		c := ownChild(exec.Command("sleep", "86400"))
		if err := c.Start(); err != nil {
			return err
		}
		s.crowd = append(s.crowd, c)
	}
	return nil
}

// close ends and reaps all children and removes the files.
func (s *stage) close() {
	for _, c := range s.crowd {
		c.Process.Kill()
	}
	for _, c := range s.crowd {
		c.Wait()
	}
	for _, t := range []*target{s.small, s.large} {
		if t != nil {
			t.close()
		}
	}
	if s.files != "" {
		os.RemoveAll(s.files)
	}
	if s.own != nil {
		s.own.Close()
	}
	if s.fd >= 0 {
		closeFD(s.fd)
	}
}

// ownChild makes a command die with us, and not with a key at the terminal:
// that is for us to answer.
func ownChild(c *exec.Cmd) *exec.Cmd {
	c.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL, Setpgid: true}
	return c
}

// fileCount and filePages are of the files that stand for shared libraries.
const (
	fileCount = 24
	filePages = 4
)

func makeFiles() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "procfsd-peers"); err != nil {
		return "", err
	}
	for i := range fileCount {
		if err := os.WriteFile(libraryName(dir, i), make([]byte, filePages*os.Getpagesize()), 0o600); err != nil {
			os.RemoveAll(dir)
			return "", err
		}
	}
	return dir, nil
}

func libraryName(dir string, i int) string { return fmt.Sprintf("%s/libordinary-%02d.so.1", dir, i) }
