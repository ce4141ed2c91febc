package provider

import (
	"bytes"
	"encoding/binary"
	"io"
	"iter"
	"math"
	"net/netip"
)

// Route is one line of /proc/PID/net/route: an IPv4 route of the main table.
type Route struct {
	Iface       string // the interface; "*" where there is none
	Destination netip.Addr
	Gateway     netip.Addr // 0.0.0.0 where there is none
	Flags       RouteFlags
	RefCnt      int64 // 0 since 3.6
	Use         uint64
	Metric      uint32
	Mask        netip.Addr
	MTU         uint32 // 40 more than the segment size for TCP, 0 if not set
	Window      uint32 // for TCP, bytes; 0 if not set
	IRTT        uint32 // first round trip time for TCP, ms; 0 if not set
}

// Prefix gives destination and mask in one; ok is false where the mask is not
// a row of ones and then zeros.
func (r *Route) Prefix() (p netip.Prefix, ok bool) {
	if !r.Mask.Is4() {
		return p, false
	}
	b := r.Mask.As4()
	mask := binary.BigEndian.Uint32(b[:])
	bits := 0
	for bits < 32 && mask<<bits>>31 == 1 {
		bits++
	}
	if mask<<bits != 0 {
		return p, false
	}
	return netip.PrefixFrom(r.Destination, bits), true
}

// RouteFlags are the RTF_* bits of <linux/route.h> and <linux/ipv6_route.h>.
// Others are kept.
type RouteFlags uint32

// The bits that have a name.
const (
	RouteUp        RouteFlags = 0x0001
	RouteGateway   RouteFlags = 0x0002 // the destination is behind a gateway
	RouteHost      RouteFlags = 0x0004 // to one host, not a network
	RouteReinstate RouteFlags = 0x0008
	RouteDynamic   RouteFlags = 0x0010 // made by a redirect
	RouteModified  RouteFlags = 0x0020 // changed by one
	RouteMTU       RouteFlags = 0x0040
	RouteWindow    RouteFlags = 0x0080
	RouteIRTT      RouteFlags = 0x0100
	RouteReject    RouteFlags = 0x0200

	// IPv6 only.
	RouteDefault   RouteFlags = 0x00010000 // learned as a default route
	RouteAllOnLink RouteFlags = 0x00020000
	RouteAddrConf  RouteFlags = 0x00040000
	RoutePrefix    RouteFlags = 0x00080000
	RouteAnycast   RouteFlags = 0x00100000
	RouteNonextHop RouteFlags = 0x00200000
	RouteExpires   RouteFlags = 0x00400000
	RouteInfo      RouteFlags = 0x00800000
	RouteCache     RouteFlags = 0x01000000
	RouteFlow      RouteFlags = 0x02000000
	RoutePolicy    RouteFlags = 0x04000000
	RoutePerCPU    RouteFlags = 0x40000000
	RouteLocal     RouteFlags = 0x80000000 // to ourselves
)

// Has reports whether all flags of want are set.
func (f RouteFlags) Has(want RouteFlags) bool { return f&want == want }

// ParseRoute reads the text of net/route. The kernel prints addresses as
// numbers in the byte order of the machine: order is [binary.NativeEndian] for
// a text of this one. The header may be missing; columns of another form, a
// text that ends within a line, and no text are ErrMalformed.
func ParseRoute(text []byte, order binary.ByteOrder) ([]Route, error) {
	return netList("net/route", routeRows(bytes.NewReader(text), order))
}

func routeRows(r io.Reader, order binary.ByteOrder) iter.Seq2[Route, error] {
	o := netOrderOf(order)
	return netLineRows(r, "net/route", netHeader("Iface\tDestination"), func(line []byte) (Route, bool) { return parseRoute(line, o) })
}

// parseRoute reads the eleven columns of a line, between tabs.
func parseRoute(line []byte, order netOrder) (r Route, ok bool) {
	c := netColumns{b: line}
	r.Iface = string(c.word())
	c.gap()
	r.Destination = c.addr4(order)
	r.Gateway = c.addr4(order)
	r.Flags = RouteFlags(c.hex(math.MaxUint32))
	c.gap()
	r.RefCnt = c.signed()
	c.gap()
	r.Use = c.decimal(math.MaxUint64)
	c.gap()
	r.Metric = c.wrapped()
	c.gap()
	r.Mask = c.addr4(order)
	for _, p := range [...]*uint32{&r.MTU, &r.Window, &r.IRTT} {
		*p = c.wrapped()
		c.gap()
	}
	if c.bad {
		return Route{}, false
	}
	return r, true
}

// addr4 is an IPv4 address as addr takes it, and the gap after it.
func (c *netColumns) addr4(order netOrder) netip.Addr {
	a := c.addr(order)
	c.bad = c.bad || !a.Is4()
	c.gap()
	return a
}

// Route lists /proc/PID/net/route (2.6.25): the IPv4 routes of the process's network
// namespace. ErrGone for a zombie.
func (d *dir) Route() ([]Route, error) {
	return netTable(d, "net/route", func(r io.Reader) iter.Seq2[Route, error] { return routeRows(r, binary.NativeEndian) })
}
