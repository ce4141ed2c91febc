package provider

import "bytes"

// SNMP6 is /proc/PID/net/snmp6: the counters of IPv6 and of what runs over it,
// for the process's network namespace. A counter that this kernel lacks is
// zero.
type SNMP6 struct {
	Fields int // how many counters with a field here the kernel wrote; 86 in Linux 6.18

	IP6InReceives       uint64
	IP6InHdrErrors      uint64
	IP6InTooBigErrors   uint64
	IP6InNoRoutes       uint64
	IP6InAddrErrors     uint64
	IP6InUnknownProtos  uint64
	IP6InTruncatedPkts  uint64
	IP6InDiscards       uint64
	IP6InDelivers       uint64
	IP6OutForwDatagrams uint64
	IP6OutRequests      uint64
	IP6OutDiscards      uint64
	IP6OutNoRoutes      uint64
	IP6ReasmTimeout     uint64
	IP6ReasmReqds       uint64
	IP6ReasmOKs         uint64
	IP6ReasmFails       uint64
	IP6FragOKs          uint64
	IP6FragFails        uint64
	IP6FragCreates      uint64
	IP6InMcastPkts      uint64
	IP6OutMcastPkts     uint64
	IP6InOctets         uint64
	IP6OutOctets        uint64
	IP6InMcastOctets    uint64
	IP6OutMcastOctets   uint64
	IP6InBcastOctets    uint64
	IP6OutBcastOctets   uint64
	IP6InNoECTPkts      uint64 // 3.12; it and the next three by the bits of congestion notification
	IP6InECT1Pkts       uint64
	IP6InECT0Pkts       uint64
	IP6InCEPkts         uint64
	IP6OutTransmits     uint64 // 6.6

	ICMP6InMsgs                    uint64
	ICMP6InErrors                  uint64
	ICMP6OutMsgs                   uint64
	ICMP6OutErrors                 uint64
	ICMP6InCsumErrors              uint64
	ICMP6OutRateLimitHost          uint64 // 6.3
	ICMP6InDestUnreachs            uint64
	ICMP6InPktTooBigs              uint64
	ICMP6InTimeExcds               uint64
	ICMP6InParmProblems            uint64
	ICMP6InEchos                   uint64
	ICMP6InEchoReplies             uint64
	ICMP6InGroupMembQueries        uint64
	ICMP6InGroupMembResponses      uint64
	ICMP6InGroupMembReductions     uint64
	ICMP6InRouterSolicits          uint64
	ICMP6InRouterAdvertisements    uint64
	ICMP6InNeighborSolicits        uint64
	ICMP6InNeighborAdvertisements  uint64
	ICMP6InRedirects               uint64
	ICMP6InMLDv2Reports            uint64
	ICMP6OutDestUnreachs           uint64
	ICMP6OutPktTooBigs             uint64
	ICMP6OutTimeExcds              uint64
	ICMP6OutParmProblems           uint64
	ICMP6OutEchos                  uint64
	ICMP6OutEchoReplies            uint64
	ICMP6OutGroupMembQueries       uint64
	ICMP6OutGroupMembResponses     uint64
	ICMP6OutGroupMembReductions    uint64
	ICMP6OutRouterSolicits         uint64
	ICMP6OutRouterAdvertisements   uint64
	ICMP6OutNeighborSolicits       uint64
	ICMP6OutNeighborAdvertisements uint64
	ICMP6OutRedirects              uint64
	ICMP6OutMLDv2Reports           uint64

	UDP6InDatagrams  uint64
	UDP6NoPorts      uint64
	UDP6InErrors     uint64
	UDP6OutDatagrams uint64
	UDP6RcvbufErrors uint64
	UDP6SndbufErrors uint64
	UDP6InCsumErrors uint64
	UDP6IgnoredMulti uint64
	UDP6MemErrors    uint64 // 5.11

	UDPLite6InDatagrams  uint64
	UDPLite6NoPorts      uint64
	UDPLite6InErrors     uint64
	UDPLite6OutDatagrams uint64
	UDPLite6RcvbufErrors uint64
	UDPLite6SndbufErrors uint64
	UDPLite6InCsumErrors uint64
	UDPLite6MemErrors    uint64 // 5.11

	// Unknown holds the counters that have no field, their Group being empty:
	// Icmp6InType…, one for each type of message seen, and those of later
	// kernels.
	Unknown []NetCounter
}

// ParseSNMP6 reads the text of net/snmp6, a name and a value on each line.
// Counters that are missing, and others, are no error; lines of another form,
// a text without its last newline, and no text are ErrMalformed.
func ParseSNMP6(b []byte) (SNMP6, error) {
	var s SNMP6
	err := s.Parse(b)
	return s, err
}

// Parse is ParseSNMP6 into s, whose Unknown it reuses: it allocates nothing but
// its errors once the names are known. After an error s is zero.
func (s *SNMP6) Parse(b []byte) error {
	t := netCounters{names: snmp6Names[:], unknown: s.Unknown}
	*s = SNMP6{}
	fields := s.fields()
	if len(b) == 0 {
		return malformed("net/snmp6", "no text")
	}
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		if n < 0 || !t.line6(b[:n], fields[:]) {
			*s = SNMP6{}
			return malformed("net/snmp6", "not a name and a value")
		}
		b = b[n+1:]
	}
	s.Fields, s.Unknown = t.found, t.list()
	return nil
}

// line6 takes "name value".
func (t *netCounters) line6(line []byte, fields []*uint64) bool {
	c := netColumns{b: line}
	name := c.word()
	c.gap()
	v := c.signed64()
	c.gap()
	if c.bad || c.left() {
		return false
	}
	t.put(nil, name, v, fields)
	return true
}

// SNMP6 reads /proc/PID/net/snmp6 (2.6.25) into s. ErrNotSupported without IPv6, ErrGone
// for a zombie.
func (d *dir) SNMP6(s *SNMP6) error { return d.parseNet("net/snmp6", s) }
