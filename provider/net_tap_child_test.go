package provider

import (
	"errors"
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The ioctls of routes and neighbours.
type (
	netSockaddr struct {
		family uint16
		port   uint16
		addr   [4]byte
		_      [8]byte
	}
	netHardware struct {
		family uint16
		data   [14]byte
	}
	netARPReq struct {
		pa      netSockaddr
		ha      netHardware
		flags   int32
		netmask netSockaddr
		dev     [16]byte
	}
	netRTEntry struct {
		_                 uint64
		dst, gateway, gen netSockaddr
		flags             uint16
		_                 [2]uint64
		metric            int16
		dev               uintptr
		mtu, window       uint64
		irtt              uint16
	}
)

func netAddr4(text string) netSockaddr {
	return netSockaddr{family: unix.AF_INET, addr: netip.MustParseAddr(text).As4()}
}

// openTap makes an Ethernet interface tap0 with a neighbour and two routes.
func openTap() error {
	tap, err := unix.Open("/dev/net/tun", unix.O_RDWR, 0)
	if err != nil {
		return err
	}
	r, err := unix.NewIfreq("tap0")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(tap, unix.TUNSETIFF, r); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	return errors.Join(setAddress(fd, unix.SIOCSIFADDR, "10.9.8.1"), setAddress(fd, unix.SIOCSIFNETMASK, "255.255.255.0"),
		netUp("tap0"), netUp("lo"), addNeighbour(fd), addRoute(fd))
}

func setAddress(fd int, request uint, text string) error {
	r, err := unix.NewIfreq("tap0")
	if err != nil {
		return err
	}
	a := netip.MustParseAddr(text).As4()
	if err := r.SetInet4Addr(a[:]); err != nil {
		return err
	}
	return unix.IoctlIfreq(fd, request, r)
}

func addNeighbour(fd int) error {
	a := netARPReq{pa: netAddr4("10.9.8.7"), flags: int32(ARPComplete | ARPPermanent)}
	a.ha = netHardware{family: uint16(ARPEther), data: [14]byte{2, 0, 0xfe, 0x10, 0x0a, 0xff}}
	copy(a.dev[:], "tap0")
	return netIoctl(fd, unix.SIOCSARP, unsafe.Pointer(&a))
}

func addRoute(fd int) error {
	r := netRTEntry{
		dst: netAddr4("10.20.0.0"), gateway: netAddr4("10.9.8.7"), gen: netAddr4("255.255.128.0"),
		flags: uint16(RouteUp | RouteGateway | RouteMTU | RouteWindow), metric: 43, mtu: 1400, window: 8192,
	}
	reject := netRTEntry{dst: netAddr4("10.30.0.1"), gen: netAddr4("255.255.255.255"), flags: uint16(RouteUp | RouteHost | RouteReject)}
	return errors.Join(netIoctl(fd, unix.SIOCADDRT, unsafe.Pointer(&r)), netIoctl(fd, unix.SIOCADDRT, unsafe.Pointer(&reject)))
}

func netIoctl(fd int, request uintptr, arg unsafe.Pointer) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
	runtime.KeepAlive(arg)
	if errno != 0 {
		return errno
	}
	return nil
}
