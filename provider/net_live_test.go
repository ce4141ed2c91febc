package provider

import (
	"net/netip"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// socketAt is the one socket of a list that has that inode.
func socketAt(t *testing.T, all []InetSocket, inode uint64) InetSocket {
	t.Helper()
	i := slices.IndexFunc(all, func(s InetSocket) bool { return s.Inode == inode })
	if i < 0 {
		t.Fatalf("no socket %d in %+v", inode, all)
	}
	return all[i]
}

// steadySocket leaves out what the kernel chooses.
func steadySocket(t *testing.T, s InetSocket) InetSocket {
	t.Helper()
	if s.Refs < 1 || s.Expires > 1000*100 {
		t.Errorf("%d references, a timer of %d ticks", s.Refs, s.Expires)
	}
	s.Slot, s.Expires, s.Timer, s.Refs, s.RTO, s.ATO, s.AckMode = 0, 0, 0, 0, 0, 0, 0
	return s
}

func netEnds(local, remote string) InetSocket {
	return InetSocket{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
}

func (s InetSocket) with(state TCPState, inode uint64) InetSocket {
	s.State, s.Inode = state, inode
	return s
}

// wantSocket compares a socket of the child with what it must be.
func wantSocket(t *testing.T, c *child, all []InetSocket, fd int, want InetSocket) {
	t.Helper()
	got := socketAt(t, all, c.inodeOf(fd))
	want.Inode = got.Inode
	if got.State == TCPListen || got.State == TCPEstablished && got.RTO != 0 {
		if got.CWnd == 0 || got.RTO == 0 {
			t.Errorf("fd %d: window %d, timeout %d", fd, got.CWnd, got.RTO)
		}
		want.CWnd, want.SSThresh = got.CWnd, got.SSThresh
	}
	if got := steadySocket(t, got); got != want {
		t.Errorf("fd %d:\ngot  %+v\nwant %+v", fd, got, want)
	}
}

func TestNetTCP(t *testing.T) {
	c, p := startNet(t, "netns")
	var all []InetSocket
	eventually(t, "the bytes arrive", func() bool {
		var err error
		if all, err = p.TCP(); err != nil {
			t.Fatal(err)
		}
		return socketAt(t, all, c.inodeOf(fdServer)).RxQueue != 0 && socketAt(t, all, c.inodeOf(fdClient)).TxQueue == 0
	})
	listener := netEnds("127.0.0.1:4242", "0.0.0.0:0").with(TCPListen, 0)
	listener.UID, listener.RxQueue = alice, 1
	server := netEnds("127.0.0.1:4242", "127.0.0.1:4243").with(TCPEstablished, 0)
	server.RxQueue = 3
	wantSocket(t, c, all, fdListen, listener)
	wantSocket(t, c, all, fdServer, server)
	wantSocket(t, c, all, fdClient, netEnds("127.0.0.1:4243", "127.0.0.1:4242").with(TCPEstablished, 0))
	wantSocket(t, c, all, fdWaiting, netEnds("127.0.0.1:4244", "127.0.0.1:4242").with(TCPEstablished, 0))
	wantOrphan(t, all, netEnds("127.0.0.1:4242", "127.0.0.1:4244").with(TCPEstablished, 0))
	wantOrphan(t, all, netEnds("127.0.0.1:4240", "127.0.0.1:4242").with(TCPTimeWait, 0))
	if len(all) != 7-countUnless6(t, 1) {
		t.Errorf("%d sockets", len(all))
	}
}

// countUnless6 is n where there is no IPv6 and 0 where there is.
func countUnless6(t *testing.T, n int) int {
	t.Helper()
	if _, err := os.Stat("/proc/self/net/if_inet6"); err != nil {
		return n
	}
	return 0
}

// wantOrphan wants a connection that no process holds.
func wantOrphan(t *testing.T, all []InetSocket, want InetSocket) {
	t.Helper()
	for _, s := range all {
		if s.Local == want.Local && s.Remote == want.Remote {
			if s.State != want.State || s.Inode != 0 {
				t.Errorf("%+v", s)
			}
			return
		}
	}
	t.Errorf("none from %v to %v", want.Local, want.Remote)
}

func TestNetTCP6(t *testing.T) {
	needIPv6(t)
	c, p := startNet(t, "netns")
	all, err := p.TCP6()
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	wantSocket(t, c, all, fdListen6, netEnds("[::1]:4242", "[::]:0").with(TCPListen, 0))
	wantSocket(t, c, all, fdMapped, netEnds("[::]:4343", "[::]:0").with(TCPListen, 0))
	mapped := netEnds("[::ffff:127.0.0.1]:4343", "[::ffff:127.0.0.1]:4344").with(TCPEstablished, 0)
	wantSocket(t, c, all, fdMappedServer, mapped)
	v4, err := p.TCP()
	if err != nil {
		t.Fatal(err)
	}
	wantSocket(t, c, v4, fdMappedClient, netEnds("127.0.0.1:4344", "127.0.0.1:4343").with(TCPEstablished, 0))
}

func TestNetUDP(t *testing.T) {
	c, p := startNet(t, "netns")
	all, err := p.UDP()
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	bound := netEnds("127.0.0.1:5353", "0.0.0.0:0").with(TCPClose, 0)
	bound.RxQueue = socketAt(t, all, c.inodeOf(fdUDP)).RxQueue
	if bound.RxQueue < 5 { // with the kernel's own overhead
		t.Errorf("a queue of %d bytes", bound.RxQueue)
	}
	wantSocket(t, c, all, fdUDP, bound)
	wantSocket(t, c, all, fdUDPClient, netEnds("127.0.0.1:5354", "127.0.0.1:5353").with(TCPEstablished, 0))
	full := socketAt(t, all, c.inodeOf(fdDropping))
	if full.Drops == 0 || full.Drops >= 50 || full.Local.Port() != 5355 {
		t.Errorf("of 50 datagrams: %+v", full)
	}
}

func TestNetUDP6AndRaw(t *testing.T) {
	c, p := startNet(t, "netns")
	collect := func(table InetTable) []InetSocket {
		all, err := p.inetSockets(table)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	raw := netEnds("0.0.0.0:1", "0.0.0.0:0").with(TCPClose, 0)
	wantSocket(t, c, collect(TableRaw), fdRaw, raw)
	needIPv6(t)
	raw6 := netEnds("[::]:58", "[::]:0").with(TCPClose, 0)
	wantSocket(t, c, collect(TableRaw6), fdRaw6, raw6)
	all, err := p.UDP6()
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	wantSocket(t, c, all, fdUDP6, netEnds("[::1]:5353", "[::]:0").with(TCPClose, 0))
}

func TestNetUnix(t *testing.T) {
	c, p := startNet(t, "netns")
	all, err := p.Unix()
	if err != nil {
		t.Fatal(err)
	}
	byInode := map[uint64]UnixSocket{}
	for _, s := range all {
		byInode[s.Inode] = s
	}
	for i, name := range unixNames {
		want := UnixSocket{RefCount: 2, Type: unix.SOCK_STREAM, State: UnixUnconnected, Inode: c.inodeOf(fdUnixFirst + i), Path: unixPath(name)}
		if i == 0 {
			want.Flags = unixAccept
		}
		if i == len(unixNames)-1 {
			want.Path = "x" // the rest of it is an entry of its own: see TestUnixForgery
		}
		if got := byInode[want.Inode]; got != want || got.Listening() != (i == 0) {
			t.Errorf("%q:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
	if forged := byInode[999]; forged.Path != "false" || forged.RefCount != 2 {
		t.Errorf("forged: %+v", forged)
	}
	next := fdUnixFirst + len(unixNames)
	unnamed, pair := byInode[c.inodeOf(next)], byInode[c.inodeOf(next+1)]
	if unnamed.Path != "" || unnamed.Type != unix.SOCK_DGRAM || pair.State != UnixConnected || pair.Type != unix.SOCK_SEQPACKET || pair.RefCount != 3 {
		t.Errorf("%+v\n%+v", unnamed, pair)
	}
	if len(all) != len(unixNames)+1+3 {
		t.Errorf("%d sockets", len(all))
	}
}

// unixPath is the name as the kernel shows it.
func unixPath(name string) string {
	if name[0] != 0 {
		return name
	}
	b := []byte(name)
	for i, c := range b {
		if c == 0 {
			b[i] = '@'
		}
	}
	return string(b)
}

func TestNetCounters(t *testing.T) {
	_, p := startNet(t, "netns")
	var s SNMP
	if err := p.SNMP(&s); err != nil {
		t.Fatal(err)
	}
	six := uint64(1 - countUnless6(t, 1))
	if s.TCPActiveOpens != 3+six || s.TCPPassiveOpens != 3+six || s.TCPMaxConn != -1 || s.UDPInDatagrams != 0 || s.UDPOutDatagrams != 51 ||
		s.UDPRcvbufErrors == 0 || s.TCPRTOAlgorithm != RTOOther || s.IPDefaultTTL == 0 || s.IPInReceives == 0 {
		t.Errorf("%+v", s)
	}
	var n Netstat
	if err := p.Netstat(&n); err != nil {
		t.Fatal(err)
	}
	octets, ok := n.Get("IpExt", "InOctets")
	if _, none := n.Get("IpExt", "TW"); octets < 50*1000 || !ok || none {
		t.Errorf("%d octets", octets)
	}
	dev, err := p.NetDev()
	i := slices.IndexFunc(dev, func(n NetDev) bool { return n.Name == "lo" })
	if err != nil || i < 0 || dev[i].RecvBytes != dev[i].SentBytes || dev[i].RecvPackets < 50 || dev[i].RecvErrs != 0 {
		t.Errorf("%+v, %v", dev, err)
	}
	needIPv6(t)
	var six6 SNMP6
	if err := p.SNMP6(&six6); err != nil || six6.Fields < 82 || six6.UDP6OutDatagrams != 0 {
		t.Errorf("%+v, %v", six6, err)
	}
}
