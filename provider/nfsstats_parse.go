package provider

import (
	"strconv"
	"strings"
	"time"
)

// line takes one line of NFS statistics. Lines that are unknown are kept, those
// without the tab too: what the server says of itself may hold newlines.
func (s *NFSStats) line(line string) bool {
	text, tab := strings.CutPrefix(line, "\t")
	key, value, found := strings.Cut(text, ":")
	value = strings.TrimLeft(value, " \t")
	known, ok := false, false
	switch {
	case !tab:
	case s.Ops != nil:
		known, ok = found, s.op(strings.TrimLeft(key, " "), value)
	case text == "per-op statistics":
		s.Ops = []NFSOp{}
		known, ok = true, true
	default:
		known, ok = s.keyed(key, value)
	}
	if !known {
		s.Unknown = append(s.Unknown, line)
		return true
	}
	return ok
}

// keyed takes a line "key: value"; known tells whether it is one of ours.
func (s *NFSStats) keyed(key, value string) (known, ok bool) {
	switch key {
	case "opts":
		s.Options = MountOptions(value)
	case "age":
		age, err := strconv.ParseUint(value, 10, 64)
		s.Age = duration(age, time.Second)
		return true, err == nil
	case "impl_id":
		return s.ImplID.parse(value), true
	case "caps":
		return true, s.caps(value)
	case "nfsv4":
		s.V4 = MountOptions(value)
	case "sec":
		return true, s.sec(value)
	case "events":
		return true, s.counters(key, value, s.Events.fields())
	case "bytes":
		return true, s.counters(key, value, s.Bytes.fields())
	case "fsc":
		return true, s.counters(key, value, s.FSCache.fields())
	case "RPC iostats version":
		return true, s.rpc(value)
	case "xprt":
		return true, s.transport(value)
	default:
		return false, true
	}
	return true, true
}

func (s *NFSStats) caps(value string) bool {
	s.CapsOptions = MountOptions(value)
	text, has := s.CapsOptions.Get("caps")
	caps, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	s.Caps = NFSServerCaps(caps)
	return (!has || err == nil) && optionUint(s.CapsOptions, "wtmult", &s.WTMult) &&
		optionUint(s.CapsOptions, "dtsize", &s.DTSize) && optionUint(s.CapsOptions, "bsize", &s.BSize) &&
		optionUint(s.CapsOptions, "namlen", &s.NameLen)
}

func (s *NFSStats) sec(value string) bool {
	s.Sec = MountOptions(value)
	return optionUint(s.Sec, "flavor", &s.Flavor) && optionUint(s.Sec, "pseudoflavor", &s.Pseudoflavor)
}

// optionUint reads the value of an option that may be missing.
func optionUint(l MountOptions, name string, p *uint64) bool {
	text, has := l.Get(name)
	if !has {
		return true
	}
	v, err := strconv.ParseUint(text, 10, 64)
	*p = v
	return err == nil
}

// rpc reads "version  p/v: program/version (name)".
func (s *NFSStats) rpc(value string) bool {
	version, rest, ok := strings.Cut(value, "  p/v: ")
	s.RPCVersion = version
	program, rest, slash := strings.Cut(rest, "/")
	number, name, blank := strings.Cut(rest, " ")
	v, err := strconv.ParseUint(program, 10, 32)
	n, err2 := strconv.ParseUint(number, 10, 32)
	s.Program, s.ProgramVersion = v, n
	s.ProgramName = strings.TrimSuffix(strings.TrimPrefix(name, "("), ")")
	return ok && slash && blank && err == nil && err2 == nil
}

// counters sets what fields there are. A line that has more is kept too.
func (s *NFSStats) counters(key, value string, fields []*uint64) bool {
	numbers, ok := uints(value)
	if setUints(fields, numbers) < len(numbers) {
		s.Unknown = append(s.Unknown, "\t"+key+":\t"+value)
	}
	return ok
}

// transport reads "protocol number number …".
func (s *NFSStats) transport(value string) bool {
	protocol, rest, _ := strings.Cut(value, " ")
	numbers, ok := uints(rest)
	t := NFSTransport{Protocol: protocol, Numbers: numbers}
	var connect, idle uint64
	setUints(t.fields(&connect, &idle), numbers)
	t.ConnectTime, t.IdleTime = duration(connect, time.Second), duration(idle, time.Second)
	s.Transports = append(s.Transports, t)
	return ok && protocol != ""
}

// fields are what the numbers of the protocol mean.
func (t *NFSTransport) fields(connect, idle *uint64) []*uint64 {
	requests := []*uint64{&t.Sends, &t.Receives, &t.BadXIDs, &t.ActiveSum, &t.BacklogSum}
	slots := []*uint64{&t.MaxSlots, &t.SendingSum, &t.PendingSum}
	switch t.Protocol {
	case "udp":
		return append(append([]*uint64{&t.Port, &t.BindCount}, requests...), slots...)
	case "tcp":
		return append(append([]*uint64{&t.Port, &t.BindCount, &t.ConnectCount, connect, idle}, requests...), slots...)
	case "local":
		return append(append([]*uint64{&t.BindCount, &t.ConnectCount, connect, idle}, requests...), slots...)
	case "rdma":
		return append(append([]*uint64{&t.Port, &t.BindCount, &t.ConnectCount, connect, idle}, requests...), t.RDMA.fields()...)
	}
	return nil
}

// op reads "operations transmissions …", eight numbers or nine.
func (s *NFSStats) op(name, value string) bool {
	numbers, ok := uints(value)
	o := NFSOp{Name: name, HasErrors: len(numbers) > 8}
	var queue, resp, total uint64
	n := setUints([]*uint64{
		&o.Operations, &o.Transmissions, &o.MajorTimeouts, &o.BytesSent, &o.BytesRecv, &queue, &resp, &total, &o.Errors,
	}, numbers)
	const ms = time.Millisecond
	o.CumQueueTime, o.CumRespTime, o.CumTotalReqTime = duration(queue, ms), duration(resp, ms), duration(total, ms)
	s.Ops = append(s.Ops, o)
	if n < len(numbers) {
		s.Unknown = append(s.Unknown, "\t"+name+": "+value)
	}
	return ok && n >= 8
}

// parse reads "name='…',domain='…',date='seconds,nanoseconds'". The first two
// are the server's own words, and may hold anything.
func (i *NFSImplID) parse(text string) bool {
	text, ok := strings.CutPrefix(text, "name='")
	at := strings.LastIndex(text, "',date='")
	if !ok || at < 0 {
		return false
	}
	names, date := text[:at], text[at+len("',date='"):]
	name, domain, ok := strings.Cut(names, "',domain='")
	seconds, nanos, comma := strings.Cut(strings.TrimSuffix(date, "'"), ",")
	sec, err := strconv.ParseInt(seconds, 10, 64)
	nsec, err2 := strconv.ParseUint(nanos, 10, 32)
	if !ok || !comma || err != nil || err2 != nil || !strings.HasSuffix(date, "'") {
		return false
	}
	*i = NFSImplID{Name: name, Domain: domain}
	if sec != 0 || nsec != 0 {
		i.Date = time.Unix(sec, int64(nsec)).UTC()
	}
	return true
}

// uints reads numbers with blanks between.
func uints(text string) (list []uint64, ok bool) {
	for field := range strings.FieldsSeq(text) {
		v, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return list, false
		}
		list = append(list, v)
	}
	return list, len(list) > 0
}

// setUints sets as many fields as there are numbers, and gives how many.
func setUints(fields []*uint64, numbers []uint64) int {
	n := min(len(fields), len(numbers))
	for i := range n {
		*fields[i] = numbers[i]
	}
	return n
}
