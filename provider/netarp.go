package provider

import (
	"bytes"
	"encoding/hex"
	"io"
	"iter"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// ARPEntry is one line of /proc/PID/net/arp: an IPv4 neighbour.
type ARPEntry struct {
	IP        netip.Addr
	HWType    ARPHardware
	Flags     ARPFlags
	HWAddress string // as the kernel prints it, such as "02:fc:00:00:00:05"; "" where the device has none. See MAC
	Mask      string // "*"
	Device    string // the interface
}

// MAC gives the address of six bytes, as Ethernet's is; ok is false where the
// address is of another form. It is zero until the neighbour has answered.
func (e *ARPEntry) MAC() (mac [6]byte, ok bool) {
	const form = "xx:xx:xx:xx:xx:xx"
	if len(e.HWAddress) != len(form) {
		return mac, false
	}
	b, err := hex.DecodeString(strings.ReplaceAll(e.HWAddress, ":", ""))
	if err != nil || len(b) != len(mac) {
		return mac, false
	}
	return [6]byte(b), true
}

// ARPHardware is the kind of a hardware address, of <linux/if_arp.h>.
type ARPHardware uint32

// The kinds with a number in the ARP standards.
const (
	ARPNetROM     ARPHardware = 0
	ARPEther      ARPHardware = 1
	ARPEEther     ARPHardware = 2 // experimental Ethernet
	ARPAX25       ARPHardware = 3
	ARPProNET     ARPHardware = 4
	ARPChaos      ARPHardware = 5
	ARPIEEE802    ARPHardware = 6
	ARPArcnet     ARPHardware = 7
	ARPAppleTalk  ARPHardware = 8
	ARPDLCI       ARPHardware = 15 // frame relay
	ARPATM        ARPHardware = 19
	ARPMetricom   ARPHardware = 23
	ARPIEEE1394   ARPHardware = 24
	ARPEUI64      ARPHardware = 27
	ARPInfiniBand ARPHardware = 32
)

// String gives the name of the kind, or its number.
func (h ARPHardware) String() string {
	switch h {
	case ARPNetROM:
		return "NETROM"
	case ARPEther:
		return "ETHER"
	case ARPEEther:
		return "EETHER"
	case ARPAX25:
		return "AX25"
	case ARPProNET:
		return "PRONET"
	case ARPChaos:
		return "CHAOS"
	case ARPIEEE802:
		return "IEEE802"
	case ARPArcnet:
		return "ARCNET"
	case ARPAppleTalk:
		return "APPLETLK"
	case ARPDLCI:
		return "DLCI"
	case ARPATM:
		return "ATM"
	case ARPMetricom:
		return "METRICOM"
	case ARPIEEE1394:
		return "IEEE1394"
	case ARPEUI64:
		return "EUI64"
	case ARPInfiniBand:
		return "INFINIBAND"
	}
	return "hardware " + strconv.FormatUint(uint64(h), 10)
}

// ARPFlags are the ATF_* bits of <linux/if_arp.h>. Others are kept.
type ARPFlags uint32

// The bits that have a name.
const (
	ARPComplete    ARPFlags = 0x02 // the address is known
	ARPPermanent   ARPFlags = 0x04
	ARPPublish     ARPFlags = 0x08 // answered for somebody else
	ARPTrailers    ARPFlags = 0x10
	ARPNetmask     ARPFlags = 0x20
	ARPDontPublish ARPFlags = 0x40
)

// Has reports whether all flags of want are set.
func (f ARPFlags) Has(want ARPFlags) bool { return f&want == want }

// ParseARP reads the text of net/arp. Its header may be missing; columns of
// another form, a text that ends within a line, and no text are ErrMalformed.
func ParseARP(text []byte) ([]ARPEntry, error) {
	return netList("net/arp", arpRows(bytes.NewReader(text)))
}

func arpRows(r io.Reader) iter.Seq2[ARPEntry, error] {
	return netLineRows(r, "net/arp", netHeader("IP address"), parseARP)
}

// parseARP reads "ip 0xtype 0xflags hwaddress mask device".
func parseARP(line []byte) (e ARPEntry, ok bool) {
	c := netColumns{b: line}
	ip, err := netip.ParseAddr(string(c.word()))
	e.IP = ip
	c.bad = c.bad || err != nil || !ip.Is4()
	c.gap()
	e.HWType = ARPHardware(c.prefixed())
	c.gap()
	e.Flags = ARPFlags(c.prefixed())
	c.gap()
	e.rest(&c)
	if c.bad || c.left() {
		return ARPEntry{}, false
	}
	return e, true
}

// rest reads "hwaddress mask device", of which the first is blank for a device
// without addresses.
func (e *ARPEntry) rest(c *netColumns) {
	var w [3]string
	n := 0
	for ; n < len(w) && c.left(); n++ {
		w[n] = string(c.word())
		c.gap()
	}
	switch n {
	case 3:
		e.HWAddress, e.Mask, e.Device = w[0], w[1], w[2]
	case 2:
		e.Mask, e.Device = w[0], w[1]
	default:
		c.bad = true
	}
}

// prefixed is a hexadecimal number of 32 bits after "0x".
func (c *netColumns) prefixed() uint64 {
	c.mark('0')
	c.mark('x')
	return c.hex(math.MaxUint32)
}

// ARP lists /proc/PID/net/arp (2.6.25): the IPv4 neighbours that the process's network
// namespace knows. ErrGone for a zombie.
func (d *dir) ARP() ([]ARPEntry, error) { return netTable(d, "net/arp", arpRows) }
