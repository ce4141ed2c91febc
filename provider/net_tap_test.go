package provider

import (
	"net/netip"
	"os"
	"slices"
	"testing"
)

func TestNetTap(t *testing.T) {
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		cannot(t, "no interfaces can be made: "+err.Error())
	}
	_, p := startNet(t, "nettap")
	arp, err := p.ARP()
	want := ARPEntry{
		IP: netip.MustParseAddr("10.9.8.7"), HWType: ARPEther, Flags: ARPComplete | ARPPermanent,
		HWAddress: "02:00:fe:10:0a:ff", Mask: "*", Device: "tap0",
	}
	if err != nil || len(arp) != 1 || arp[0] != want {
		t.Errorf("%+v, %v", arp, err)
	}
	if mac, ok := want.MAC(); !ok || mac != [6]byte{2, 0, 0xfe, 0x10, 0x0a, 0xff} {
		t.Errorf("%x, %v", mac, ok)
	}
	wantRoutes(t, p)
	dev, err := p.NetDev()
	if err != nil || !slices.ContainsFunc(dev, func(n NetDev) bool { return n.Name == "tap0" }) {
		t.Errorf("%+v, %v", dev, err)
	}
	if countUnless6(t, 1) == 0 {
		wantRoutes6(t, p)
	}
}

func wantRoutes(t *testing.T, p *Process) {
	t.Helper()
	none := netip.MustParseAddr("0.0.0.0")
	want := []Route{
		{Iface: "tap0", Destination: netip.MustParseAddr("10.9.8.0"), Gateway: none, Flags: RouteUp, Mask: netip.MustParseAddr("255.255.255.0")},
		{
			Iface: "tap0", Destination: netip.MustParseAddr("10.20.0.0"), Gateway: netip.MustParseAddr("10.9.8.7"),
			Flags: RouteUp | RouteGateway, Metric: 42, Mask: netip.MustParseAddr("255.255.128.0"), MTU: 1400, Window: 8192,
		},
		{Iface: "*", Destination: netip.MustParseAddr("10.30.0.1"), Gateway: none, Flags: RouteUp | RouteHost | RouteReject, Mask: netip.MustParseAddr("255.255.255.255")},
	}
	got, err := p.Route()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	for i, text := range []string{"10.9.8.0/24", "10.20.0.0/17", "10.30.0.1/32"} {
		if prefix, ok := want[i].Prefix(); !ok || prefix.String() != text {
			t.Errorf("%v, %v", prefix, ok)
		}
	}
}

// The kernel gives every address of an interface a route of its own.
func wantRoutes6(t *testing.T, p *Process) {
	t.Helper()
	all, err := p.IPv6Route()
	i := slices.IndexFunc(all, func(r IPv6Route) bool { return r.Destination.String() == "::1/128" })
	if err != nil || i < 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	r := all[i]
	if r.Flags&(RouteUp|RouteLocal) != RouteUp|RouteLocal || r.Iface != "lo" || r.NextHop.String() != "::" || r.Source.Bits() != 0 {
		t.Errorf("%+v", r)
	}
}
