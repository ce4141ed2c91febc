package provider

import (
	"encoding/binary"
	"io"
	"iter"
	"strconv"
)

// InetTable names a file of /proc/PID/net that lists sockets of the internet
// protocols.
type InetTable uint8

// The tables. ICMP are the sockets of ping(8).
const (
	TableTCP InetTable = iota
	TableTCP6
	TableUDP
	TableUDP6
	TableUDPLite // 2.6.20
	TableUDPLite6
	TableRaw
	TableRaw6
	TableICMP  // 3.0
	TableICMP6 // 3.11

	inetTables
)

var inetFiles = [inetTables]string{
	"net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/udplite", "net/udplite6",
	"net/raw", "net/raw6", "net/icmp", "net/icmp6",
}

// String gives the name of the file below /proc/PID, such as "net/tcp6".
func (t InetTable) String() string {
	if t >= inetTables {
		return "unknown table"
	}
	return inetFiles[t]
}

// TCPState is the state of a socket, as TCP names them.
type TCPState uint8

// The states of <net/tcp_states.h>.
const (
	TCPEstablished TCPState = 1 + iota
	TCPSynSent
	TCPSynRecv
	TCPFinWait1
	TCPFinWait2
	TCPTimeWait
	TCPClose
	TCPCloseWait
	TCPLastAck
	TCPListen
	TCPClosing
	TCPNewSynRecv // 4.1; the files show TCPSynRecv instead

	tcpStates
)

var tcpStateNames = [tcpStates]string{
	"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
}

// String gives the kernel's name of the state, such as "LISTEN", or its number.
func (s TCPState) String() string {
	if s == 0 || s >= tcpStates {
		return "state " + strconv.Itoa(int(s))
	}
	return tcpStateNames[s]
}

// InetSockets goes through the sockets of the process's network namespace in
// one of the files /proc/PID/net/tcp, tcp6, udp … (2.6.25): all of them, whoever holds
// them. It keeps a descriptor and a few kB while it runs, however many sockets
// there are; the kernel may repeat or miss some that come or go meanwhile. An
// error ends it: ErrNotSupported where the kernel has no such protocol (IPv6,
// say), ErrGone for a zombie, which has left its namespaces.
func (d *dir) InetSockets(t InetTable) iter.Seq2[InetSocket, error] {
	return netRows(d, t.String(), ourInetSockets)
}

// ourInetSockets reads a text of this machine.
func ourInetSockets(r io.Reader) iter.Seq2[InetSocket, error] {
	return ReadInetSockets(r, binary.NativeEndian)
}

// TCP lists /proc/PID/net/tcp: see InetSockets, which needs less memory.
func (d *dir) TCP() ([]InetSocket, error) { return d.inetSockets(TableTCP) }

// TCP6 lists /proc/PID/net/tcp6: see InetSockets. IPv4 connections of an IPv6
// socket have addresses such as ::ffff:192.0.2.1.
func (d *dir) TCP6() ([]InetSocket, error) { return d.inetSockets(TableTCP6) }

// UDP lists /proc/PID/net/udp: see InetSockets.
func (d *dir) UDP() ([]InetSocket, error) { return d.inetSockets(TableUDP) }

// UDP6 lists /proc/PID/net/udp6: see InetSockets.
func (d *dir) UDP6() ([]InetSocket, error) { return d.inetSockets(TableUDP6) }

func (d *dir) inetSockets(t InetTable) ([]InetSocket, error) {
	return netTable(d, t.String(), ourInetSockets)
}
