package provider

import (
	"bytes"
	"io"
	"iter"
	"math"
)

// NetDev is one line of /proc/PID/net/dev: what a network interface has
// received and sent.
type NetDev struct {
	Name string

	RecvBytes      uint64
	RecvPackets    uint64
	RecvErrs       uint64
	RecvDrop       uint64
	RecvFIFO       uint64 // buffer overruns
	RecvFrame      uint64 // framing, length and checksum errors
	RecvCompressed uint64
	RecvMulticast  uint64

	SentBytes      uint64
	SentPackets    uint64
	SentErrs       uint64
	SentDrop       uint64
	SentFIFO       uint64
	SentColls      uint64 // collisions
	SentCarrier    uint64 // losses of the carrier, and other errors
	SentCompressed uint64
}

// ParseNetDev reads the text of net/dev. Its header of two lines may be
// missing; a line of another form, a text that ends within one, and no text
// are ErrMalformed.
func ParseNetDev(text []byte) ([]NetDev, error) {
	return netList("net/dev", netDevRows(bytes.NewReader(text)))
}

func netDevRows(r io.Reader) iter.Seq2[NetDev, error] {
	return netLineRows(r, "net/dev", netHeader("Inter-|", "face |"), parseNetDev)
}

// parseNetDev reads "name: numbers". The last colon ends the name, which may
// hold others ("eth0:1"), and on old kernels no blank follows it.
func parseNetDev(line []byte) (n NetDev, ok bool) {
	line = line[skipBlanks(line, 0):]
	end := bytes.LastIndexByte(line, ':')
	if end <= 0 {
		return NetDev{}, false
	}
	n.Name = string(line[:end])
	c := netColumns{b: line[end+1:]}
	c.b = c.b[skipBlanks(c.b, 0):]
	for _, p := range n.counters() {
		*p = c.decimal(math.MaxUint64)
		c.gap()
	}
	if c.bad {
		return NetDev{}, false
	}
	return n, true
}

// counters are the numbers in the order of the file.
func (n *NetDev) counters() [16]*uint64 {
	return [...]*uint64{
		&n.RecvBytes, &n.RecvPackets, &n.RecvErrs, &n.RecvDrop,
		&n.RecvFIFO, &n.RecvFrame, &n.RecvCompressed, &n.RecvMulticast,
		&n.SentBytes, &n.SentPackets, &n.SentErrs, &n.SentDrop,
		&n.SentFIFO, &n.SentColls, &n.SentCarrier, &n.SentCompressed,
	}
}

// NetDev lists /proc/PID/net/dev (2.6.25): the interfaces of the process's network
// namespace, in the kernel's order. ErrGone for a zombie.
func (d *dir) NetDev() ([]NetDev, error) { return netTable(d, "net/dev", netDevRows) }
