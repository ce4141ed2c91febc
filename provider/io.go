package provider

import "bytes"

// IO is /proc/PID/io (2.6.20, CONFIG_TASK_IO_ACCOUNTING): what a process has
// read and written so far, its ended threads and waited-for children included;
// of a Task, the one thread. A counter that the kernel did not list is zero;
// Has tells it from one that is 0.
type IO struct {
	RChar               uint64 // bytes that read(2) and its like have given, from wherever
	WChar               uint64 // bytes that write(2) and its like have taken
	SyscR               uint64 // calls of the read kind
	SyscW               uint64 // calls of the write kind
	ReadBytes           uint64 // bytes fetched from storage
	WriteBytes          uint64 // bytes sent, or to be sent, to storage
	CancelledWriteBytes uint64 // of those, bytes that it then kept from being sent by truncating

	// Unknown holds the lines of counters unknown here, without newline.
	Unknown [][]byte

	has uint8
}

// IOField names one line of io, for IO.Has.
type IOField uint8

// The lines in the order of the file.
const (
	IORChar IOField = iota
	IOWChar
	IOSyscR
	IOSyscW
	IOReadBytes
	IOWriteBytes
	IOCancelledWriteBytes

	ioFields
)

var ioKeys = [ioFields]string{
	"rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes", "cancelled_write_bytes",
}

// String gives the key of the line, such as "read_bytes".
func (f IOField) String() string {
	if f >= ioFields {
		return "unknown field"
	}
	return ioKeys[f]
}

// ParseIO reads the text of an io file. Lines that are missing, and those of
// counters unknown here, are no error; a text that lists no counter at all, or
// lacks its final newline, is ErrMalformed.
func ParseIO(b []byte) (IO, error) {
	var i IO
	err := i.Parse(b)
	return i, err
}

// Parse is ParseIO into i. It reuses the room of Unknown and allocates nothing
// else but its errors; after an error i is zero.
func (i *IO) Parse(b []byte) error {
	*i = IO{Unknown: i.Unknown[:0]}
	next := IOField(0)
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return i.fail("no newline at the end")
		}
		f := findIO(b[:n], next)
		if f == ioFields {
			i.Unknown = appendLine(i.Unknown, b[:n])
		} else if !i.set(f, b[len(ioKeys[f])+1:n]) {
			return i.fail(ioKeys[f])
		} else {
			next = (f + 1) % ioFields
		}
		b = b[n+1:]
	}
	if i.has == 0 {
		return i.fail("no counters")
	}
	return nil
}

func (i *IO) fail(what string) error {
	*i = IO{}
	return malformed("io", what)
}

// findIO tells whose line this is, trying next first.
func findIO(line []byte, next IOField) IOField {
	for range ioFields {
		key := ioKeys[next]
		if len(line) > len(key) && line[len(key)] == ':' && string(line[:len(key)]) == key {
			return next
		}
		next = (next + 1) % ioFields
	}
	return ioFields
}

func (i *IO) set(f IOField, value []byte) bool {
	v, ok := uintField(value)
	if !ok {
		return false
	}
	*i.at(f) = v
	i.has |= 1 << f
	return true
}

func (i *IO) at(f IOField) *uint64 {
	return [ioFields]*uint64{
		&i.RChar, &i.WChar, &i.SyscR, &i.SyscW, &i.ReadBytes, &i.WriteBytes, &i.CancelledWriteBytes,
	}[f]
}

// Has reports whether the kernel listed that counter.
func (i *IO) Has(f IOField) bool { return f < ioFields && i.has>>f&1 != 0 }

// IO reads /proc/PID/io into i. It takes the right to inspect the process
// (PTRACE_MODE_READ_FSCREDS).
func (d *dir) IO(i *IO) error { return d.parse("io", i) }
