package provider

import (
	"bytes"
	"io"
	"iter"
	"math"
	"net/netip"
)

// IPv6Route is one line of /proc/PID/net/ipv6_route: a route of any table.
type IPv6Route struct {
	Destination netip.Prefix
	Source      netip.Prefix // ::/0 but for routes by source
	NextHop     netip.Addr   // :: where there is none
	Metric      uint32
	RefCnt      uint32
	Use         uint32
	Flags       RouteFlags
	Iface       string // the interface
}

// ParseIPv6Route reads the text of net/ipv6_route, which has no header.
// Columns of another form and a text that ends within a line are ErrMalformed.
func ParseIPv6Route(text []byte) ([]IPv6Route, error) {
	return netList("net/ipv6_route", ipv6RouteRows(bytes.NewReader(text)))
}

func ipv6RouteRows(r io.Reader) iter.Seq2[IPv6Route, error] {
	return netLineRows(r, "net/ipv6_route", nil, parseIPv6Route)
}

// parseIPv6Route reads "destination length source length nexthop metric refcnt
// use flags device", all numbers in hexadecimal.
func parseIPv6Route(line []byte) (r IPv6Route, ok bool) {
	c := netColumns{b: line}
	r.Destination = c.prefix()
	r.Source = c.prefix()
	r.NextHop = c.addr16()
	c.gap()
	for _, p := range [...]*uint32{&r.Metric, &r.RefCnt, &r.Use, (*uint32)(&r.Flags)} {
		*p = uint32(c.hex(math.MaxUint32))
		c.gap()
	}
	r.Iface = string(c.word())
	c.gap()
	if c.bad || c.left() {
		return IPv6Route{}, false
	}
	return r, true
}

// prefix is an address and the length of its prefix, a column each.
func (c *netColumns) prefix() netip.Prefix {
	a := c.addr16()
	c.gap()
	n := c.hexDigits(2)
	c.bad = c.bad || n > 128
	c.gap()
	return netip.PrefixFrom(a, int(n))
}

// IPv6Route lists /proc/PID/net/ipv6_route (2.6.25): the IPv6 routes of the process's
// network namespace. ErrNotSupported without IPv6, ErrGone for a zombie.
func (d *dir) IPv6Route() ([]IPv6Route, error) { return netTable(d, "net/ipv6_route", ipv6RouteRows) }
