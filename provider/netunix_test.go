package provider

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

func unixPaths(all []UnixSocket) (paths []string) {
	for _, s := range all {
		paths = append(paths, s.Path)
	}
	return paths
}

func TestParseUnixSockets(t *testing.T) {
	all, err := ParseUnixSockets(netText(t, "linux618", "unix"))
	if err != nil || len(all) != len(unixNames)+4 {
		t.Fatalf("%d, %v", len(all), err)
	}
	paths := unixPaths(all)
	for _, name := range unixNames[:len(unixNames)-1] {
		if !slices.Contains(paths, unixPath(name)) {
			t.Errorf("no %q", name)
		}
	}
	want := UnixSocket{RefCount: 2, Flags: 0x10000, Type: 1, State: UnixUnconnected, Inode: 4118726, Path: "plain"}
	if all[2] != want || !all[2].Listening() || all[0].Listening() || all[0].State != UnixConnected {
		t.Errorf("%+v", all[:3])
	}
	old, err := ParseUnixSockets(netText(t, "older26", "unix"))
	if err != nil || len(old) != 2 || old[0].Inode != 6120 || old[0].Path != "/var/run/dbus/system_bus_socket" || old[1].Inode != 97 {
		t.Errorf("%+v, %v", old, err)
	}
	got, err := netList("x", ReadUnixSockets(iotest.OneByteReader(bytes.NewReader(netText(t, "linux618", "unix")))))
	if err != nil || !slices.Equal(got, all) {
		t.Errorf("in pieces: %+v, %v", got, err)
	}
}

const unixLine = "0000000000000001: 00000002 00000000 00000000 0001 01 123"

// The blanks of a name are its own: the Rust crate cuts it at the first.
func TestUnixNames(t *testing.T) {
	for _, name := range []string{"", "a", " ", "  a  b ", "a\tb", "\\", "\\x0a", "@", "@a@", "\xff", "\n", "a\n", "\n\n", "a\n\nb", "\x01\x7f", unixLine + "?\n" + "x"} {
		text := unixLine + " " + name + "\n" + unixLine + "\n"
		if name == "" {
			text = unixLine + "\n" + unixLine + "\n"
		}
		all, err := ParseUnixSockets([]byte(text))
		if err != nil || len(all) != 2 || all[0].Path != name || all[1].Path != "" {
			t.Errorf("%q: %+v, %v", name, all, err)
		}
	}
}

// What a hostile name can do, and what it cannot: it adds entries of its own
// making, but neither hides others nor makes the reading fail.
func TestUnixForgery(t *testing.T) {
	const rest = "\n" + unixLine + " true\n"
	for name, want := range map[string][]string{
		"x\n" + unixLine + " false":                    {"x", "false", "true"},
		"x\n" + unixLine + "\ny":                       {"x", "\ny", "true"},
		unixLine:                                       {unixLine, "true"},
		"\n" + unixLine + " a\n":                       {"", "a\n", "true"},
		"Num       RefCount Protocol":                  {"Num       RefCount Protocol", "true"},
		"\nNum       RefCount Protocol":                {"\nNum       RefCount Protocol", "true"},
		"\n" + unixLine + strings.Repeat("9", 48):      {"\n" + unixLine + strings.Repeat("9", 48), "true"},
		"\n" + strings.Replace(unixLine, ":", "", 1):   {"\n" + strings.Replace(unixLine, ":", "", 1), "true"},
		"\n" + unixLine + strings.Repeat("\n", 108-58): {"", strings.Repeat("\n", 108-58), "true"},
	} {
		if len(name) > 108 {
			t.Fatalf("%q: no such name", name)
		}
		all, err := ParseUnixSockets([]byte(unixLine + " " + name + rest))
		if got := unixPaths(all); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// States, types and flags without a name here are kept.
func TestUnixOddities(t *testing.T) {
	all, err := ParseUnixSockets([]byte("(____ptrval____): 0000000A 00000001 80000000 FFFF FE     7\n"))
	want := UnixSocket{RefCount: 10, Protocol: 1, Flags: 1 << 31, Type: 0xffff, State: 0xfe, Inode: 7}
	if err != nil || len(all) != 1 || all[0] != want || all[0].State.String() != "state 254" {
		t.Errorf("%+v, %v", all, err)
	}
	none, err := ParseUnixSockets([]byte("Num       RefCount Protocol Flags    Type St Inode Path\n"))
	if err != nil || none == nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestUnixRefusesOddText(t *testing.T) {
	malformedText(t, ParseUnixSockets, "", "\n", "Num ", unixLine, unixLine+" a", "x\n", "Num \nx\n", ": \n",
		unixLine+" "+strings.Repeat("l", 110)+"\n", unixLine+" l\n"+strings.Repeat("l", 108)+"\n",
		strings.Replace(unixLine, "00000002", "2", 1)+"\n", strings.Replace(unixLine, " 123", " -1", 1)+"\n",
		strings.Replace(unixLine, " 123", " 18446744073709551616", 1)+"\n", strings.Replace(unixLine, " 123", "", 1)+"\n", unixLine+"x\n")
}

// showUnix prints a socket as the kernel does.
func showUnix(s UnixSocket) string {
	line := fmt.Sprintf("%016d: %08X %08X %08X %04X %02X %5d", 0, s.RefCount, s.Protocol, s.Flags, s.Type, uint8(s.State), s.Inode)
	if s.Path != "" {
		line += " " + s.Path
	}
	return line + "\n"
}

// unixEntry is an entry at the beginning of a line.
var unixEntry = regexp.MustCompile(`(?m)^[0-9a-f]{16}: ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{4}) ([0-9A-F]{2}) +([0-9]{1,19})(?:$| )`)

// naiveUnix cuts a text of 64 bits where an entry begins.
func naiveUnix(raw string) (all []UnixSocket) {
	_, raw, _ = strings.Cut(raw, "\n")
	found := unixEntry.FindAllStringSubmatchIndex(raw, -1)
	number := func(m []int, i, base int) uint64 {
		n, _ := strconv.ParseUint(raw[m[2*i]:m[2*i+1]], base, 64)
		return n
	}
	for i, m := range found {
		end := len(raw)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		all = append(all, UnixSocket{
			RefCount: uint32(number(m, 1, 16)), Protocol: uint32(number(m, 2, 16)), Flags: uint32(number(m, 3, 16)),
			Type: uint16(number(m, 4, 16)), State: UnixState(number(m, 5, 16)), Inode: number(m, 6, 10),
			Path: strings.TrimSuffix(raw[m[1]:end], "\n"),
		})
	}
	return all
}

// checkUnix decodes the text a second time. The counts of references go up and
// down all the time, and so the entries are compared without.
func checkUnix(p *Process) error {
	return netSteady(p, "net/unix", func(raw []byte) error {
		all, err := p.Unix()
		if err != nil {
			return err
		}
		naive := naiveUnix(string(raw))
		if !slices.Equal(all, naive) {
			return fmt.Errorf("%w: %d sockets, the text has %d", errDiffers, len(all), len(naive))
		}
		return nil
	})
}

func FuzzParseUnixSockets(f *testing.F) {
	f.Add(netText(f, "linux618", "unix"))
	f.Add(netText(f, "older26", "unix"))
	f.Add([]byte(unixLine + " a\nb\n" + unixLine + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := ParseUnixSockets(b)
		lawful(t, all, err)
		var text strings.Builder
		for _, s := range all {
			text.WriteString(showUnix(s))
		}
		if again, err := ParseUnixSockets([]byte(text.String())); len(all) > 0 && (err != nil || !slices.Equal(again, all)) {
			t.Fatalf("%+v\n%+v, %v\n%q", all, again, err, text.String())
		}
	})
}
