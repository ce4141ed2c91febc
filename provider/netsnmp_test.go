package provider

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fieldName is the Go name of a counter, made another way than by the tables.
func fieldName(group, name string) string {
	if group == "" { // it is in the name
		group, name = name, ""
	}
	group = strings.NewReplacer("Ip", "IP", "Icmp", "ICMP", "Tcp", "TCP", "Udp", "UDP").Replace(group)
	return group + strings.Replace(name, "Rto", "RTO", 1)
}

// snmpNumber is a field as the kernel prints it.
func snmpNumber(v reflect.Value) string {
	if v.CanInt() {
		return strconv.FormatInt(v.Int(), 10)
	}
	return strconv.FormatUint(v.Uint(), 10)
}

// naivePairs gives each counter as "Group:Name" and its text, in order.
func naivePairs(text string) (names, values []string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		n, v := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for k := 1; k < len(n); k++ {
			names, values = append(names, n[0]+n[k]), append(values, v[k])
		}
	}
	return names, values
}

// compareSNMP finds each counter of the text in the struct by its name.
func compareSNMP(s any, fields int, unknown []NetCounter, names, values []string) error {
	v := reflect.ValueOf(s)
	for i, name := range names {
		group, counter, ok := strings.Cut(name, ":")
		if !ok {
			group, counter = "", name
		}
		text := ""
		if f := v.FieldByName(fieldName(group, counter)); f.IsValid() {
			text = snmpNumber(f)
			fields--
		} else if k := slices.IndexFunc(unknown, func(c NetCounter) bool { return c.Group == group && c.Name == counter }); k >= 0 {
			text = strconv.FormatInt(int64(unknown[k].Value), 10)
		}
		if text != values[i] {
			return fmt.Errorf("%w: %s is %q, the text says %q", errDiffers, name, text, values[i])
		}
	}
	if fields != 0 {
		return fmt.Errorf("%w: %d fields too many", errDiffers, fields)
	}
	return nil
}

func TestParseSNMP(t *testing.T) {
	text := netText(t, "linux618", "snmp")
	s, err := ParseSNMP(text)
	names, values := naivePairs(string(text))
	if err != nil || s.Fields != snmpFields {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := compareSNMP(s, s.Fields, s.Unknown, names, values); err != nil {
		t.Error(err)
	}
	if s.TCPMaxConn != -1 || s.TCPActiveOpens != 4 || s.UDPOutDatagrams != 51 {
		t.Errorf("%+v", s)
	}
	old, err := ParseSNMP(netText(t, "older26", "snmp"))
	if err != nil || old.Fields != 19+14+4 || old.IPForwarding != Forwarding || old.TCPRTOMax != 120000 || old.UDPOutDatagrams != 123 || old.Unknown != nil {
		t.Errorf("%+v, %v", old, err)
	}
}

// Every field has its own counter: each is given another number and found.
func TestSNMPFields(t *testing.T) {
	var four, six strings.Builder
	for i, name := range snmpNames {
		group, counter, _ := strings.Cut(name, ":")
		fmt.Fprintf(&four, "%s: %s\n%s: %d\n", group, counter, group, i+1)
	}
	for i, name := range snmp6Names {
		fmt.Fprintf(&six, "%-32s\t%d\n", name, i+1)
	}
	s, err := ParseSNMP([]byte(four.String()))
	s6, err6 := ParseSNMP6([]byte(six.String()))
	if err != nil || err6 != nil || s.Fields != snmpFields || s6.Fields != snmp6Fields || s.Unknown != nil || s6.Unknown != nil {
		t.Fatal(s, err, s6, err6)
	}
	for i, name := range snmpNames {
		group, counter, _ := strings.Cut(name, ":")
		if got := snmpNumber(reflect.ValueOf(s).FieldByName(fieldName(group, counter))); got != strconv.Itoa(i+1) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for i, name := range snmp6Names {
		if got := snmpNumber(reflect.ValueOf(s6).FieldByName(fieldName("", name))); got != strconv.Itoa(i+1) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if n := reflect.TypeFor[SNMP]().NumField() - 2; n != snmpFields {
		t.Errorf("%d fields", n)
	}
	if n := reflect.TypeFor[SNMP6]().NumField() - 2; n != snmp6Fields {
		t.Errorf("%d fields", n)
	}
}

// Counters, groups and orders of other kernels: nothing is lost.
func TestSNMPUnknown(t *testing.T) {
	s, err := ParseSNMP([]byte("Udp: MemErrors New InDatagrams\nUdp: 1 -2 3\nIcmpMsg: InType3 OutType8\nIcmpMsg: 4 5\nSctp: Ip\nSctp: 6\n"))
	want := []NetCounter{{"Udp", "New", 1<<64 - 2}, {"IcmpMsg", "InType3", 4}, {"IcmpMsg", "OutType8", 5}, {"Sctp", "Ip", 6}}
	if err != nil || s.Fields != 2 || s.UDPMemErrors != 1 || s.UDPInDatagrams != 3 || !slices.Equal(s.Unknown, want) {
		t.Errorf("%+v, %v", s, err)
	}
	six, err := ParseSNMP6([]byte("UdpLite6MemErrors 1\nIcmp6OutType143\t2\nIp6InReceives                   \t3\n"))
	if err != nil || six.Fields != 2 || six.UDPLite6MemErrors != 1 || six.IP6InReceives != 3 || !slices.Equal(six.Unknown, []NetCounter{{"", "Icmp6OutType143", 2}}) {
		t.Errorf("%+v, %v", six, err)
	}
}

// What was there before does not shine through.
func TestSNMPReused(t *testing.T) {
	var s SNMP
	var n Netstat
	var six SNMP6
	for _, err := range []error{
		s.Parse(netText(t, "linux618", "snmp")), n.Parse(netText(t, "linux618", "netstat")), six.Parse(netText(t, "linux618", "snmp6")),
		s.Parse([]byte("Udp: NoPorts\nUdp: 7\n")), n.Parse([]byte("A: B\nA: 1\n")), six.Parse([]byte("C 2\n")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(s, SNMP{Fields: 1, UDPNoPorts: 7}) || !slices.Equal(n.Counters, []NetCounter{{"A", "B", 1}}) ||
		!reflect.DeepEqual(six, SNMP6{Unknown: []NetCounter{{"", "C", 2}}}) {
		t.Errorf("%+v\n%+v\n%+v", s, n, six)
	}
	if s.Parse(nil) == nil || n.Parse(nil) == nil || six.Parse(nil) == nil || s.Fields != 0 || n.Counters != nil || six.Unknown != nil {
		t.Errorf("%+v\n%+v\n%+v", s, n, six)
	}
}

func TestSNMPRefusesOddText(t *testing.T) {
	pairs := []string{
		"", "\n", "Ip: A\n", "Ip: A\nIp: 1", "Ip: A\nIp 1\n", "Ip: A\nTcp: 1\n", ": A\n: 1\n", "Ip: A B\nIp: 1\n", "Ip: A\nIp: 1 2\n",
		"Ip: A\nIp: x\n", "Ip: A\nIp: 18446744073709551616\n", "Ip: A\nIp: -9223372036854775809\n", "Ip: A\nIp:\n", "Ip:\nIp:\n", "Ip: A\nIp: 1\n\n",
	}
	malformedText(t, ParseSNMP, pairs...)
	malformedText(t, ParseNetstat, pairs...)
	malformedText(t, ParseSNMP6, "", "\n", "A\n", "A 1", "A x\n", "A 1 2\n", "A 18446744073709551616\n", " 1\n", "A 1\n\n")
}

func TestParseNetstat(t *testing.T) {
	text := netText(t, "linux618", "netstat")
	n, err := ParseNetstat(text)
	names, values := naivePairs(string(text))
	if err != nil || len(n.Counters) != len(names) {
		t.Fatalf("%d, %v", len(n.Counters), err)
	}
	for i, c := range n.Counters {
		if c.Group+":"+c.Name != names[i] || strconv.FormatUint(c.Value, 10) != values[i] {
			t.Errorf("%+v, the text says %s %s", c, names[i], values[i])
		}
	}
	if v, ok := n.Get("IpExt", "InOctets"); !ok || v == 0 {
		t.Error(v, ok)
	}
	if v, ok := n.Get("IpExt", "TCPTimeouts"); ok || v != 0 {
		t.Error(v, ok)
	}
	count := 0
	for name := range n.Group("IpExt") {
		if count++; name == "InCEPkts" {
			break
		}
	}
	if count != 17 {
		t.Error(count)
	}
}

func checkSNMP(p *Process) error {
	return netSteady(p, "net/snmp", func(raw []byte) error {
		var s SNMP
		if err := p.SNMP(&s); err != nil {
			return err
		}
		names, values := naivePairs(string(raw))
		return compareSNMP(s, s.Fields, s.Unknown, names, values)
	})
}

func checkSNMP6(p *Process) error {
	return netSteady(p, "net/snmp6", func(raw []byte) error {
		var s SNMP6
		if err := p.SNMP6(&s); err != nil {
			return err
		}
		var names, values []string
		for i, f := range strings.Fields(string(raw)) {
			if i%2 == 0 {
				names = append(names, f)
			} else {
				values = append(values, f)
			}
		}
		return compareSNMP(s, s.Fields, s.Unknown, names, values)
	})
}

func checkNetstat(p *Process) error {
	return netSteady(p, "net/netstat", func(raw []byte) error {
		var n Netstat
		if err := p.Netstat(&n); err != nil {
			return err
		}
		names, values := naivePairs(string(raw))
		return compareSNMP(struct{}{}, 0, n.Counters, names, values)
	})
}

func FuzzParseSNMP(f *testing.F) {
	f.Add(netText(f, "linux618", "snmp"))
	f.Add(netText(f, "linux618", "netstat"))
	f.Add(netText(f, "older26", "snmp"))
	f.Add([]byte("Ip: A\nIp: -1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSNMP(b)
		lawful(t, s, err)
		n, err2 := ParseNetstat(b)
		lawful(t, n, err2)
		if (err == nil) != (err2 == nil) || err == nil && len(n.Counters) != s.Fields+len(s.Unknown) {
			t.Fatalf("%v, %v: %+v\n%+v", err, err2, s, n)
		}
		var text strings.Builder
		for _, c := range n.Counters {
			fmt.Fprintf(&text, "%s: %s\n%s: %d\n", c.Group, c.Name, c.Group, c.Value)
		}
		if again, err := ParseNetstat([]byte(text.String())); err2 == nil && (err != nil || !slices.Equal(again.Counters, n.Counters)) {
			t.Fatalf("%+v, %v\n%q", again, err, text.String())
		}
	})
}

func FuzzParseSNMP6(f *testing.F) {
	f.Add(netText(f, "linux618", "snmp6"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSNMP6(b)
		lawful(t, s, err)
		if lines := strings.Count(string(b), "\n"); err == nil && lines != s.Fields+len(s.Unknown) {
			t.Fatalf("%d lines: %+v", lines, s)
		}
	})
}
