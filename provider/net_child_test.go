package provider

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where the child "netns" keeps its sockets.
const (
	fdListen = 100 + iota
	fdClient
	fdServer
	fdWaiting
	fdUDP
	fdUDPClient
	fdDropping
	fdRaw
	fdListen6
	fdMapped
	fdMappedClient
	fdMappedServer
	fdUDP6
	fdRaw6
	fdUnixFirst
)

// unixNames are what the child binds Unix sockets to, in the kernel's form: an
// abstract name begins with a NUL.
var unixNames = []string{
	"plain", "two  words", "tail ", " lead", "tab\tx", "back\\slash", "\xff\xfe", "new\nline", "\nfirst", "last\n", "\n", "\n\n\n",
	"\x00abstract", "\x00nuls\x00in\x00it", "\x00new\nline", "\x00", "\x00 x ", strings.Repeat("l", 107), "\x00" + strings.Repeat("\n", 107),
	"x\n0000000000000000: 00000002 00000000 00010000 0001 01 999 false",
}

// openNetSockets makes a network of its own and sockets in all sorts of states.
func openNetSockets() error {
	if err := netUp("lo"); err != nil {
		return fmt.Errorf("lo: %w", err)
	}
	if err := errors.Join(openTCP(), openUDP(), openUnix()); err != nil {
		return err
	}
	if _, err := os.Stat("/proc/self/net/if_inet6"); err != nil {
		return nil
	}
	return openIPv6()
}

func netUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
}

// netPlace moves a descriptor to a fixed place.
func netPlace(place, fd int, err error) error {
	if err != nil {
		return fmt.Errorf("socket %d: %w", place, err)
	}
	defer unix.Close(fd)
	return unix.Dup3(fd, place, 0)
}

func netV4(port int) unix.Sockaddr {
	return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
}

func netV6(port int, last byte) unix.Sockaddr {
	return &unix.SockaddrInet6{Port: port, Addr: [16]byte{15: last}}
}

// netSocket makes a socket that is bound and, if to is not nil, connected.
func netSocket(domain, kind, proto int, bind, to unix.Sockaddr) (int, error) {
	fd, err := unix.Socket(domain, kind, proto)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil && bind != nil {
		err = unix.Bind(fd, bind)
	}
	if err == nil && to != nil {
		err = unix.Connect(fd, to)
	}
	return fd, err
}

func netListen(place, domain int, a unix.Sockaddr) error {
	fd, err := netSocket(domain, unix.SOCK_STREAM, 0, a, nil)
	if err == nil {
		err = unix.Listen(fd, 7)
	}
	return netPlace(place, fd, err)
}

func netConnect(place, from, to int) error {
	fd, err := netSocket(unix.AF_INET, unix.SOCK_STREAM, 0, netV4(from), netV4(to))
	return netPlace(place, fd, err)
}

func netAccept(place, listener int) error {
	fd, _, err := unix.Accept(listener)
	return netPlace(place, fd, err)
}

// openTCP leaves a listening socket owned by alice, a connection with three
// bytes on their way, one that waits to be accepted, and one that is over.
func openTCP() error {
	err := errors.Join(
		netListen(fdListen, unix.AF_INET, netV4(4242)),
		unix.Fchown(fdListen, alice, -1),
		netConnect(fdClient, 4243, 4242),
		netAccept(fdServer, fdListen),
		netConnect(fdWaiting, 4240, 4242), // its place is taken by the next
		netAccept(fdRaw, fdListen),
		unix.Close(fdWaiting), // closes first: waits
		unix.Close(fdRaw),
		netConnect(fdWaiting, 4244, 4242))
	if err != nil {
		return err
	}
	_, err = unix.Write(fdClient, []byte("abc"))
	return err
}

func openUDP() error {
	bound, err := netSocket(unix.AF_INET, unix.SOCK_DGRAM, 0, netV4(5353), nil)
	if err := netPlace(fdUDP, bound, err); err != nil {
		return err
	}
	client, err := netSocket(unix.AF_INET, unix.SOCK_DGRAM, 0, netV4(5354), netV4(5353))
	if err := netPlace(fdUDPClient, client, err); err != nil {
		return err
	}
	if _, err := unix.Write(fdUDPClient, []byte("hello")); err != nil {
		return err
	}
	raw, err := netSocket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP, nil, nil)
	return errors.Join(netPlace(fdRaw, raw, err), openDropping())
}

// openDropping is sent more than it has room for.
func openDropping() error {
	fd, err := netSocket(unix.AF_INET, unix.SOCK_DGRAM, 0, netV4(5355), nil)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err != nil {
		return err
	}
	for range 50 {
		if err := unix.Sendto(fd, make([]byte, 1000), 0, netV4(5355)); err != nil {
			return err
		}
	}
	return netPlace(fdDropping, fd, nil)
}

func openIPv6() error {
	udp, err := netSocket(unix.AF_INET6, unix.SOCK_DGRAM, 0, netV6(5353, 1), nil)
	raw, rawErr := netSocket(unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6, nil, nil)
	return errors.Join(
		netListen(fdListen6, unix.AF_INET6, netV6(4242, 1)),
		netListen(fdMapped, unix.AF_INET6, netV6(4343, 0)),
		netConnect(fdMappedClient, 4344, 4343),
		netAccept(fdMappedServer, fdMapped),
		netPlace(fdUDP6, udp, err),
		netPlace(fdRaw6, raw, rawErr))
}

// openUnix binds each of unixNames, in a directory that is not there any more
// after, and listens on the first; then a socket without name and a pair.
func openUnix() error {
	dir, err := os.MkdirTemp("", "procfsd-unix")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chdir(dir); err != nil {
		return err
	}
	defer os.Chdir("/")
	for i, name := range unixNames {
		fd, err := netBindUnix(name)
		if err := netPlace(fdUnixFirst+i, fd, err); err != nil {
			return err
		}
	}
	unnamed, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	pair, err2 := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	next := fdUnixFirst + len(unixNames)
	return errors.Join(unix.Listen(fdUnixFirst, 1), netPlace(next, unnamed, err), netPlace(next+1, pair[0], err2), netPlace(next+2, pair[1], err2))
}

// netBindUnix binds to just these bytes: unix.Bind would end them by NUL.
func netBindUnix(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	a := unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	for i := range len(name) {
		a.Path[i] = int8(name[i])
	}
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&a)), uintptr(2+len(name)))
	if errno != 0 {
		return -1, errno
	}
	return fd, nil
}

// inodeOf is the inode of one of the child's sockets.
func (c *child) inodeOf(fd int) uint64 {
	c.t.Helper()
	link, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", c.pid, fd))
	text, ok := strings.CutPrefix(link, "socket:[")
	n, err2 := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64)
	if err != nil || !ok || err2 != nil {
		c.t.Fatalf("fd %d: %q, %v", fd, link, err)
	}
	return n
}

// startNet starts a child with a network of its own.
func startNet(t testing.TB, name string) (*child, *Process) {
	t.Helper()
	needRoot(t)
	c := start(t, kind(name), flags(unix.CLONE_NEWNET))
	return c, pin(t, openProc(t), c.pid)
}

// needIPv6 says whether this kernel has it.
func needIPv6(t testing.TB) {
	t.Helper()
	if _, err := os.Stat("/proc/self/net/if_inet6"); err != nil {
		cannot(t, "no IPv6: "+err.Error())
	}
}
