package provider

import (
	"bytes"
	"encoding/binary"
	"io"
	"iter"
	"math"
	"net/netip"
)

// InetSocket is one line of /proc/PID/net/tcp, udp and the other files of an
// [InetTable]. Times are in ticks of 1/100 s (USER_HZ).
type InetSocket struct {
	Slot        uint32         // the line's number for TCP, the hash slot for the others
	Local       netip.AddrPort // the port of a raw socket is its protocol
	Remote      netip.AddrPort // zero address and port where it is not connected
	State       TCPState       // UDP and raw sockets: TCPEstablished if connected, else TCPClose
	TxQueue     uint32         // bytes not yet acknowledged (TCP) or sent
	RxQueue     uint32         // bytes not yet read; of a listening socket connections not yet accepted
	Timer       uint8          // 0 none, 1 retransmission, 2 keep-alive, 3 TIME_WAIT, 4 zero window probe
	Expires     uint64         // ticks until the timer does
	Retransmits uint32         // timeouts of the segment that is not acknowledged
	UID         uint32         // of the owner, as the reader's user namespace numbers it
	Timeout     int64          // unanswered zero window probes
	Inode       uint64         // of the socket, as in "socket:[inode]"; 0 where no process holds it: TIME_WAIT, SYN_RECV, not accepted
	Refs        int64          // references within the kernel

	// UDP and raw sockets only.
	Drops uint64 // datagrams dropped (2.6.27)

	// TCP sockets only, and 0 in SYN_RECV and TIME_WAIT.
	RTO      uint64 // retransmission timeout, ticks
	ATO      uint64 // delayed acknowledgement, ticks
	AckMode  uint64 // quick acknowledgements left, times 2, plus 1 in interactive mode
	CWnd     uint64 // congestion window, segments
	SSThresh int64  // slow start threshold, -1 if none; of a listening socket the bound of its fast open queue
}

// ParseInetSockets reads the text of a file of an [InetTable]. The kernel
// prints an address as numbers in the byte order of the machine, so order is
// [binary.NativeEndian] for a text of this one. Header and later columns are
// no error, nor are states that have no name here; lines of another form, a
// text that ends within one, and no text at all are ErrMalformed.
func ParseInetSockets(text []byte, order binary.ByteOrder) ([]InetSocket, error) {
	return netList("net/tcp", ReadInetSockets(bytes.NewReader(text), order))
}

// ReadInetSockets is ParseInetSockets for a text of any length: it gives each
// socket as it is read, through a buffer of a few kB. An error ends it.
func ReadInetSockets(r io.Reader, order binary.ByteOrder) iter.Seq2[InetSocket, error] {
	o := netOrderOf(order)
	return netLineRows(r, "net/tcp", netHeader("sl "), func(line []byte) (InetSocket, bool) { return parseInet(line, o) })
}

// parseInet reads the columns that all the tables share, and those of some:
// "sl: local remote st tx:rx tr:when retrnsmt uid timeout inode ref pointer …".
func parseInet(line []byte, order netOrder) (s InetSocket, ok bool) {
	c := netColumns{b: line[skipBlanks(line, 0):]}
	s.ends(&c, order)
	s.queues(&c)
	s.owner(&c)
	s.tail(&c)
	if c.bad {
		return InetSocket{}, false
	}
	return s, true
}

// ends reads "sl: local remote st".
func (s *InetSocket) ends(c *netColumns, order netOrder) {
	s.Slot = uint32(c.decimal(math.MaxUint32))
	c.mark(':')
	c.gap()
	s.Local = c.addrPort(order)
	c.gap()
	s.Remote = c.addrPort(order)
	c.gap()
	s.State = TCPState(c.hex(math.MaxUint8))
	c.gap()
}

// queues reads "tx:rx tr:when retrnsmt".
func (s *InetSocket) queues(c *netColumns) {
	s.TxQueue = uint32(c.hex(math.MaxUint32))
	c.mark(':')
	s.RxQueue = uint32(c.hex(math.MaxUint32))
	c.gap()
	s.Timer = uint8(c.hex(math.MaxUint8))
	c.mark(':')
	s.Expires = c.hex(math.MaxUint64)
	c.gap()
	s.Retransmits = uint32(c.hex(math.MaxUint32))
	c.gap()
}

// owner reads "uid timeout inode ref pointer". The pointer is a hash that
// tells nothing, and not always a number.
func (s *InetSocket) owner(c *netColumns) {
	s.UID = c.wrapped()
	c.gap()
	s.Timeout = c.signed()
	c.gap()
	s.Inode = c.decimal(math.MaxUint64)
	c.gap()
	s.Refs = c.signed()
	c.gap()
	c.word()
	c.gap()
}

// tail reads what follows: nothing for a TCP connection that is no full
// socket, "drops" for UDP, "rto ato ackmode cwnd ssthresh" for TCP.
func (s *InetSocket) tail(c *netColumns) {
	if !c.left() {
		return
	}
	first := c.decimal(math.MaxUint64)
	c.gap()
	if !c.left() {
		s.Drops = first
		return
	}
	s.RTO = first
	s.ATO = c.decimal(math.MaxUint64)
	c.gap()
	s.AckMode = c.decimal(math.MaxUint64)
	c.gap()
	s.CWnd = c.decimal(math.MaxUint64)
	c.gap()
	s.SSThresh = c.signed()
	c.gap()
}
