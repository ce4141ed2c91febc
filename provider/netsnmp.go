package provider

import "strconv"

// SNMP is /proc/PID/net/snmp: the counters of IPv4 and of what runs over it,
// for the process's network namespace, by their names in the MIBs of RFC 1213
// and later ones. All count since the namespace began unless noted. A counter
// that this kernel lacks is zero.
type SNMP struct {
	Fields int // how many counters with a field here the kernel wrote; 82 in Linux 6.18

	IPForwarding      IPForwarding
	IPDefaultTTL      uint64 // of packets sent, not a count
	IPInReceives      uint64
	IPInHdrErrors     uint64
	IPInAddrErrors    uint64
	IPForwDatagrams   uint64
	IPInUnknownProtos uint64
	IPInDiscards      uint64
	IPInDelivers      uint64
	IPOutRequests     uint64
	IPOutDiscards     uint64
	IPOutNoRoutes     uint64
	IPReasmTimeout    uint64 // seconds, not a count
	IPReasmReqds      uint64
	IPReasmOKs        uint64
	IPReasmFails      uint64
	IPFragOKs         uint64
	IPFragFails       uint64
	IPFragCreates     uint64
	IPOutTransmits    uint64 // 6.6

	ICMPInMsgs             uint64
	ICMPInErrors           uint64
	ICMPInCsumErrors       uint64 // 3.10
	ICMPInDestUnreachs     uint64
	ICMPInTimeExcds        uint64
	ICMPInParmProbs        uint64
	ICMPInSrcQuenchs       uint64
	ICMPInRedirects        uint64
	ICMPInEchos            uint64
	ICMPInEchoReps         uint64
	ICMPInTimestamps       uint64
	ICMPInTimestampReps    uint64
	ICMPInAddrMasks        uint64
	ICMPInAddrMaskReps     uint64
	ICMPOutMsgs            uint64
	ICMPOutErrors          uint64
	ICMPOutRateLimitGlobal uint64 // 6.3
	ICMPOutRateLimitHost   uint64 // 6.3
	ICMPOutDestUnreachs    uint64
	ICMPOutTimeExcds       uint64
	ICMPOutParmProbs       uint64
	ICMPOutSrcQuenchs      uint64
	ICMPOutRedirects       uint64
	ICMPOutEchos           uint64
	ICMPOutEchoReps        uint64
	ICMPOutTimestamps      uint64
	ICMPOutTimestampReps   uint64
	ICMPOutAddrMasks       uint64
	ICMPOutAddrMaskReps    uint64

	TCPRTOAlgorithm RTOAlgorithm
	TCPRTOMin       uint64 // ms
	TCPRTOMax       uint64 // ms
	TCPMaxConn      int64  // -1: no fixed bound
	TCPActiveOpens  uint64
	TCPPassiveOpens uint64
	TCPAttemptFails uint64
	TCPEstabResets  uint64
	TCPCurrEstab    uint64 // connections now established, not a count
	TCPInSegs       uint64
	TCPOutSegs      uint64
	TCPRetransSegs  uint64
	TCPInErrs       uint64
	TCPOutRsts      uint64
	TCPInCsumErrors uint64 // 3.10

	UDPInDatagrams  uint64
	UDPNoPorts      uint64
	UDPInErrors     uint64
	UDPOutDatagrams uint64
	UDPRcvbufErrors uint64
	UDPSndbufErrors uint64
	UDPInCsumErrors uint64 // 3.10
	UDPIgnoredMulti uint64 // 3.19
	UDPMemErrors    uint64 // 5.11

	UDPLiteInDatagrams  uint64
	UDPLiteNoPorts      uint64
	UDPLiteInErrors     uint64
	UDPLiteOutDatagrams uint64
	UDPLiteRcvbufErrors uint64
	UDPLiteSndbufErrors uint64
	UDPLiteInCsumErrors uint64 // 3.10
	UDPLiteIgnoredMulti uint64 // 3.19
	UDPLiteMemErrors    uint64 // 5.11

	// Unknown holds the counters that have no field: the group IcmpMsg, which
	// has one for each type of message seen, and those of later kernels.
	Unknown []NetCounter
}

// IPForwarding tells whether packets for others are passed on.
type IPForwarding uint64

// The values of RFC 1213.
const (
	Forwarding    IPForwarding = 1
	NotForwarding IPForwarding = 2
)

// String gives "forwarding", "not forwarding", or the number.
func (f IPForwarding) String() string {
	switch f {
	case Forwarding:
		return "forwarding"
	case NotForwarding:
		return "not forwarding"
	}
	return "forwarding " + strconv.FormatUint(uint64(f), 10)
}

// RTOAlgorithm is how TCP finds the retransmission timeout.
type RTOAlgorithm uint64

// The values of RFC 1213.
const (
	RTOOther    RTOAlgorithm = 1
	RTOConstant RTOAlgorithm = 2
	RTORsre     RTOAlgorithm = 3 // MIL-STD-1778
	RTOVanj     RTOAlgorithm = 4 // Van Jacobson's
)

// String gives the name in the MIB, such as "vanj", or the number.
func (a RTOAlgorithm) String() string {
	switch a {
	case RTOOther:
		return "other"
	case RTOConstant:
		return "constant"
	case RTORsre:
		return "rsre"
	case RTOVanj:
		return "vanj"
	}
	return "algorithm " + strconv.FormatUint(uint64(a), 10)
}

// ParseSNMP reads the text of net/snmp, of which each group is two lines, names
// and values. Groups and counters that are missing, and others, are no error;
// lines that do not pair, values that are no numbers, a text without its last
// newline, and no text are ErrMalformed.
func ParseSNMP(b []byte) (SNMP, error) {
	var s SNMP
	err := s.Parse(b)
	return s, err
}

// Parse is ParseSNMP into s, whose Unknown it reuses: it allocates nothing but
// its errors once the names are known. After an error s is zero.
func (s *SNMP) Parse(b []byte) error {
	t := netCounters{names: snmpNames[:], unknown: s.Unknown}
	*s = SNMP{}
	var maxConn uint64
	fields := s.fields(&maxConn)
	if wrong := t.pairs(b, fields[:]); wrong != "" {
		*s = SNMP{}
		return malformed("net/snmp", wrong)
	}
	s.TCPMaxConn, s.Fields, s.Unknown = int64(maxConn), t.found, t.list()
	return nil
}

// SNMP reads /proc/PID/net/snmp (2.6.25) into s. ErrGone for a zombie.
func (d *dir) SNMP(s *SNMP) error { return d.parseNet("net/snmp", s) }
