package provider

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseARP(t *testing.T) {
	all, err := ParseARP(netText(t, "older26", "arp"))
	if err != nil || len(all) != 6 {
		t.Fatalf("%+v, %v", all, err)
	}
	want := ARPEntry{IP: netip.MustParseAddr("192.168.0.1"), HWType: ARPEther, Flags: ARPComplete, HWAddress: "00:11:22:33:44:55", Mask: "*", Device: "eth0"}
	if all[0] != want || all[1].Flags != 0 || all[2].Flags != ARPPublish|ARPPermanent {
		t.Errorf("%+v", all[:3])
	}
	if e := all[3]; e.HWAddress != "" || e.HWType != 0xfffe || e.Device != "ppp0" || e.Mask != "*" {
		t.Errorf("without address: %+v", e)
	}
	if e := all[4]; e.HWType != ARPInfiniBand || e.HWAddress != "80:00:00:48:fe:80:00:00:00" {
		t.Errorf("a long address: %+v", e)
	}
	if e := all[5]; e.HWType != ARPAX25 || e.HWAddress != "DB0ABC-1" {
		t.Errorf("a call sign: %+v", e)
	}
	for i, want := range []bool{true, true, true, false, false, false} {
		if mac, ok := all[i].MAC(); ok != want || ok && (mac == [6]byte{}) != (i > 0) {
			t.Errorf("%d: %x, %v", i, mac, ok)
		}
	}
	if _, ok := (&ARPEntry{HWAddress: "00:11:22:33:44:5x"}).MAC(); ok {
		t.Error("no digit")
	}
	if _, ok := (&ARPEntry{HWAddress: "0011223344556677:"}).MAC(); ok {
		t.Error("eight bytes")
	}
	const head = "IP address       HW type     Flags       HW address            Mask     Device\n"
	if none, err := ParseARP([]byte(head)); err != nil || none == nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
	malformedText(t, ParseARP, "", "x\n", head[:20], "::1 0x1 0x2 a * eth0\n", "1.2.3.4 1 0x2 a * eth0\n", "1.2.3.4 0x1 0x100000000 a * eth0\n",
		"1.2.3.4 0x1 0x2 eth0\n", "1.2.3.4 0x1 0x2 a * eth0 more\n", "1.2.3.4 0x1 0x2 a * eth0", "1.2.3.256 0x1 0x2 a * eth0\n")
}

func littleRoutes(b []byte) ([]Route, error) { return ParseRoute(b, binary.LittleEndian) }

func TestParseRoutes(t *testing.T) {
	all, err := littleRoutes(netText(t, "older26", "route"))
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	zero := netip.MustParseAddr("0.0.0.0")
	want := Route{
		Iface: "eth0", Destination: zero, Gateway: netip.MustParseAddr("192.168.0.1"), Flags: RouteUp | RouteGateway,
		RefCnt: 2, Use: 17, Metric: 1<<32 - 1, Mask: zero, MTU: 40,
	}
	if all[1] != want {
		t.Errorf("got  %+v\nwant %+v", all[1], want)
	}
	if p, ok := all[1].Prefix(); !ok || p.String() != "0.0.0.0/0" {
		t.Errorf("%v, %v", p, ok)
	}
	big, err := ParseRoute(netText(t, "bigendian", "route"), binary.BigEndian)
	if p, ok := big[0].Prefix(); err != nil || !ok || p.String() != "192.168.0.0/24" || big[0].Gateway.String() != "192.168.0.1" {
		t.Errorf("%+v, %v", big, err)
	}
	if p, ok := (&Route{Mask: netip.MustParseAddr("255.0.255.0")}).Prefix(); ok {
		t.Errorf("a mask with a hole: %v", p)
	}
	if p, ok := (&Route{}).Prefix(); ok {
		t.Errorf("no mask: %v", p)
	}
	const good = "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0"
	malformedText(t, littleRoutes, "", "x\n", good, "Iface\tDestination", strings.Replace(good, "0000A8C0", "0", 1)+"\n",
		strings.Replace(good, "\t00000000", strings.Repeat("\t00000000000000000000000000000000", 1), 1)+"\n",
		strings.Replace(good, "0001", "100000000", 1)+"\n", "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\n",
		"eth0\t0000A8C0\t00000000\t0001\t0\t0\t4294967296\t00FFFFFF\t0\t0\t0\n", "eth0\t0000A8C0\t00000000\t0001\t0\t-1\t0\t00FFFFFF\t0\t0\t0\n")
}

func TestParseIPv6Routes(t *testing.T) {
	all, err := ParseIPv6Route(netText(t, "linux618", "ipv6_route"))
	if err != nil || len(all) != 5 {
		t.Fatalf("%+v, %v", all, err)
	}
	none := netip.MustParsePrefix("::/0")
	want := IPv6Route{Destination: netip.MustParsePrefix("fe80::/64"), Source: none, NextHop: none.Addr(), Metric: 0x100, RefCnt: 1, Flags: RouteUp, Iface: "tap0"}
	if all[0] != want || all[1].Flags != RouteReject|RouteNonextHop || all[2].Flags != RouteUp|RouteLocal|RouteNonextHop {
		t.Errorf("%+v", all)
	}
	if empty, err := ParseIPv6Route(nil); err != nil || empty == nil {
		t.Errorf("%+v, %v", empty, err)
	}
	good := strings.TrimSuffix(strings.SplitAfter(string(netText(t, "linux618", "ipv6_route")), "\n")[0], "\n")
	malformedText(t, ParseIPv6Route, "\n", "x\n", good, good+" more\n", strings.Replace(good, " 40 ", " 81 ", 1)+"\n", good[1:]+"\n", good[:140]+"\n")
}

func TestParseNetDev(t *testing.T) {
	all, err := ParseNetDev(netText(t, "older26", "dev"))
	if err != nil || len(all) != 3 || all[0].Name != "lo" || all[2].Name != "eth0:1" {
		t.Fatalf("%+v, %v", all, err)
	}
	want := NetDev{
		Name: "eth0", RecvBytes: 1294581931, RecvPackets: 341091, RecvErrs: 1, RecvDrop: 2, RecvFIFO: 3, RecvFrame: 4, RecvCompressed: 5, RecvMulticast: 6,
		SentBytes: 98123412, SentPackets: 123123, SentErrs: 7, SentDrop: 8, SentFIFO: 9, SentColls: 10, SentCarrier: 11, SentCompressed: 12,
	}
	if all[1] != want {
		t.Errorf("%+v", all[1])
	}
	const numbers = "18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
	for _, name := range []string{"face", "Inter", "a b", "\xff", "a:b:c", "face |"} {
		all, err := ParseNetDev([]byte("x: " + numbers + "\n" + name + ":" + numbers + " 17\n"))
		if err != nil || len(all) != 2 || all[1].Name != name || all[1].RecvBytes != 1<<64-1 || all[1].SentCompressed != 16 {
			t.Errorf("%q: %+v, %v", name, all, err)
		}
	}
	malformedText(t, ParseNetDev, "", "\n", "lo: "+numbers, "lo "+numbers+"\n", ": "+numbers+"\n", "lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n",
		"lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 -1\n", "lo: 18446744073709551616 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", "lo:\n")
}

// The second decodings, for texts of 6.18 on this machine.

// netSteady is steady for a table that most processes share: of those in our
// own namespace it takes one in eight.
func netSteady(p *Process, file string, fn func([]byte) error) error {
	self, err := p.fs.Self()
	if err != nil {
		return err
	}
	defer self.Close()
	ours, _ := self.Namespace("net")
	if theirs, err := p.Namespace("net"); err == nil && theirs == ours && p.PID()%8 != self.PID()%8 {
		return nil
	}
	return steady(p, file, fn)
}

func checkTCP(p *Process) error  { return checkInet(p, TableTCP, p.TCP) }
func checkTCP6(p *Process) error { return checkInet(p, TableTCP6, p.TCP6) }
func checkUDP(p *Process) error  { return checkInet(p, TableUDP, p.UDP) }
func checkUDP6(p *Process) error { return checkInet(p, TableUDP6, p.UDP6) }

// checkInet compares what does not change all the time.
func checkInet(p *Process, table InetTable, list func() ([]InetSocket, error)) error {
	return checkRows(p, table.String(), 1, list, func(s InetSocket) []string {
		f := strings.Fields(showInet(s, binary.NativeEndian))
		return append(f[1:4], f[7], f[9])
	}, func(line string) []string {
		f := strings.Fields(line)
		return append(f[1:4], f[7], f[9])
	})
}

// checkRaw goes through a table that has no method of its own.
func checkRaw(p *Process) error {
	return checkInet(p, TableRaw, func() ([]InetSocket, error) { return netList("net/raw", p.InetSockets(TableRaw)) })
}

// checkRows compares each row with its line.
func checkRows[T any](p *Process, file string, header int, list func() ([]T, error), show func(T) []string, columns func(string) []string) error {
	return netSteady(p, file, func(raw []byte) error {
		all, err := list()
		if err != nil {
			return err
		}
		lines := strings.SplitAfter(string(raw), "\n")
		lines = lines[header : len(lines)-1]
		if len(all) != len(lines) {
			return fmt.Errorf("%w: %s: %d rows, %d lines", errDiffers, file, len(all), len(lines))
		}
		for i, row := range all {
			if got, want := show(row), columns(lines[i]); !slices.Equal(got, want) {
				return fmt.Errorf("%w: %s: %q, the text says %q", errDiffers, file, got, want)
			}
		}
		return nil
	})
}

func checkARP(p *Process) error {
	return checkRows(p, "net/arp", 1, p.ARP, func(e ARPEntry) []string {
		return []string{e.IP.String(), fmt.Sprintf("%#x", uint32(e.HWType)), fmt.Sprintf("0x%x", uint32(e.Flags)), e.HWAddress, e.Mask, e.Device}
	}, strings.Fields)
}

func checkRoute(p *Process) error {
	show := func(a netip.Addr) string {
		s, _, _ := strings.Cut(showEnd(netip.AddrPortFrom(a, 0), binary.NativeEndian), ":")
		return s
	}
	return checkRows(p, "net/route", 1, p.Route, func(r Route) []string {
		return strings.Fields(fmt.Sprintf("%s %s %s %04X %d %d %d %s %d %d %d", r.Iface, show(r.Destination), show(r.Gateway),
			uint32(r.Flags), r.RefCnt, r.Use, int32(r.Metric), show(r.Mask), r.MTU, r.Window, r.IRTT))
	}, strings.Fields)
}

func checkIPv6Route(p *Process) error {
	show := func(a netip.Addr) string { return fmt.Sprintf("%x", a.AsSlice()) }
	return checkRows(p, "net/ipv6_route", 0, p.IPv6Route, func(r IPv6Route) []string {
		return strings.Fields(fmt.Sprintf("%s %02x %s %02x %s %08x %08x %08x %08x %s", show(r.Destination.Addr()), r.Destination.Bits(),
			show(r.Source.Addr()), r.Source.Bits(), show(r.NextHop), r.Metric, r.RefCnt, r.Use, uint32(r.Flags), r.Iface))
	}, strings.Fields)
}

func checkNetDev(p *Process) error {
	return checkRows(p, "net/dev", 2, p.NetDev, func(n NetDev) []string {
		f := []string{n.Name}
		v := reflect.ValueOf(n)
		for i := 1; i < v.NumField(); i++ {
			f = append(f, fmt.Sprint(v.Field(i)))
		}
		return f
	}, func(line string) []string { return strings.Fields(strings.Replace(line, ":", " ", 1)) })
}

// showDev prints an interface as the kernel does.
func showDev(n NetDev) string {
	line := fmt.Sprintf("%6s:", n.Name)
	for _, p := range n.counters() {
		line += fmt.Sprintf(" %7d", *p)
	}
	return line + "\n"
}

func FuzzParseNetTables(f *testing.F) {
	for _, where := range []string{"linux618", "older26"} {
		for _, file := range []string{"arp", "route", "dev"} {
			f.Add(netText(f, where, file))
		}
	}
	f.Add(netText(f, "linux618", "ipv6_route"))
	f.Fuzz(func(t *testing.T, b []byte) {
		arp, err := ParseARP(b)
		lawful(t, arp, err)
		routes, err := littleRoutes(b)
		lawful(t, routes, err)
		routes6, err := ParseIPv6Route(b)
		lawful(t, routes6, err)
		for i := range routes {
			if p, ok := routes[i].Prefix(); ok && p.Addr() != routes[i].Destination {
				t.Errorf("%+v", routes[i])
			}
		}
		devs, err := ParseNetDev(b)
		lawful(t, devs, err)
		for _, d := range devs {
			line := showDev(d)
			if again, err := ParseNetDev([]byte(line)); err != nil || !slices.Equal(again, []NetDev{d}) {
				t.Errorf("%q: %+v, %v", line, again, err)
			}
		}
	})
}
