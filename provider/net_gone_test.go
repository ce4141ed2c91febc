package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// netReads are all the methods, each once.
func netReads(d *dir) map[string]func() error {
	return map[string]func() error{
		"tcp": func() error { _, err := d.TCP(); return err }, "tcp6": func() error { _, err := d.TCP6(); return err },
		"udp": func() error { _, err := d.UDP(); return err }, "udp6": func() error { _, err := d.UDP6(); return err },
		"unix": func() error { _, err := d.Unix(); return err }, "arp": func() error { _, err := d.ARP(); return err },
		"route": func() error { _, err := d.Route(); return err }, "ipv6_route": func() error { _, err := d.IPv6Route(); return err },
		"dev": func() error { _, err := d.NetDev(); return err }, "snmp": func() error { return d.SNMP(new(SNMP)) },
		"snmp6": func() error { return d.SNMP6(new(SNMP6)) }, "netstat": func() error { return d.Netstat(new(Netstat)) },
	}
}

func TestNetGone(t *testing.T) {
	f := openProc(t)
	c, z := start(t), start(t)
	zombie, gone := pin(t, f, z.pid), pin(t, f, c.pid)
	task, err := gone.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	for name, read := range netReads(&task.dir) {
		if err := read(); err != nil && (countUnless6(t, 1) == 0 || !errors.Is(err, ErrNotSupported)) {
			t.Errorf("%s of a thread: %v", name, err)
		}
	}
	z.zombie()
	c.end()
	for _, d := range []*dir{&zombie.dir, &gone.dir, &task.dir} {
		for name, read := range netReads(d) {
			err := read()
			var e *Error
			if !errors.Is(err, ErrGone) || !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &e) || e.PID != d.pid {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	leaksNothing(t, "zombie's tables", func() { _, _ = zombie.TCP() })
	leaksNothing(t, "tables", func() {
		p, _ := f.Self()
		for range p.InetSockets(TableTCP) {
			break
		}
		_, _ = p.Unix()
		_ = p.SNMP(new(SNMP))
		p.Close()
	})
}

// A kernel without IPv6, and one with tables that are not of their form.
func TestNetOtherKernels(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) {
		path := filepath.Join(dir, "42", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	file("stat", string(caseText(t, "plain", "stat")))
	f, err := OpenFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	p := pin(t, f, 42)
	for name, read := range netReads(&p.dir) {
		if err := read(); !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, read := range netReads(&p.dir) {
		file("net/"+name, "nonsense\n")
		err := read()
		var e *Error
		if !errors.Is(err, ErrMalformed) || !errors.As(err, &e) || e.File != "net/"+name || e.PID != 42 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range p.InetSockets(inetTables) {
		if !errors.Is(err, ErrNotSupported) {
			t.Error(err)
		}
	}
	if err := p.lost("net/tcp", unix.ENXIO); err != ErrGone {
		t.Error(err)
	}
	if err := p.lost("net/tcp", unix.EACCES); err != unix.EACCES {
		t.Error(err)
	}
}

// A caller that has had enough is not called again.
func TestNetStops(t *testing.T) {
	_, p := startNet(t, "netns")
	n := 0
	for range p.InetSockets(TableTCP) {
		n++
		break
	}
	for range p.UnixSockets() {
		n++
		break
	}
	for s, err := range p.UnixSockets() {
		if err != nil || s.Inode == 0 {
			t.Error(s, err)
		}
		n++
	}
	if all, _ := p.Unix(); n != 2+len(all) {
		t.Error(n)
	}
}

func TestNetNames(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"net/tcp": TableTCP, "net/icmp6": TableICMP6, "unknown table": inetTables,
		"ESTABLISHED": TCPEstablished, "LISTEN": TCPListen, "NEW_SYN_RECV": TCPNewSynRecv, "state 0": TCPState(0), "state 13": TCPState(13),
		"UNCONNECTED": UnixUnconnected, "DISCONNECTING": UnixDisconnecting, "state 5": UnixState(5),
		"hardware 65534": ARPHardware(65534), "forwarding": Forwarding, "not forwarding": NotForwarding, "forwarding 3": IPForwarding(3),
		"other": RTOOther, "constant": RTOConstant, "rsre": RTORsre, "vanj": RTOVanj, "algorithm 5": RTOAlgorithm(5),
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	seen := map[string]bool{}
	for i := range ARPHardware(40) {
		if s := i.String(); s != "hardware "+strconv.Itoa(int(i)) {
			seen[s] = true
		}
	}
	if len(seen) != 15 {
		t.Errorf("%d kinds of hardware", len(seen))
	}
}
