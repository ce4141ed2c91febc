package provider

import "bytes"

// AppendCmdline appends /proc/PID/cmdline to dst: the arguments as the process
// left them, each ended by NUL unless it rewrote them; empty for a kernel
// thread. At most limit bytes, more is ErrTooBig.
func (d *dir) AppendCmdline(dst []byte, limit int) ([]byte, error) {
	return d.read("cmdline", dst, limit, appendOnce)
}

// Cmdline reads the arguments (/proc/PID/cmdline) as the process left them:
// bytes, which need not be UTF-8. Empty ones are kept. A process that rewrote
// its title may give a single text; or empty ones at the end, where it filled
// the rest with NULs. Kernel threads and zombies have none, nor has a program
// for a moment after execve(2). More than 16 MiB, or 1,048,576
// arguments, is ErrTooBig. All arguments share one piece of memory.
func (d *dir) Cmdline() ([]string, error) {
	list, err := d.area("cmdline")
	if len(list) == 0 && err == nil {
		err = d.Alive()
	}
	return list, err
}

// ParseCmdline takes the text of cmdline apart: each argument ends with NUL,
// but the last may lack it. No text is wrong; the empty one has no arguments.
func ParseCmdline(b []byte) []string { return splitNUL(b) }

// maxArea bounds the texts that a process keeps in its own memory and may
// stretch. The kernel gives a new program 6 MiB for both.
const maxArea = 16 << 20

// maxArguments bounds the lists that are made of them: a process can fill its
// area with NULs, at no cost, each of which would be an empty text. The kernel
// gives a new program some 700,000 texts.
const maxArguments = 1 << 20

// area reads a file of texts that end with NUL, out of the process's memory.
func (d *dir) area(file string) ([]string, error) {
	buf := d.fs.buffer()
	defer d.fs.release(buf)
	text, err := d.read(file, (*buf)[:0], maxArea, appendOnce)
	if err != nil {
		return nil, err
	}
	*buf = text
	if bytes.Count(text, []byte{0}) > maxArguments {
		return nil, d.fail("read", file, ErrTooBig)
	}
	return splitNUL(text), nil
}

// splitNUL cuts b after each NUL. The texts share one copy of b.
func splitNUL(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	ends := bytes.Count(b, []byte{0})
	if b[len(b)-1] != 0 {
		ends++
	}
	all, list := string(b), make([]string, 0, ends)
	for start := 0; start < len(all); {
		size := bytes.IndexByte(b[start:], 0)
		if size < 0 {
			size = len(all) - start
		}
		list = append(list, all[start:start+size])
		start += size + 1
	}
	return list
}
