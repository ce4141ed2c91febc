package provider

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// netText is a captured or written file.
func netText(tb testing.TB, where, file string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/net", where, file))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func littleInet(b []byte) ([]InetSocket, error) { return ParseInetSockets(b, binary.LittleEndian) }

func TestParseInetSockets(t *testing.T) {
	all, err := littleInet(netText(t, "linux618", "tcp"))
	if err != nil || len(all) != 7 {
		t.Fatalf("%+v, %v", all, err)
	}
	want := InetSocket{
		Slot: 1, Local: netip.MustParseAddrPort("127.0.0.1:4242"), Remote: netip.MustParseAddrPort("127.0.0.1:4243"),
		State: TCPEstablished, RxQueue: 3, Inode: 4118718, Refs: 1, RTO: 20, ATO: 4, AckMode: 30, CWnd: 10, SSThresh: -1,
	}
	if all[1] != want {
		t.Errorf("got  %+v\nwant %+v", all[1], want)
	}
	if s := all[4]; s.State != TCPTimeWait || s.Timer != 3 || s.Expires != 0x176f || s.Refs != 3 || s.RTO != 0 || s.Inode != 0 {
		t.Errorf("%+v", s)
	}
	udp, err := littleInet(netText(t, "linux618", "udp"))
	if err != nil || len(udp) != 3 || udp[2].Drops != 49 || udp[2].Slot != 692 || udp[2].RTO != 0 {
		t.Errorf("%+v, %v", udp, err)
	}
	raw, err := littleInet(netText(t, "linux618", "raw6"))
	if err != nil || len(raw) != 1 || raw[0].Local.Port() != 58 {
		t.Errorf("%+v, %v", raw, err)
	}
}

func TestParseInetSocketsOlder(t *testing.T) {
	all, err := littleInet(netText(t, "older26", "tcp"))
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	want := InetSocket{
		Slot: 1, Local: netip.MustParseAddrPort("192.168.0.10:22"), Remote: netip.MustParseAddrPort("192.168.0.1:50010"),
		State: TCPEstablished, TxQueue: 0x34, Timer: 1, Expires: 0x15, Retransmits: 2, Inode: 9912, Refs: 4,
		RTO: 228, ATO: 40, AckMode: 31, CWnd: 3, SSThresh: 2,
	}
	if all[1] != want || all[2].State != TCPSynRecv || all[2].Inode != 0 {
		t.Errorf("got  %+v\nwant %+v", all, want)
	}
	udp, err := littleInet(netText(t, "older26", "udp"))
	if err != nil || len(udp) != 1 || udp[0].Inode != 4321 || udp[0].Drops != 0 || udp[0].Slot != 111 {
		t.Errorf("%+v, %v", udp, err)
	}
}

// The order of the bytes is said, not guessed: the same address looks
// different on each kind of machine.
func TestInetByteOrder(t *testing.T) {
	want := []string{"127.0.0.1:4242", "192.168.0.1:80", "[2001:db8::123:4567:89ab:cdef]:4242", "[::ffff:127.0.0.1]:4344"}
	var got []string
	for _, file := range []string{"tcp", "tcp6"} {
		all, err := ParseInetSockets(netText(t, "bigendian", file), binary.BigEndian)
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		got = append(got, all[0].Local.String(), all[0].Remote.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	const little = "0: 0100007F:0016 B80D01200000000067452301EFCDAB89:0050 01 0:0 0:0 0 0 0 1 1 0\n"
	all, err := littleInet([]byte(little))
	if err != nil || all[0].Local.String() != "127.0.0.1:22" || all[0].Remote.String() != "[2001:db8::123:4567:89ab:cdef]:80" {
		t.Errorf("%+v, %v", all, err)
	}
}

// A state that this library does not know does not fail the table, nor do
// columns of later kernels, nor a pointer that is not a number.
func TestInetOddities(t *testing.T) {
	const line = "   0: 0100007F:1092 00000000:0000 FE 00000000:00000000 00:00000000 00000000    -1       -1 7 -5 "
	all, err := littleInet([]byte(line + "(____ptrval____)\n" + line + "0 1 2 3 4 -1 new columns\n" + line + "(null) 18446744073709551615\n"))
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	if s := all[0]; s.State != 0xfe || s.State.String() != "state 254" || s.UID != 1<<32-1 || s.Timeout != -1 || s.Refs != -5 {
		t.Errorf("%+v", s)
	}
	if s := all[1]; s.RTO != 1 || s.ATO != 2 || s.AckMode != 3 || s.CWnd != 4 || s.SSThresh != -1 || s.Drops != 0 {
		t.Errorf("%+v", s)
	}
	if s := all[2]; s.Drops != 1<<64-1 {
		t.Errorf("%+v", s)
	}
	none, err := littleInet(bytes.SplitAfter(netText(t, "linux618", "tcp"), []byte("\n"))[0])
	if err != nil || none == nil || len(none) != 0 {
		t.Errorf("no sockets: %+v, %v", none, err)
	}
}

func TestInetRefusesOddText(t *testing.T) {
	const good = "0: 0100007F:1092 00000000:0000 0A 0:0 0:0 0 0 0 7 1 0"
	if all, err := littleInet([]byte(good + "\n")); err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	malformedText(t, littleInet, "", "\n", good, "sl ", "x\n", good+"\nsl  local_address\n", good+"\n\n",
		strings.Replace(good, "0:", "0", 1)+"\n", strings.Replace(good, "0100007F", "100007F", 1)+"\n",
		strings.Replace(good, "0100007F", "0100007F0", 1)+"\n", strings.Replace(good, ":1092", ":192", 1)+"\n",
		strings.Replace(good, ":1092", ":11092", 1)+"\n", strings.Replace(good, "0A", "10A", 1)+"\n",
		strings.Replace(good, "0:0", "100000000:0", 1)+"\n", strings.Replace(good, " 7 ", " -7 ", 1)+"\n",
		strings.Replace(good, " 7 ", " 18446744073709551616 ", 1)+"\n", good+" 1 2\n", good+" x\n", good+" 1 2 3 4 x\n",
		"0: 0100007F:1092 00000000:0000 0A 0:0 0:0 0 0 0 7 1\n", "0: 0100007F:1092\n", "0:\n")
}

// The text may come in pieces of any size; its errors are passed on, and a
// line without end is not swallowed.
func TestReadInetSockets(t *testing.T) {
	text := netText(t, "linux618", "tcp")
	want, _ := littleInet(text)
	for name, r := range map[string]io.Reader{
		"bytes": iotest.OneByteReader(bytes.NewReader(text)), "halves": iotest.HalfReader(bytes.NewReader(text)),
		"end with data": iotest.DataErrReader(bytes.NewReader(text)),
	} {
		got, err := netList("x", ReadInetSockets(r, binary.LittleEndian))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	broken := errors.New("broken")
	got, err := netList("x", ReadInetSockets(io.MultiReader(bytes.NewReader(text), iotest.ErrReader(broken)), binary.LittleEndian))
	if err != broken || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := netList("x", ReadInetSockets(endlessReader{}, binary.LittleEndian)); !errors.Is(err, ErrTooBig) {
		t.Error(err)
	}
	if _, err := netList("x", ReadInetSockets(silentReader{}, binary.LittleEndian)); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type endlessReader struct{}

func (endlessReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type silentReader struct{}

func (silentReader) Read([]byte) (int, error) { return 0, nil }

// manySockets is a table of n sockets, as on a busy machine.
func manySockets(n int) []byte {
	var b bytes.Buffer
	b.WriteString("  sl  local_address rem_address   st\n")
	for i := range n {
		fmt.Fprintf(&b, "%4d: 0100007F:%04X 0200007F:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 %d 1 00000000bbca51ac 20 4 30 10 -1\n", i, i&0xffff, i+1)
	}
	return b.Bytes()
}

// showInet prints a socket as the kernel does.
func showInet(s InetSocket, order binary.ByteOrder) string {
	return fmt.Sprintf("%4d: %s %s %02X %08X:%08X %02X:%08X %08X %5d %8d %d %d %s %d %d %d %d %d %d\n", s.Slot, showEnd(s.Local, order), showEnd(s.Remote, order),
		uint8(s.State), s.TxQueue, s.RxQueue, s.Timer, s.Expires, s.Retransmits, s.UID, s.Timeout, s.Inode, s.Refs, "0", s.RTO, s.ATO, s.AckMode, s.CWnd, s.SSThresh, s.Drops)
}

// showEnd reverses each group of four bytes where the machine does.
func showEnd(a netip.AddrPort, order binary.ByteOrder) string {
	b := a.Addr().AsSlice()
	if order.Uint16([]byte{0, 1}) != 1 {
		for i := 0; i < len(b); i += 4 {
			slices.Reverse(b[i : i+4])
		}
	}
	return strings.ToUpper(hex.EncodeToString(b)) + fmt.Sprintf(":%04X", a.Port())
}

func FuzzParseInetSockets(f *testing.F) {
	for _, file := range []string{"tcp", "tcp6", "udp", "raw6"} {
		f.Add(netText(f, "linux618", file), false)
	}
	f.Add(netText(f, "bigendian", "tcp6"), true)
	f.Add(netText(f, "older26", "udp"), false)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		order := binary.ByteOrder(binary.LittleEndian)
		if big {
			order = binary.BigEndian
		}
		all, err := ParseInetSockets(b, order)
		lawful(t, all, err)
		var text strings.Builder
		for i := range all {
			all[i].Drops = 0 // of another kind of line
			text.WriteString(showInet(all[i], order))
		}
		if len(all) == 0 {
			return
		}
		if again, err := ParseInetSockets([]byte(text.String()), order); err != nil || !slices.Equal(again, all) {
			t.Fatalf("%+v\n%+v, %v\n%s", all, again, err, text.String())
		}
	})
}

// A list has an end, however long the table.
func TestNetListBound(t *testing.T) {
	endless := func(yield func(byte, error) bool) {
		for yield(0, nil) {
		}
	}
	if all, err := netList("net/tcp", endless); !errors.Is(err, ErrTooBig) || all != nil {
		t.Errorf("%d, %v", len(all), err)
	}
}
