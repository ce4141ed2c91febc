package provider

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A captured tree whose writer is hostile: its process 42 is as a real one but
// for what a test spoils.
func hostileTree(t *testing.T) (f *FS, p *Process, root string) {
	t.Helper()
	root = t.TempDir()
	pids := must(filepath.Glob("testdata/proc/plain/*"))(t)
	if err := os.CopyFS(root+"/42", os.DirFS(pids[0])); err != nil {
		t.Fatal(err)
	}
	f = must(OpenFS(root))(t)
	t.Cleanup(func() { f.Close() })
	return f, pin(t, f, 42), root
}

// treeReaders are methods that read files and directories, by the name below 42.
func treeReaders(f *FS, p *Process) map[string]func() error {
	return map[string]func() error{
		"stat":      func() error { return p.Stat(new(Stat)) },
		"status":    func() error { return ended(f.AllStatus(new(Status))) },
		"comm":      func() error { _, err := p.Comm(); return err },
		"maps":      func() error { _, err := p.OpenMaps(); return err },
		"smaps":     func() error { _, err := p.Smaps(); return err },
		"mem":       func() error { _, err := p.OpenMemory(unix.O_RDONLY); return err },
		"pagemap":   func() error { _, err := p.OpenPagemap(); return err },
		"cmdline":   func() error { _, err := p.Cmdline(); return err },
		"environ":   func() error { _, err := p.AppendEnviron(nil, 1<<20); return err },
		"mountinfo": func() error { return ended(p.MountLines()) },
		"io":        func() error { s, err := p.Sampler(); return errors.Join(err, s.IO(new(IO)), s.Close()) },
		"net/tcp":   func() error { return ended(p.InetSockets(TableTCP)) },
		"net/snmp":  func() error { return p.SNMP(new(SNMP)) },
		"ns/net":    func() error { _, err := p.OpenNamespace("net"); return err },
		"ns/uts":    func() error { _, err := p.Hostname(); return err },
		"fdinfo/3":  func() error { _, err := p.FDInfo(3); return err },
		"limits":    func() error { return p.ReadInto("limits", new(Limits)) },
		"wchan":     func() error { _, err := p.OpenFile("wchan", unix.O_RDONLY); return err },
		"fd":        func() error { return ended(p.FDs()) },
		"task":      func() error { return ended(p.Tasks()) },
		"ns":        func() error { return ended(p.Namespaces()) },
		"attr":      func() error { _, err := p.AttrNames(); return err },
		"map_files": func() error { return ended(p.MapFiles()) },
	}
}

func treeNames() []string { return slices.Sorted(maps.Keys(treeReaders(nil, nil))) }

// ended is the last error of a walk.
func ended[T any](walk func(func(T, error) bool)) (last error) {
	for _, err := range walk {
		last = err
	}
	return last
}

// plant puts what make makes where a file or directory of the tree would be.
func plant(t *testing.T, path string, make func(path string) error) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o755), make(path)); err != nil {
		t.Fatal(err)
	}
}

// To open a FIFO that nobody writes to would wait for ever.
func TestCapturedFIFO(t *testing.T) {
	for _, name := range treeNames() {
		f, p, root := hostileTree(t)
		read := treeReaders(f, p)[name]
		plant(t, root+"/42/"+name, func(path string) error { return unix.Mkfifo(path, 0o644) })
		done := make(chan error, 1)
		go func() { done <- read() }()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: a FIFO is read", name)
			}
		case <-time.After(2 * time.Second):
			t.Errorf("%s: a FIFO is waited for", name)
			w, _ := unix.Open(root+"/42/"+name, unix.O_WRONLY|unix.O_NONBLOCK, 0)
			unix.Close(w) // which lets the reader go
		}
	}
}

// Nor when the root is opened, which looks at what the link self names.
func TestCapturedFIFOAtOpen(t *testing.T) {
	_, _, root := hostileTree(t)
	plant(t, root+"/42/status", func(path string) error { return unix.Mkfifo(path, 0o644) })
	plant(t, root+"/self", func(path string) error { return os.Symlink("42", path) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		if f, err := OpenFS(root); err == nil {
			f.Close()
		}
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		t.Error("a FIFO is waited for")
	}
}

// Links in a captured tree lead nowhere: else whoever wrote it could have us
// read to him what only we may read.
func TestCapturedLinksNotFollowed(t *testing.T) {
	for _, name := range treeNames() {
		f, p, root := hostileTree(t)
		read := treeReaders(f, p)[name]
		plant(t, root+"/42/"+name, func(path string) error { return os.Symlink("/proc/self/"+name, path) })
		leaksNothing(t, name, func() {
			if err := read(); err == nil {
				t.Errorf("%s: our own is read", name)
			}
		})
	}
	f, p, root := hostileTree(t)
	plant(t, root+"/43", func(path string) error { return os.Symlink("/proc/self", path) })
	if q, err := f.Open(43); err == nil {
		q.Close()
		t.Error("we ourselves are opened")
	}
	if ns, err := p.Namespace("mnt"); err == nil {
		t.Errorf("our namespace: %v", ns)
	}
	plant(t, root+"/42/fd", func(path string) error { return os.Symlink("/proc/self/fd", path) })
	if fd, err := p.FD(0); err == nil {
		t.Errorf("our descriptor: %v", fd)
	}
	if text, err := p.Readlink("fd/0"); err == nil {
		t.Errorf("our descriptor: %q", text)
	}
}

// To open a device may do what it likes; a terminal would wait.
func TestCapturedDevice(t *testing.T) {
	needRoot(t)
	for _, name := range treeNames() {
		f, p, root := hostileTree(t)
		read := treeReaders(f, p)[name]
		plant(t, root+"/42/"+name, func(path string) error {
			return unix.Mknod(path, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 5))) // zero
		})
		if err := read(); err == nil || errors.Is(err, ErrTooBig) {
			t.Errorf("%s: a device is read: %v", name, err)
		}
	}
}

// allSetters are all that writes to a process.
func allSetters(p *Process) map[string]func() error {
	ids := IDMap{{0, 0, 1}}
	return map[string]func() error{
		"oom_score_adj":   func() error { return p.SetOOMScoreAdj(1) },
		"comm":            func() error { return p.SetComm("x") },
		"clear_refs":      func() error { return p.ClearRefs(ClearReferenced) },
		"coredump_filter": func() error { return p.SetCoredumpFilter(1) },
		"timerslack_ns":   func() error { return p.SetTimerslackNS(1) },
		"autogroup":       func() error { return p.SetAutogroupNice(1) },
		"uid_map":         func() error { return p.SetUIDMap(ids) },
		"gid_map":         func() error { return p.SetGIDMap(ids) },
		"projid_map":      func() error { return p.SetProjIDMap(ids) },
		"setgroups":       p.DenySetgroups,
		"timens_offsets":  func() error { return p.SetTimensOffsets(1, 1) },
		"mem":             func() error { return writeMemory(p) },
	}
}

func writeMemory(p *Process) error {
	m, err := p.OpenMemory(unix.O_RDWR)
	if err != nil {
		return err
	}
	_, err = m.WriteAt([]byte("x"), 0)
	return errors.Join(err, m.Close())
}

// A setter must reach no file of the machine through a captured tree, nor
// change the tree.
func TestCapturedSettersWriteNothing(t *testing.T) {
	_, p, root := hostileTree(t)
	outside := filepath.Join(t.TempDir(), "precious")
	for name, set := range allSetters(p) {
		for kind, make := range map[string]func(string) error{
			"link": func(path string) error { return os.Symlink(outside, path) },
			"file": func(path string) error { return os.WriteFile(path, []byte("before"), 0o600) },
		} {
			plant(t, outside, func(path string) error { return os.WriteFile(path, []byte("before"), 0o600) })
			plant(t, root+"/42/"+name, make)
			err := set()
			if b := must(os.ReadFile(root + "/42/" + name))(t); string(b) != "before" || !errors.Is(err, ErrNotSupported) {
				t.Errorf("%s through a %s: %q, %v", name, kind, b, err)
			}
		}
	}
}

// A captured tree with a link self is still none of our processes'.
func TestCapturedSelfIsNotLocal(t *testing.T) {
	c := start(t)
	root := t.TempDir()
	text := must(os.ReadFile("/proc/self/status"))(t)
	dir := filepath.Join(root, strconv.Itoa(c.pid))
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Symlink(strconv.Itoa(c.pid), root+"/self"),
		os.WriteFile(dir+"/status", text, 0o644), os.WriteFile(dir+"/stat", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	f := must(OpenFS(root))(t)
	defer f.Close()
	p := pin(t, f, c.pid)
	fd, err := p.PIDFD()
	if err == nil {
		unix.Close(fd)
	}
	if f.Local() || !errors.Is(err, ErrNotSupported) {
		t.Errorf("local %v; the pidfd of a process that is not captured: %v", f.Local(), err)
	}
}

// An ioctl of a file that is no procfs's answers whatever its file system likes.
func TestCapturedFilesAskedNothing(t *testing.T) {
	_, p, root := hostileTree(t)
	page := make([]byte, 8*16)
	plant(t, root+"/42/maps", func(path string) error { return os.WriteFile(path, []byte("10-20 rw-p 0 0:0 0\n"), 0o600) })
	plant(t, root+"/42/pagemap", func(path string) error { return os.WriteFile(path, page, 0o600) })
	mapsFile, pagemap := must(p.OpenMaps())(t), must(p.OpenPagemap())(t)
	defer unix.Close(mapsFile.fd)
	defer unix.Close(pagemap.fd)
	mapsFile.fd, pagemap.fd = -1, -1 // where a call would be EBADF
	if _, err := mapsFile.Query(0, QueryOrNext, new(FoundMapping)); !errors.Is(err, ErrNotSupported) {
		t.Errorf("query: %v", err)
	}
	if _, _, err := pagemap.Scan(PagemapScan{End: 1 << 12}, make([]PageRegion, 1)); !errors.Is(err, ErrNotSupported) {
		t.Errorf("scan: %v", err)
	}
}

// What is closed stays closed: neither closed again nor read, whoever has the
// number by then.
func TestClosedTwice(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	f := must(OpenFS("/proc"))(t)
	mapsFile, mem, pagemap := must(p.OpenMaps())(t), must(p.OpenMemory(unix.O_RDONLY))(t), must(p.OpenPagemap())(t)
	for name, c := range map[string]io.Closer{"FS": f, "MapsFile": mapsFile, "Memory": mem, "Pagemap": pagemap} {
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		other := must(os.Open("/dev/null"))(t) // gets the number
		if err := c.Close(); !errors.Is(err, unix.EBADF) {
			t.Errorf("%s closed again: %v", name, err)
		}
		if err := other.Close(); err != nil {
			t.Errorf("%s closed somebody's: %v", name, err)
		}
	}
}
