package fs

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

func (c *client) ioctl(node uint64, cmd uint32, room int) (fuse.Status, []byte) {
	c.t.Helper()
	in := fuse.IoctlIn{Cmd: cmd, OutSize: uint32(room), Flags: 1 << 4}
	status, b := send(c, opIoctl, node, &in, room)
	if status != fuse.OK {
		return status, nil
	}
	out, text := as[fuse.IoctlOut](c.t, b), b[16:]
	if int(out.Result) > len(text) {
		c.t.Fatalf("%d bytes of %d", out.Result, len(text))
	}
	return status, text[:out.Result]
}

// TestStatsRights: the counters are for who may mount, as the kernel sees him.
func TestStatsRights(t *testing.T) {
	w := newWorld(t)
	bare := newClient(t, w.server, startAs(t, "bare", 0, 0))
	for name, test := range map[string]struct {
		c     *client
		errno unix.Errno
	}{
		"root":                      {w.root, 0},
		"root without capabilities": {bare, unix.EPERM},
		"alice":                     {w.alice, unix.EPERM},
		"a foreigner":               {clientOf(t, w.server, 0, 0, 0), unix.EPERM},
	} {
		status, _ := test.c.ioctl(root, statsIoctl, statsRoom)
		test.c.want(name, status, test.errno)
	}
	for what, test := range map[string]struct {
		node uint64
		cmd  uint32
		room int
	}{
		"another ioctl":     {root, 0x5401, statsRoom},
		"no room":           {root, statsIoctl, statsRoom - 1},
		"of a process":      {w.root.walk("1").NodeId, statsIoctl, statsRoom},
		"of the root's own": {w.root.walk("status").NodeId, statsIoctl, statsRoom},
	} {
		status, _ := w.root.ioctl(test.node, test.cmd, test.room)
		w.root.want(what, status, unix.ENOTTY)
	}
}

// TestStats: they tell what is there, and go back when it is gone.
func TestStats(t *testing.T) {
	w := newWorld(t)
	w.raw.options = Options{Mountpoint: "/x", HidePID: "invisible", ReadOnly: true, Version: "1.2"}
	before := w.stats(t)
	node := w.root.node(w.target.pid, "status")
	fh := w.root.opened(node, unix.O_RDONLY)
	w.root.read(node, fh, 0, 4096)
	s := w.stats(t)
	if s.Options.Mountpoint != "/x" || s.Options.HidePID != "invisible" || !s.Options.ReadOnly || s.Version != "1.2" || s.Uptime <= 0 {
		t.Errorf("%+v", s)
	}
	if s.Files.Used != before.Files.Used+1 || s.Files.Limit < 8 || s.Texts.Used <= before.Texts.Used || s.Texts.Limit != textMemory {
		t.Errorf("%+v, before %+v", s, before)
	}
	d := s.Daemon
	if d.PID != os.Getpid() || d.Threads < 2 || d.Goroutines < 2 || d.Descriptors < 3 || d.Resident < 1<<20 || d.Heap < 1<<10 || d.DescriptorLimit == 0 || d.Kept < 1 {
		t.Errorf("%+v", d)
	}
	if len(s.Slots) != 3 || s.Slots[1].Kind != "blocking" || s.Slots[1].Limit != 64 {
		t.Errorf("%+v", s.Slots)
	}
	w.root.release(node, fh)
	if s := w.stats(t); s.Files != before.Files || s.Texts != before.Texts {
		t.Errorf("%+v, before %+v", s, before)
	}
}

func (w *world) stats(t *testing.T) *Stats {
	t.Helper()
	status, text := w.root.ioctl(root, statsIoctl, statsRoom)
	w.root.want("stats", status, 0)
	s := new(Stats)
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s
}

// TestStatsFit: all kinds and all errnos at their longest.
func TestStatsFit(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", unix.PathMax)
	w.raw.options = Options{Mountpoint: long[:255], Source: long[:255], Proc: long[:255]}
	for i := range w.raw.counters.kinds {
		k := &w.raw.counters.kinds[i]
		k.count.Store(1 << 53)
		k.failed.Store(1 << 53)
		k.total.Store(1 << 62)
		k.took[spans-1].Store(1 << 53)
		k.worst.Store(1<<62 - 1)
	}
	for i := range w.raw.counters.errnos {
		w.raw.counters.errnos[i].Store(1 << 53)
	}
	status, text := w.root.ioctl(root, statsIoctl, statsRoom)
	w.root.want("stats", status, 0)
	if len(text) < 1000 {
		t.Errorf("%d bytes", len(text))
	}
	t.Logf("%d bytes of %d", len(text), statsRoom)
}
