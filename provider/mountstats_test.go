package provider

import (
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func mountsText(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile("testdata/mounts/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestParseMountstats(t *testing.T) {
	list, err := ParseMountstats([]byte("device /dev/vda mounted on / with fstype ext4\ndevice  mounted on /a\\040b with fstype tmpfs\n" +
		"no device mounted on /sys with fstype sysfs\ndevice x mounted on /afs with fstype afs some=1 stats\n\tmore\n\n"))
	want := []MountStat{
		{Device: "/dev/vda", MountPoint: "/", FSType: "ext4"},
		{Device: "", MountPoint: "/a b", FSType: "tmpfs"},
		{NoDevice: true, MountPoint: "/sys", FSType: "sysfs"},
		{Device: "x", MountPoint: "/afs", FSType: "afs", Unknown: []string{"some=1 stats", "\tmore"}},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := ParseMountstats(nil); list != nil || err != nil {
		t.Errorf("nothing is mounted: %v, %v", list, err)
	}
}

func TestMountstatsRefusesOddText(t *testing.T) {
	good := string(mountsText(t, "mountstats-nfs3-1.0"))
	malformedText(t, ParseMountstats, "x\n", "device a mounted on / with fstype t", "device a mounted on / with fstype \n", "device a mounted on /\n",
		"device mounted on / with fstype t\n", "device a b mounted on / with fstype t\n", "no devicemounted on / with fstype t\n",
		"device a mounted on / with fstype t\n\topts: rw\n", strings.Replace(good, "age:\t11343100", "age:\tx", 1),
		strings.Replace(good, "caps=0x3fcf", "caps=y", 1), strings.Replace(good, "wtmult=512", "wtmult=", 1),
		strings.Replace(good, "flavor=1", "flavor=x", 1), strings.Replace(good, "events:\t1 2", "events:\t1 -2", 1),
		strings.Replace(good, "bytes:\t101", "bytes:\tx", 1), strings.Replace(good, "udp 832", "udp", 1)[:900]+"\n\txprt:\tudp x\n",
		strings.Replace(good, "p/v: 100003/3", "p/v 3", 1), strings.Replace(good, "GETATTR: 192686", "GETATTR:", 1),
		strings.Replace(good, "GETATTR: 192686", "GETATTR: x", 1), strings.TrimRight(good, "\n"))
}

// Written from the kernel's source: no NFS can be mounted in a test.
func TestMountstatsNFS3(t *testing.T) {
	list, err := ParseMountstats(mountsText(t, "mountstats-nfs3-1.0"))
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v", list, err)
	}
	if list[0].NFS != nil || list[1].Device != "fs1:/cs/mail" || list[2].MountPoint != "/home/a b" || !list[3].NoDevice {
		t.Errorf("%+v", list)
	}
	s := list[1].NFS
	if s.Version != "1.0" || s.Age != 11343100*time.Second || s.Caps != 0x3fcf || s.Caps.Has(NFSCapACLs|NFSCapPosixLock) || !s.Caps.Has(NFSCapACLs|NFSCapMtime) ||
		s.WTMult != 512 || s.DTSize != 8192 || s.BSize != 0 || s.NameLen != 255 || s.Flavor != 1 || s.Pseudoflavor != 1 || s.Unknown != nil {
		t.Errorf("%+v", s)
	}
	if v, _ := s.Options.Get("mountaddr"); v != "192.0.2.1" || s.Options[:3] != "rw," {
		t.Errorf("options %q", s.Options)
	}
	if s.Events.InodeRevalidate != 1 || s.Events.Delay != 25 || s.Events.PNFSRead != 0 || s.Bytes != (NFSBytes{101, 102, 103, 104, 105, 106, 107, 108}) {
		t.Errorf("%+v, %+v", s.Events, s.Bytes)
	}
	if s.RPCVersion != "1.0" || s.Program != 100003 || s.ProgramVersion != 3 || s.ProgramName != "nfs" {
		t.Errorf("%+v", s)
	}
	udp := NFSTransport{Protocol: "udp", Port: 832, Sends: 11, Receives: 12, ActiveSum: 13, BacklogSum: 14, Numbers: []uint64{832, 0, 11, 12, 0, 13, 14}}
	if !reflect.DeepEqual(s.Transports, []NFSTransport{udp}) {
		t.Errorf("%+v", s.Transports)
	}
	const ms = time.Millisecond
	want := NFSOp{Name: "GETATTR", Operations: 192686, Transmissions: 192688, MajorTimeouts: 1, BytesSent: 22726724, BytesRecv: 21580832,
		CumQueueTime: 2800 * ms, CumRespTime: 79242 * ms, CumTotalReqTime: 83598 * ms}
	if op := s.Op("GETATTR"); op == nil || *op != want || len(s.Ops) != 3 || s.Op("21").CumTotalReqTime != 8*ms || s.Op("READ") != nil {
		t.Errorf("%+v", s.Ops)
	}
}

func TestMountstatsNFS41(t *testing.T) {
	list, err := ParseMountstats(mountsText(t, "mountstats-nfs41-1.1"))
	if err != nil || len(list) != 3 || list[1].Device != "srv:/ex port" || list[1].FSType != "nfs4" {
		t.Fatalf("%+v, %v", list, err)
	}
	s := list[1].NFS
	id := NFSImplID{Name: "Linux 6.18 #1 SMP, it's x86_64", Domain: "kernel.org", Date: time.Unix(1700000000, 5).UTC()}
	if s.ImplID != id {
		t.Errorf("%+v", s.ImplID)
	}
	if s.Caps != 0x1fffbc1f7 || s.Caps>>32 != 1 || s.Flavor != 6 || s.Pseudoflavor != 390003 {
		t.Errorf("%+v", s)
	}
	if v, _ := s.V4.Get("pnfs"); v != "not configured" {
		t.Errorf("nfsv4 %q", s.V4)
	}
	if v, _ := s.CapsOptions.Get("newer"); v != "1" {
		t.Errorf("caps %q", s.CapsOptions)
	}
	if s.FSCache != (NFSFSCache{201, 202, 203, 204, 205}) || s.RPCVersion != "1.1" || s.ProgramVersion != 4 {
		t.Errorf("%+v", s)
	}
	for i, p := range s.Events.fields() {
		if *p != uint64(i+1) {
			t.Errorf("event %d is %d", i, *p)
		}
	}
	if len(s.Events.fields()) != reflect.TypeFor[NFSEvents]().NumField() || len(s.Bytes.fields()) != reflect.TypeFor[NFSBytes]().NumField() ||
		len((&NFSRDMA{}).fields()) != reflect.TypeFor[NFSRDMA]().NumField() {
		t.Error("fields that no number reaches")
	}
	checkTransports(t, s.Transports)
	if op := s.Op("READ"); op == nil || op.Errors != 2 || !op.HasErrors || op.CumQueueTime != 3*time.Millisecond {
		t.Errorf("%+v", op)
	}
	if want := []string{"\tsunrpc-id:\t1f", "\tLAYOUTRETURN: 1 2 3 4 5 6 7 8 9 10"}; !slices.Equal(s.Unknown, want) {
		t.Errorf("unknown: %q", s.Unknown)
	}
}

func checkTransports(t *testing.T, all []NFSTransport) {
	t.Helper()
	if len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	tcp := all[0]
	if tcp.Port != 742 || tcp.BindCount != 1 || tcp.ConnectCount != 2 || tcp.ConnectTime != 3*time.Second || tcp.IdleTime != 4*time.Second ||
		tcp.Sends != 5 || tcp.Receives != 6 || tcp.BadXIDs != 7 || tcp.ActiveSum != 8 || tcp.BacklogSum != 9 ||
		tcp.MaxSlots != 10 || tcp.SendingSum != 11 || tcp.PendingSum != 12 {
		t.Errorf("%+v", tcp)
	}
	rdma := all[2]
	for i, p := range rdma.RDMA.fields() {
		if *p != uint64(i+10) {
			t.Errorf("rdma %d is %d", i, *p)
		}
	}
	if len(rdma.Numbers) != 27 || rdma.BacklogSum != 9 {
		t.Errorf("%+v", rdma)
	}
}

// What the server says of itself may be anything, and lines of other kernels too.
func TestMountstatsKeepsWhatIsUnknown(t *testing.T) {
	list, err := ParseMountstats([]byte("device a mounted on / with fstype nfs4 statvers=9.9\n\timpl_id:\tname='x\ny',domain='z',date='0,0'\n\tnew:\t1\n" +
		"\tevents:\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 \n\txprt:\tquic 1 2\n" +
		"\txprt:\tlocal 1 2 18446744073709551615\n\timpl_id:\tname='',domain='',date='0,0'\n\n"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	s := list[0].NFS
	want := []string{"\timpl_id:\tname='x", "y',domain='z',date='0,0'", "\tnew:\t1",
		"\tevents:\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 "}
	if s.Version != "9.9" || !slices.Equal(s.Unknown, want) || s.ImplID != (NFSImplID{}) || s.Events.PNFSWrite != 27 {
		t.Errorf("%+v", s)
	}
	if len(s.Transports) != 2 || !slices.Equal(s.Transports[0].Numbers, []uint64{1, 2}) || s.Transports[0].Port != 0 ||
		s.Transports[1].ConnectTime != math.MaxInt64 || s.Transports[1].ConnectCount != 2 {
		t.Errorf("%+v", s.Transports)
	}
}

func TestNFSServerCaps(t *testing.T) {
	if len(nfsCapNames) != 32 || NFSCapOffloadCancel != 1<<25 || NFSCapMoveable != 1<<31 {
		t.Error("names and bits differ")
	}
	for caps, want := range map[NFSServerCaps]string{0: "0x0", 1: "READDIRPLUS", NFSCapSeek | NFSCapMoveable: "SEEK|MOVEABLE", NFSCapACLs | 1<<40: "ACLS|0x10000000000"} {
		if got := caps.String(); got != want {
			t.Errorf("%x: %s, want %s", uint64(caps), got, want)
		}
	}
}

func FuzzParseMountstats(f *testing.F) {
	f.Add(mountsText(f, "mountstats-nfs3-1.0"))
	f.Add(mountsText(f, "mountstats-nfs41-1.1"))
	f.Add(caseText(f, "plain", "mountstats"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseMountstats(b)
		if err != nil {
			lawful(t, list, err)
			return
		}
		heads := 0
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "device ") || strings.HasPrefix(line, "no device ") {
				heads++
			}
		}
		if heads != len(list) {
			t.Fatalf("%d heads, %d mounts", heads, len(list))
		}
	})
}

// checkMountstats parts the heads at their words.
func checkMountstats(p *Process) error {
	return steadyUntilExit(p, "mountstats", func(raw []byte) error {
		list, err := p.Mountstats()
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.SplitSeq(string(raw), "\n") {
			isNone := strings.HasPrefix(line, "no device ")
			if !isNone && !strings.HasPrefix(line, "device ") || n == len(list) {
				continue
			}
			head, rest, _ := strings.Cut(line, " mounted on ")
			device := strings.TrimPrefix(strings.TrimPrefix(head, "no device"), "device ")
			point, rest, _ := strings.Cut(rest, " with fstype ")
			m := list[n]
			if err := same("mountstats", m.Device, decodedText(device), m.MountPoint, decodedText(point),
				m.FSType, decodedText(strings.Split(rest, " ")[0]), m.NoDevice, isNone, m.NFS != nil, strings.Contains(rest, " statvers=")); err != nil {
				return err
			}
			n++
		}
		return same("mountstats", len(list), n)
	})
}
