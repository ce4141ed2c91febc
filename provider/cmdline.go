package provider

import "bytes"

// AppendCmdline appends /proc/PID/cmdline to dst: the arguments as the process
// left them, each ended by NUL unless it rewrote them; empty for a kernel
// thread. At most limit bytes, more is ErrTooBig.
func (d *dir) AppendCmdline(dst []byte, limit int) ([]byte, error) {
	out, err := d.Read("cmdline", dst, limit)
	if err == nil && d.mayBeCut(len(out)-len(dst), cap(dst)-len(dst)) {
		return dst, d.fail("read", "cmdline", ErrGone)
	}
	return out, err
}

// Cmdline reads the arguments (/proc/PID/cmdline) as the process left them:
// bytes, which need not be UTF-8. Empty ones are kept. A process that rewrote
// its title may give a single text; or empty ones at the end, where it filled
// the rest with NULs. Kernel threads and zombies have none, nor has a program
// for a moment after execve(2). More than 16 MiB is ErrTooBig. All arguments
// share one piece of memory.
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

// area reads a file of texts that end with NUL, out of the process's memory. A
// read that does not fill its room has come to the end.
func (d *dir) area(file string) ([]string, error) {
	buf := d.fs.buffer()
	defer d.fs.release(buf)
	room := cap(*buf)
	text, err := d.read(file, (*buf)[:0], maxArea, appendRecord)
	if err != nil {
		return nil, err
	}
	*buf = text
	if d.mayBeCut(len(text), room) {
		return nil, d.fail("read", file, ErrGone)
	}
	return splitNUL(text), nil
}

// mayBeCut reports whether the process may have ended between two reads of its
// memory, so that the text ends where the first did. room was there before.
func (d *dir) mayBeCut(size, room int) bool {
	return size >= max(room, readMore) && d.leaving()
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
