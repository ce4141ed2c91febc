package provider

import (
	"bytes"
	"io"
	"iter"
	"math"
	"strconv"
)

// UnixSocket is one entry of /proc/PID/net/unix.
type UnixSocket struct {
	RefCount uint32    // of the kernel's references
	Protocol uint32    // 0
	Flags    uint32    // 0x10000: see Listening
	Type     uint16    // 1 SOCK_STREAM, 2 SOCK_DGRAM, 5 SOCK_SEQPACKET
	State    UnixState // of an established or listening socket's life
	Inode    uint64    // of the socket, as in "socket:[inode]"; 0 where no process holds it

	// Path is the name that the socket is bound to, byte for byte, and empty
	// where it is bound to none. It need not be UTF-8, and may hold blanks and
	// newlines. An abstract name begins with '@' and has '@' for each of its
	// NULs: so a path that begins with a true '@' looks the same.
	Path string
}

// unixAccept is __SO_ACCEPTCON of <linux/net.h>.
const unixAccept = 1 << 16

// Listening reports whether the socket waits for connections.
func (s *UnixSocket) Listening() bool { return s.Flags&unixAccept != 0 }

// UnixState is the state of a Unix socket.
type UnixState uint8

// The states of <linux/net.h>.
const (
	UnixUnconnected UnixState = 1 + iota
	UnixConnecting
	UnixConnected
	UnixDisconnecting

	unixStates
)

var unixStateNames = [unixStates]string{"", "UNCONNECTED", "CONNECTING", "CONNECTED", "DISCONNECTING"}

// String gives the kernel's name of the state, such as "CONNECTED", or its
// number.
func (s UnixState) String() string {
	if s == 0 || s >= unixStates {
		return "state " + strconv.Itoa(int(s))
	}
	return unixStateNames[s]
}

// unixPathMost is the longest part of a name that a path can be: all of
// sun_path, and the newline after an entry that the name itself imitates.
const unixPathMost = 108 + 1

// ParseUnixSockets reads the text of net/unix. The kernel does not escape
// names: a line that is no entry is taken as the continuation of the name
// before it, after a newline. So the table never fails on a name, but who
// chooses one can make it show entries that do not exist (where a line of the
// name is of an entry's form), though not hide one. A line that cannot be
// either, being too long for a name or the first, is ErrMalformed, as is a
// text without its last newline and no text at all.
func ParseUnixSockets(text []byte) ([]UnixSocket, error) {
	return netList("net/unix", ReadUnixSockets(bytes.NewReader(text)))
}

// ReadUnixSockets is ParseUnixSockets for a text of any length: it gives each
// socket as it is read, through a buffer of a few kB. An error ends it.
func ReadUnixSockets(r io.Reader) iter.Seq2[UnixSocket, error] {
	return func(yield func(UnixSocket, error) bool) {
		t := unixText{yield: yield}
		l := netLines{r: r, file: "net/unix"}
		header := netHeader("Num ")
		for line, err := range l.all {
			if err == nil && !t.begun && header(line) {
				continue
			}
			if err == nil {
				err = t.line(line)
			}
			if err != nil && !t.over {
				yield(UnixSocket{}, err)
			}
			if err != nil || t.over {
				return
			}
		}
		t.flush()
	}
}

// unixText is the reading of a table: an entry is known to be whole when the
// next one begins.
type unixText struct {
	yield func(UnixSocket, error) bool
	last  UnixSocket
	begun bool // last is an entry
	over  bool // the caller has had enough
}

func (t *unixText) line(line []byte) error {
	s, ok := parseUnix(line)
	if ok {
		t.flush()
		t.last, t.begun = s, true
		return nil
	}
	if !t.begun || len(t.last.Path)+1+len(line) > unixPathMost {
		return malformed("net/unix", "not a socket")
	}
	t.last.Path += "\n" + string(line)
	return nil
}

func (t *unixText) flush() {
	if t.begun {
		t.over = !t.yield(t.last, nil)
	}
}

// parseUnix reads "pointer: refcount protocol flags type state inode[ path]".
func parseUnix(line []byte) (s UnixSocket, ok bool) {
	c := netColumns{b: line}
	pointer := c.word()
	c.bad = c.bad || !bytes.HasSuffix(pointer, []byte{':'})
	c.gap()
	s.RefCount = uint32(c.hexDigits(8))
	c.gap()
	s.Protocol = uint32(c.hexDigits(8))
	c.gap()
	s.Flags = uint32(c.hexDigits(8))
	c.gap()
	s.Type = uint16(c.hexDigits(4))
	c.gap()
	s.State = UnixState(c.hexDigits(2))
	c.gap()
	s.Inode = c.decimal(math.MaxUint64)
	if c.left() {
		c.mark(' ')
		s.Path = string(c.b)
	}
	if c.bad || len(s.Path) > unixPathMost {
		return UnixSocket{}, false
	}
	return s, true
}

// UnixSockets goes through /proc/PID/net/unix (2.6.25): the Unix sockets of the
// process's network namespace, whoever holds them. It keeps a descriptor and a
// few kB while it runs. An error ends it; ErrGone for a zombie. On names that
// deceive see [ParseUnixSockets].
func (d *dir) UnixSockets() iter.Seq2[UnixSocket, error] {
	return netRows(d, "net/unix", ReadUnixSockets)
}

// Unix lists /proc/PID/net/unix: see UnixSockets.
func (d *dir) Unix() ([]UnixSocket, error) { return netTable(d, "net/unix", ReadUnixSockets) }
