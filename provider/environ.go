package provider

import (
	"errors"
	"strings"
)

// AppendEnviron appends /proc/PID/environ to dst: the environment that the
// program was started with, each entry ended by NUL; what the process changes
// later mostly does not show. At most limit bytes, more is ErrTooBig. Otherwise
// it is as Environ.
func (d *dir) AppendEnviron(dst []byte, limit int) ([]byte, error) {
	return d.readMemory("environ", dst, limit)
}

// Environ reads the environment that the program was started with
// (/proc/PID/environ), in the form of [os.Environ]: in order, with duplicates
// and with entries that lack a '='. Bytes need not be UTF-8. Kernel threads
// have none, nor has a program for a moment after execve(2); a zombie's is
// ErrGone. More than 16 MiB, or 1,048,576 entries, is ErrTooBig. All entries
// share one piece of memory. It takes the right to inspect the process
// (PTRACE_MODE_READ_FSCREDS).
func (d *dir) Environ() ([]string, error) {
	list, err := d.area("environ")
	if len(list) == 0 {
		err = d.noMemory("environ", err)
	}
	return list, err
}

// ParseEnviron takes the text of environ apart: each entry ends with NUL, but
// the last may lack it. No text is wrong; the empty one has no entries.
func ParseEnviron(b []byte) []string { return splitNUL(b) }

// LookupEnviron finds a variable in such a list as getenv(3) does: the first
// of that name.
func LookupEnviron(environ []string, name string) (value string, ok bool) {
	for _, entry := range environ {
		key, value, ok := strings.Cut(entry, "=")
		if ok && key == name {
			return value, true
		}
	}
	return "", false
}

// readMemory is Read of a file that the kernel takes out of the process's
// memory.
func (d *dir) readMemory(file string, dst []byte, limit int) ([]byte, error) {
	out, err := d.read(file, dst, limit, appendOnce)
	if len(out) == len(dst) {
		return dst, d.noMemory(file, err)
	}
	return out, nil
}

// noMemory tells what it means that nothing, or err, was read of such a file.
// Kernels differ in whether it is empty for who has no memory or cannot be
// opened; so a kernel thread's is empty, and who has exited is gone.
func (d *dir) noMemory(file string, err error) error {
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	var s Stat
	if err := d.Stat(&s); err != nil {
		return err
	}
	if s.State.Dead() || s.Flags.Has(PFExiting) || err != nil && !s.KernelThread() {
		return d.fail("read", file, ErrGone)
	}
	return nil
}
