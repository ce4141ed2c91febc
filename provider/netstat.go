package provider

import (
	"bytes"
	"iter"
)

// NetCounter is one number of net/netstat, or of net/snmp and net/snmp6 where
// no field has its name.
type NetCounter struct {
	Group string // such as "TcpExt"; "" in net/snmp6
	Name  string // such as "SyncookiesSent"
	Value uint64 // a negative one in two's complement
}

// Netstat is /proc/PID/net/netstat: more counters of TCP, IPv4 and MPTCP for
// the process's network namespace, in the kernel's order. Their number and
// names differ much between kernels. The groups are TcpExt, IpExt and MPTcpExt.
type Netstat struct {
	Counters []NetCounter
}

// Get gives the counter of a group and a name, such as "TcpExt" and
// "ListenDrops"; ok says that the kernel has it.
func (n *Netstat) Get(group, name string) (value uint64, ok bool) {
	for i := range n.Counters {
		c := &n.Counters[i]
		if c.Name == name && c.Group == group {
			return c.Value, true
		}
	}
	return 0, false
}

// Group goes through the names and values of one group.
func (n *Netstat) Group(group string) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for _, c := range n.Counters {
			if c.Group == group && !yield(c.Name, c.Value) {
				return
			}
		}
	}
}

// ParseNetstat reads the text of net/netstat, or of another file of that form
// such as net/snmp: each group is two lines, names and values. Lines that do
// not pair, values that are no numbers, a text without its last newline, and
// no text are ErrMalformed.
func ParseNetstat(b []byte) (Netstat, error) {
	var n Netstat
	err := n.Parse(b)
	return n, err
}

// Parse is ParseNetstat into n, whose list it reuses: it allocates nothing but
// its errors once the names are known. After an error n is zero.
func (n *Netstat) Parse(b []byte) error {
	t := netCounters{unknown: n.Counters}
	if what := t.pairs(b, nil); what != "" {
		*n = Netstat{}
		return malformed("net/netstat", what)
	}
	n.Counters = t.list()
	return nil
}

// Netstat reads /proc/PID/net/netstat (2.6.25) into n. ErrGone for a zombie.
func (d *dir) Netstat(n *Netstat) error { return d.parseNet("net/netstat", n) }

// netCounters puts counters where they belong: into fields by their names, the
// others into a list, whose room and strings it reuses.
type netCounters struct {
	names   []string // "Group:Name", or the name alone where there are no groups
	next    int      // the one expected next
	found   int      // counters that have a field
	unknown []NetCounter
	n       int // of unknown that are set
}

// list gives the counters without a field; nil if there are none.
func (t *netCounters) list() []NetCounter {
	if t.n == 0 {
		return nil
	}
	return t.unknown[:t.n]
}

// put stores one counter.
func (t *netCounters) put(group, name []byte, v uint64, fields []*uint64) {
	for range t.names {
		i := t.next
		if t.next++; t.next == len(t.names) {
			t.next = 0
		}
		if netIsField(t.names[i], group, name) {
			*fields[i] = v
			t.found++
			return
		}
	}
	t.keep(group, name, v)
}

// netIsField compares "Group:Name", or "Name" for no group.
func netIsField(field string, group, name []byte) bool {
	if group == nil {
		return field == string(name)
	}
	n := len(group)
	return len(field) == n+1+len(name) && field[n] == ':' && field[:n] == string(group) && field[n+1:] == string(name)
}

// keep appends to the list, with the strings of the last time where they are
// the same.
func (t *netCounters) keep(group, name []byte, v uint64) {
	if t.n == len(t.unknown) {
		t.unknown = append(t.unknown, NetCounter{})
	}
	c := &t.unknown[t.n]
	t.n++
	c.Value = v
	if c.Group != string(group) {
		c.Group = t.group(group)
	}
	if c.Name != string(name) {
		c.Name = string(name)
	}
}

// group makes a string of the name, the one of the counter before if it can.
func (t *netCounters) group(name []byte) string {
	if t.n > 1 && t.unknown[t.n-2].Group == string(name) {
		return t.unknown[t.n-2].Group
	}
	return string(name)
}

// pairs reads groups of two lines. It says what is wrong, "" if nothing is.
func (t *netCounters) pairs(b []byte, fields []*uint64) (wrong string) {
	if len(b) == 0 {
		return "no text"
	}
	for len(b) > 0 {
		names, rest, ok1 := bytes.Cut(b, []byte{'\n'})
		values, rest, ok2 := bytes.Cut(rest, []byte{'\n'})
		if !ok1 || !ok2 {
			return "no pairs of lines"
		}
		group, names, ok1 := bytes.Cut(names, []byte{':'})
		again, values, ok2 := bytes.Cut(values, []byte{':'})
		if !ok1 || !ok2 || len(group) == 0 || !bytes.Equal(group, again) {
			return "no group"
		}
		if !t.pair(group, names, values, fields) {
			return "names without values"
		}
		b = rest
	}
	if t.found+t.n == 0 {
		return "no counters"
	}
	return ""
}

// pair reads " name name" and " value value".
func (t *netCounters) pair(group, names, values []byte, fields []*uint64) bool {
	n, v := netColumns{b: names}, netColumns{b: values}
	n.gap()
	v.gap()
	for n.left() && v.left() {
		name, value := n.word(), v.signed64()
		n.gap()
		v.gap()
		if !n.bad && !v.bad {
			t.put(group, name, value, fields)
		}
	}
	return !n.bad && !v.bad && len(n.b) == 0 && len(v.b) == 0
}

// signed64 is a number that fills 64 bits with sign or without.
func (c *netColumns) signed64() uint64 {
	if len(c.b) > 0 && c.b[0] == '-' {
		return uint64(c.signed())
	}
	return c.decimal(1<<64 - 1)
}
