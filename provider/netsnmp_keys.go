package provider

// The fields of SNMP and SNMP6 in the order of Linux 6.18: the names, as group
// and counter, and the places. The two lists of each go together.

const snmpFields = 82

var snmpNames = [snmpFields]string{
	"Ip:Forwarding", "Ip:DefaultTTL", "Ip:InReceives", "Ip:InHdrErrors", "Ip:InAddrErrors", "Ip:ForwDatagrams",
	"Ip:InUnknownProtos", "Ip:InDiscards", "Ip:InDelivers", "Ip:OutRequests", "Ip:OutDiscards",
	"Ip:OutNoRoutes", "Ip:ReasmTimeout", "Ip:ReasmReqds", "Ip:ReasmOKs", "Ip:ReasmFails", "Ip:FragOKs",
	"Ip:FragFails", "Ip:FragCreates", "Ip:OutTransmits",
	"Icmp:InMsgs", "Icmp:InErrors", "Icmp:InCsumErrors", "Icmp:InDestUnreachs", "Icmp:InTimeExcds",
	"Icmp:InParmProbs", "Icmp:InSrcQuenchs", "Icmp:InRedirects", "Icmp:InEchos", "Icmp:InEchoReps",
	"Icmp:InTimestamps", "Icmp:InTimestampReps", "Icmp:InAddrMasks", "Icmp:InAddrMaskReps", "Icmp:OutMsgs",
	"Icmp:OutErrors", "Icmp:OutRateLimitGlobal", "Icmp:OutRateLimitHost", "Icmp:OutDestUnreachs",
	"Icmp:OutTimeExcds", "Icmp:OutParmProbs", "Icmp:OutSrcQuenchs", "Icmp:OutRedirects", "Icmp:OutEchos",
	"Icmp:OutEchoReps", "Icmp:OutTimestamps", "Icmp:OutTimestampReps", "Icmp:OutAddrMasks",
	"Icmp:OutAddrMaskReps",
	"Tcp:RtoAlgorithm", "Tcp:RtoMin", "Tcp:RtoMax", "Tcp:MaxConn", "Tcp:ActiveOpens", "Tcp:PassiveOpens",
	"Tcp:AttemptFails", "Tcp:EstabResets", "Tcp:CurrEstab", "Tcp:InSegs", "Tcp:OutSegs", "Tcp:RetransSegs",
	"Tcp:InErrs", "Tcp:OutRsts", "Tcp:InCsumErrors",
	"Udp:InDatagrams", "Udp:NoPorts", "Udp:InErrors", "Udp:OutDatagrams", "Udp:RcvbufErrors",
	"Udp:SndbufErrors", "Udp:InCsumErrors", "Udp:IgnoredMulti", "Udp:MemErrors",
	"UdpLite:InDatagrams", "UdpLite:NoPorts", "UdpLite:InErrors", "UdpLite:OutDatagrams",
	"UdpLite:RcvbufErrors", "UdpLite:SndbufErrors", "UdpLite:InCsumErrors", "UdpLite:IgnoredMulti",
	"UdpLite:MemErrors",
}

func (s *SNMP) fields(maxConn *uint64) [snmpFields]*uint64 {
	return [...]*uint64{
		(*uint64)(&s.IPForwarding), &s.IPDefaultTTL, &s.IPInReceives, &s.IPInHdrErrors, &s.IPInAddrErrors,
		&s.IPForwDatagrams, &s.IPInUnknownProtos, &s.IPInDiscards, &s.IPInDelivers, &s.IPOutRequests,
		&s.IPOutDiscards, &s.IPOutNoRoutes, &s.IPReasmTimeout, &s.IPReasmReqds, &s.IPReasmOKs, &s.IPReasmFails,
		&s.IPFragOKs, &s.IPFragFails, &s.IPFragCreates, &s.IPOutTransmits,
		&s.ICMPInMsgs, &s.ICMPInErrors, &s.ICMPInCsumErrors, &s.ICMPInDestUnreachs, &s.ICMPInTimeExcds,
		&s.ICMPInParmProbs, &s.ICMPInSrcQuenchs, &s.ICMPInRedirects, &s.ICMPInEchos, &s.ICMPInEchoReps,
		&s.ICMPInTimestamps, &s.ICMPInTimestampReps, &s.ICMPInAddrMasks, &s.ICMPInAddrMaskReps, &s.ICMPOutMsgs,
		&s.ICMPOutErrors, &s.ICMPOutRateLimitGlobal, &s.ICMPOutRateLimitHost, &s.ICMPOutDestUnreachs,
		&s.ICMPOutTimeExcds, &s.ICMPOutParmProbs, &s.ICMPOutSrcQuenchs, &s.ICMPOutRedirects, &s.ICMPOutEchos,
		&s.ICMPOutEchoReps, &s.ICMPOutTimestamps, &s.ICMPOutTimestampReps, &s.ICMPOutAddrMasks,
		&s.ICMPOutAddrMaskReps,
		(*uint64)(&s.TCPRTOAlgorithm), &s.TCPRTOMin, &s.TCPRTOMax, maxConn, &s.TCPActiveOpens, &s.TCPPassiveOpens,
		&s.TCPAttemptFails, &s.TCPEstabResets, &s.TCPCurrEstab, &s.TCPInSegs, &s.TCPOutSegs, &s.TCPRetransSegs,
		&s.TCPInErrs, &s.TCPOutRsts, &s.TCPInCsumErrors,
		&s.UDPInDatagrams, &s.UDPNoPorts, &s.UDPInErrors, &s.UDPOutDatagrams, &s.UDPRcvbufErrors,
		&s.UDPSndbufErrors, &s.UDPInCsumErrors, &s.UDPIgnoredMulti, &s.UDPMemErrors,
		&s.UDPLiteInDatagrams, &s.UDPLiteNoPorts, &s.UDPLiteInErrors, &s.UDPLiteOutDatagrams,
		&s.UDPLiteRcvbufErrors, &s.UDPLiteSndbufErrors, &s.UDPLiteInCsumErrors, &s.UDPLiteIgnoredMulti,
		&s.UDPLiteMemErrors,
	}
}

const snmp6Fields = 86

var snmp6Names = [snmp6Fields]string{
	"Ip6InReceives", "Ip6InHdrErrors", "Ip6InTooBigErrors", "Ip6InNoRoutes", "Ip6InAddrErrors",
	"Ip6InUnknownProtos", "Ip6InTruncatedPkts", "Ip6InDiscards", "Ip6InDelivers", "Ip6OutForwDatagrams",
	"Ip6OutRequests", "Ip6OutDiscards", "Ip6OutNoRoutes", "Ip6ReasmTimeout", "Ip6ReasmReqds", "Ip6ReasmOKs",
	"Ip6ReasmFails", "Ip6FragOKs", "Ip6FragFails", "Ip6FragCreates", "Ip6InMcastPkts", "Ip6OutMcastPkts",
	"Ip6InOctets", "Ip6OutOctets", "Ip6InMcastOctets", "Ip6OutMcastOctets", "Ip6InBcastOctets",
	"Ip6OutBcastOctets", "Ip6InNoECTPkts", "Ip6InECT1Pkts", "Ip6InECT0Pkts", "Ip6InCEPkts", "Ip6OutTransmits",
	"Icmp6InMsgs", "Icmp6InErrors", "Icmp6OutMsgs", "Icmp6OutErrors", "Icmp6InCsumErrors",
	"Icmp6OutRateLimitHost", "Icmp6InDestUnreachs", "Icmp6InPktTooBigs", "Icmp6InTimeExcds",
	"Icmp6InParmProblems", "Icmp6InEchos", "Icmp6InEchoReplies", "Icmp6InGroupMembQueries",
	"Icmp6InGroupMembResponses", "Icmp6InGroupMembReductions", "Icmp6InRouterSolicits",
	"Icmp6InRouterAdvertisements", "Icmp6InNeighborSolicits", "Icmp6InNeighborAdvertisements",
	"Icmp6InRedirects", "Icmp6InMLDv2Reports", "Icmp6OutDestUnreachs", "Icmp6OutPktTooBigs",
	"Icmp6OutTimeExcds", "Icmp6OutParmProblems", "Icmp6OutEchos", "Icmp6OutEchoReplies",
	"Icmp6OutGroupMembQueries", "Icmp6OutGroupMembResponses", "Icmp6OutGroupMembReductions",
	"Icmp6OutRouterSolicits", "Icmp6OutRouterAdvertisements", "Icmp6OutNeighborSolicits",
	"Icmp6OutNeighborAdvertisements", "Icmp6OutRedirects", "Icmp6OutMLDv2Reports",
	"Udp6InDatagrams", "Udp6NoPorts", "Udp6InErrors", "Udp6OutDatagrams", "Udp6RcvbufErrors",
	"Udp6SndbufErrors", "Udp6InCsumErrors", "Udp6IgnoredMulti", "Udp6MemErrors",
	"UdpLite6InDatagrams", "UdpLite6NoPorts", "UdpLite6InErrors", "UdpLite6OutDatagrams",
	"UdpLite6RcvbufErrors", "UdpLite6SndbufErrors", "UdpLite6InCsumErrors", "UdpLite6MemErrors",
}

func (s *SNMP6) fields() [snmp6Fields]*uint64 {
	return [...]*uint64{
		&s.IP6InReceives, &s.IP6InHdrErrors, &s.IP6InTooBigErrors, &s.IP6InNoRoutes, &s.IP6InAddrErrors,
		&s.IP6InUnknownProtos, &s.IP6InTruncatedPkts, &s.IP6InDiscards, &s.IP6InDelivers, &s.IP6OutForwDatagrams,
		&s.IP6OutRequests, &s.IP6OutDiscards, &s.IP6OutNoRoutes, &s.IP6ReasmTimeout, &s.IP6ReasmReqds,
		&s.IP6ReasmOKs, &s.IP6ReasmFails, &s.IP6FragOKs, &s.IP6FragFails, &s.IP6FragCreates, &s.IP6InMcastPkts,
		&s.IP6OutMcastPkts, &s.IP6InOctets, &s.IP6OutOctets, &s.IP6InMcastOctets, &s.IP6OutMcastOctets,
		&s.IP6InBcastOctets, &s.IP6OutBcastOctets, &s.IP6InNoECTPkts, &s.IP6InECT1Pkts, &s.IP6InECT0Pkts,
		&s.IP6InCEPkts, &s.IP6OutTransmits,
		&s.ICMP6InMsgs, &s.ICMP6InErrors, &s.ICMP6OutMsgs, &s.ICMP6OutErrors, &s.ICMP6InCsumErrors,
		&s.ICMP6OutRateLimitHost, &s.ICMP6InDestUnreachs, &s.ICMP6InPktTooBigs, &s.ICMP6InTimeExcds,
		&s.ICMP6InParmProblems, &s.ICMP6InEchos, &s.ICMP6InEchoReplies, &s.ICMP6InGroupMembQueries,
		&s.ICMP6InGroupMembResponses, &s.ICMP6InGroupMembReductions, &s.ICMP6InRouterSolicits,
		&s.ICMP6InRouterAdvertisements, &s.ICMP6InNeighborSolicits, &s.ICMP6InNeighborAdvertisements,
		&s.ICMP6InRedirects, &s.ICMP6InMLDv2Reports, &s.ICMP6OutDestUnreachs, &s.ICMP6OutPktTooBigs,
		&s.ICMP6OutTimeExcds, &s.ICMP6OutParmProblems, &s.ICMP6OutEchos, &s.ICMP6OutEchoReplies,
		&s.ICMP6OutGroupMembQueries, &s.ICMP6OutGroupMembResponses, &s.ICMP6OutGroupMembReductions,
		&s.ICMP6OutRouterSolicits, &s.ICMP6OutRouterAdvertisements, &s.ICMP6OutNeighborSolicits,
		&s.ICMP6OutNeighborAdvertisements, &s.ICMP6OutRedirects, &s.ICMP6OutMLDv2Reports,
		&s.UDP6InDatagrams, &s.UDP6NoPorts, &s.UDP6InErrors, &s.UDP6OutDatagrams, &s.UDP6RcvbufErrors,
		&s.UDP6SndbufErrors, &s.UDP6InCsumErrors, &s.UDP6IgnoredMulti, &s.UDP6MemErrors,
		&s.UDPLite6InDatagrams, &s.UDPLite6NoPorts, &s.UDPLite6InErrors, &s.UDPLite6OutDatagrams,
		&s.UDPLite6RcvbufErrors, &s.UDPLite6SndbufErrors, &s.UDPLite6InCsumErrors, &s.UDPLite6MemErrors,
	}
}
