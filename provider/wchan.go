package provider

import (
	"errors"
	"io/fs"
)

// wchanMost is KSYM_NAME_LEN, the longest symbol with its NUL, since Linux 6.1.
const wchanMost = 512

// ParseWChan reads the text of a wchan file: the name of a kernel function, or
// "0" or nothing, which both give "". Kernels before 4.4 may write an address
// for a function that they cannot name.
func ParseWChan(b []byte) (string, error) {
	if len(b) > 0 && b[len(b)-1] == '\n' { // not Linux's, but others' who imitate it
		b = b[:len(b)-1]
	}
	if len(b) >= wchanMost {
		return "", malformed("wchan", "name too long")
	}
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return "", malformed("wchan", "no name")
		}
	}
	if string(b) == "0" {
		return "", nil
	}
	return string(b), nil
}

// WChan is the kernel function in which the thread sleeps (/proc/PID/wchan,
// 2.6.0, CONFIG_KALLSYMS); a process shows its main thread's. It is "" where it does
// not sleep, and to those who may not inspect the process
// (PTRACE_MODE_READ_FSCREDS): the kernel does not tell the two apart.
func (d *dir) WChan() (string, error) { return scalar(d, "wchan", ParseWChan) }

// WChan is the kernel function in which the process's main thread
// sleeps (/proc/PID/wchan); "" where it is not to be known: to this caller,
// in this kernel, or because the process runs.
func (c *Caller) WChan(p *Process) (string, error) {
	text, err := c.AppendWChan(nil, p)
	return string(text), err
}

// AppendWChan is WChan which appends to dst.
func (c *Caller) AppendWChan(dst []byte, p *Process) ([]byte, error) {
	text := dst
	before, asked := p.beforeLook()
	err := c.doOwn(p, "read", "wchan", func() (err error) {
		text, err = p.appendKept(dst, keptWChan, wchanRoom)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotSupported):
		return dst, nil
	case err != nil || string(text[len(dst):]) == "0":
		return dst, err
	}
	if asked {
		p.sleeps(before)
	}
	return text, nil
}

// wchanRoom bounds the text that is read.
const wchanRoom = 4096
