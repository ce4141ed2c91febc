package tests

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var textNodes = []string{"status", "rlimit", "map", "cmdline", "etype"}

func openNode(t testing.TB, path string, flags int) int {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// piece is what one pread(2) gives.
func piece(t testing.TB, fd, size int, offset int64) []byte {
	t.Helper()
	b := make([]byte, size)
	n, err := unix.Pread(fd, b, offset)
	if err != nil {
		t.Fatalf("pread of %d bytes at %d: %v", size, offset, err)
	}
	return b[:n]
}

// whole is the text as one read gives it.
func whole(t testing.TB, path string) []byte {
	t.Helper()
	text := piece(t, openNode(t, path, unix.O_RDONLY), 8<<20, 0)
	if len(text) == 0 {
		t.Fatalf("%s is empty", path)
	}
	return text
}

// sequence reads a text by read(2)s of one size: each but the last is full,
// and the end stays the end.
func sequence(t testing.TB, path string, size int) []byte {
	t.Helper()
	fd := openNode(t, path, unix.O_RDONLY)
	var text []byte
	b := make([]byte, size)
	for short := false; ; {
		n, err := unix.Read(fd, b)
		switch {
		case err != nil:
			t.Fatalf("%s: read at %d: %v", path, len(text), err)
		case n > 0 && short:
			t.Fatalf("%s: a read of %d was short before the end, near %d", path, size, len(text))
		case n == 0:
			if n, err := unix.Read(fd, b); n != 0 || err != nil {
				t.Errorf("%s: the second read at the end: %d, %v", path, n, err)
			}
			return text
		}
		short = n < size
		text = append(text, b[:n]...)
	}
}

func TestIOPieces(t *testing.T) {
	d, p := mount(t), startProbe(t, "an", "argument")
	p.stop()
	for _, node := range textNodes {
		path := d.path(p.pid, node)
		want := whole(t, path)
		for _, size := range []int{1, 7, 64, 512, 4096} {
			if got := sequence(t, path, size); !bytes.Equal(got, want) {
				t.Errorf("%s by %d bytes:\n%q, want\n%q", node, size, got, want)
			}
		}
	}
}

// The table of all processes never stands still, so the pieces of one open
// file are held against its own snapshot.
func TestIOPiecesOfTable(t *testing.T) {
	d, p := mount(t), startProbe(t)
	p.stop()
	fd := openNode(t, d.path("status"), unix.O_RDONLY)
	for _, size := range []int{1, 7, 64, 512, 4096} {
		text := piece(t, fd, 8<<20, 0)
		rest := []byte{}
		for len(rest)+1 < len(text) {
			rest = append(rest, piece(t, fd, size, int64(1+len(rest)))...)
		}
		if !bytes.Equal(rest, text[1:]) {
			t.Errorf("by %d bytes from offset 1:\n%q, want\n%q", size, rest, text[1:])
		}
	}
	line := whole(t, d.path(p.pid, "status"))
	for _, size := range []int{1, 7, 4096} {
		text := sequence(t, d.path("status"), size)
		for _, fault := range tableFaults(string(text)) {
			t.Errorf("by %d bytes: %s", size, fault)
		}
		if bytes.Count(append([]byte("\n"), text...), append([]byte("\n"), line...)) != 1 {
			t.Errorf("by %d bytes: no line %q, or several", size, line)
		}
	}
}

// longProbe has arguments beyond what one request carries.
func longProbe(t testing.TB) *probe {
	var args []string
	for i := range 14 {
		args = append(args, strings.Repeat(string(rune('a'+i)), 100_000))
	}
	p := startProbe(t, args...)
	p.stop()
	return p
}

func TestIOSizes(t *testing.T) {
	d, p := mount(t), longProbe(t)
	for _, node := range textNodes {
		path := d.path(p.pid, node)
		want := whole(t, path)
		fd := openNode(t, path, unix.O_RDONLY)
		for _, size := range []int{0, 1, 5, 4095, 4096, 128 << 10, 1<<20 + 1, 2 << 20} {
			if got := piece(t, fd, size, 0); !bytes.Equal(got, want[:min(size, len(want))]) {
				t.Errorf("%s: a read of %d bytes gives %d of %d", node, size, len(got), len(want))
			}
		}
	}
	path := d.path(p.pid, "cmdline")
	if want := whole(t, path); len(want) < 14*100_000 {
		t.Fatalf("cmdline has %d bytes only", len(want))
	} else if native, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid)); !bytes.Equal(native, want) {
		t.Errorf("cmdline differs from the native one (%v)", err)
	} else {
		for _, size := range []int{4095, 128 << 10, 1<<20 + 1} {
			if got := sequence(t, path, size); !bytes.Equal(got, want) {
				t.Errorf("cmdline by %d bytes: %d bytes, want %d", size, len(got), len(want))
			}
		}
	}
}

// argStart is where a process keeps its first argument.
func argStart(t testing.TB, pid int) int64 {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	return int64(atoi(t, fields[48-3]))
}

func rewriteArguments(t testing.TB, p *probe) string {
	t.Helper()
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", p.pid), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	if _, err := mem.WriteAt([]byte("rewritten"), argStart(t, p.pid)); err != nil {
		t.Fatal(err)
	}
	return "rewritten"
}

// changes of a process, each of which puts a word into a text that was not
// there before.
var changes = []struct {
	node   string
	change func(testing.TB, *probe) (word string)
}{
	{"status", func(_ testing.TB, p *probe) string { p.ask("name", "renamed"); return "renamed " }},
	{"map", func(t testing.TB, p *probe) string {
		from := atoi(t, p.ask("map"))
		return fmt.Sprintf("\n%#x %#x ", from, from+pageSize)
	}},
	{"cmdline", rewriteArguments},
	{"rlimit", func(t testing.TB, p *probe) string {
		limit := unix.Rlimit{Cur: 4321, Max: 4321}
		if err := unix.Prlimit(p.pid, unix.RLIMIT_CORE, &limit, nil); err != nil {
			t.Fatal(err)
		}
		return "core 4321 4321\n"
	}},
}

func TestIOSnapshot(t *testing.T) {
	d := mount(t)
	for _, c := range changes {
		t.Run(c.node, func(t *testing.T) {
			p := startProbe(t, "argument")
			checkSnapshot(t, d.path(p.pid, c.node), func() string { return c.change(t, p) })
		})
	}
	t.Run("table", func(t *testing.T) {
		p := startProbe(t)
		checkSnapshot(t, d.path("status"), func() string {
			p.ask("name", "in-table")
			return fmt.Sprintf("\nin-table %d ", p.pid)
		})
	})
}

// checkSnapshot: offsets beyond 0 go on in the text that was, offset 0 gives
// what is, on the same open file.
func checkSnapshot(t *testing.T, path string, change func() string) {
	fd := openNode(t, path, unix.O_RDONLY)
	before := piece(t, fd, 8<<20, 0)
	word := []byte(change())
	if bytes.Contains(before, word) {
		t.Fatalf("%q is there already: %q", word, before)
	}
	if got := piece(t, fd, 8<<20, 1); !bytes.Equal(got, before[1:]) {
		t.Errorf("going on at offset 1 gives\n%q, want\n%q", got, before[1:])
	}
	if got := piece(t, fd, 8<<20, 0); !bytes.Contains(got, word) {
		t.Errorf("offset 0 gives what was: %q without %q", got, word)
	}
	if _, err := unix.Seek(fd, 0, unix.SEEK_SET); err != nil {
		t.Errorf("rewind: %v", err)
	}
	b := make([]byte, 8<<20)
	if n, err := unix.Read(fd, b); err != nil || !bytes.Contains(b[:n], word) {
		t.Errorf("after a rewind: %v, %q without %q", err, b[:max(n, 0)], word)
	}
}

func TestIOOffsets(t *testing.T) {
	d, p := mount(t), startProbe(t, "argument")
	p.stop()
	paths := []string{d.path("status")}
	for _, node := range textNodes {
		paths = append(paths, d.path(p.pid, node))
	}
	for _, path := range paths {
		fd := openNode(t, path, unix.O_RDONLY)
		size := int64(len(piece(t, fd, 8<<20, 0)))
		for _, offset := range []int64{size, size + 1, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1 << 32, math.MaxInt64 - 100} {
			if got := piece(t, fd, 100, offset); len(got) != 0 {
				t.Errorf("%s at %d: %q", path, offset, got)
			}
			unused := openNode(t, path, unix.O_RDONLY) // nothing was read before
			if got := piece(t, unused, 100, max(offset, 1<<30)); len(got) != 0 {
				t.Errorf("%s, first read at %d: %q", path, offset, got)
			}
		}
		for _, offset := range []int64{-1, math.MinInt64, math.MaxInt64} { // the last: its end is negative
			if _, err := unix.Pread(fd, make([]byte, 10), offset); err != unix.EINVAL {
				t.Errorf("%s at %d: %v, want EINVAL", path, offset, err)
			}
		}
	}
}
