//go:build !race

package provider

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// A table costs the same memory however many sockets it has.
func TestNetAllocations(t *testing.T) {
	const fixed = 10
	for _, n := range []int{10, 10_000} {
		text := manySockets(n)
		seen := 0
		got := testing.AllocsPerRun(5, func() {
			seen = 0
			for s, err := range ReadInetSockets(bytes.NewReader(text), binary.LittleEndian) {
				if err != nil || s.State != TCPEstablished {
					t.Fatal(s, err)
				}
				seen++
			}
		})
		if got > fixed || seen != n {
			t.Errorf("%v allocations for %d of %d sockets", got, seen, n)
		}
	}
}

// What is read again and again allocates nothing.
func TestSNMPAllocations(t *testing.T) {
	var s SNMP
	var six SNMP6
	var n Netstat
	p, err := openProc(t).Self()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	for name, fn := range map[string]func() error{
		"snmp":      func() error { return s.Parse(netText(t, "linux618", "snmp")) },
		"snmp6":     func() error { return six.Parse(netText(t, "linux618", "snmp6")) },
		"netstat":   func() error { return n.Parse(netText(t, "linux618", "netstat")) },
		"live snmp": func() error { return p.SNMP(&s) },
	} {
		file := testing.AllocsPerRun(20, func() { netText(t, "linux618", "snmp") })
		if name == "live snmp" {
			file = 0
		}
		var err error
		if got := testing.AllocsPerRun(20, func() { err = fn() }) - file; got > 0 || err != nil {
			t.Errorf("%s: %v allocations, %v", name, got, err)
		}
	}
}

func BenchmarkReadInetSockets(b *testing.B) {
	text := manySockets(100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for range ReadInetSockets(bytes.NewReader(text), binary.LittleEndian) {
			n++
		}
		if n != 100_000 {
			b.Fatal(n)
		}
	}
}
