package tests

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

var (
	oddOffsets = []int64{0, 1, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1 << 32, math.MaxInt64, -1, math.MinInt64}
	oddSizes   = []int{0, 1, 5, 4095, 4096, 128 << 10, 1<<20 + 1}
)

// oddNode is a node, and what the documentation has it answer to what arrives.
type oddNode struct {
	path    string
	offsets []int64 // beside the odd ones
	read    func(offset int64, size int) ([]byte, error)
	write   func(offset int64, size int) (message []byte, taken int, err error)
}

// around are the offsets where a text of that length ends.
func around(length int) []int64 { n := int64(length); return []int64{n - 1, n, n + 1} }

// arrives: what has no place, or no bytes, the kernel answers by itself.
func arrives(offset int64, size int) (bool, error) {
	if offset < 0 || offset+int64(size) < 0 {
		return false, unix.EINVAL
	}
	return size > 0, nil
}

// oddCalls counts them.
type oddCalls struct {
	t              *testing.T
	nodes          int
	reads, written int
}

func (c *oddCalls) node(n oddNode) {
	c.nodes++
	used := openNode(c.t, n.path, unix.O_RDWR)
	for _, offset := range append(n.offsets, oddOffsets...) {
		for _, size := range oddSizes {
			c.read(n, used, offset, size)
			fresh, err := unix.Open(n.path, unix.O_RDONLY|unix.O_CLOEXEC, 0) // nothing was read before
			if err != nil {
				c.t.Fatal(err)
			}
			c.read(n, fresh, offset, size)
			unix.Close(fresh)
			c.write(n, used, offset, size)
		}
	}
}

func (c *oddCalls) read(n oddNode, fd int, offset int64, size int) {
	c.reads++
	var want []byte
	ok, wantErr := arrives(offset, size)
	if ok {
		want, wantErr = n.read(offset, size)
	}
	b := make([]byte, size)
	got, err := unix.Pread(fd, b, offset)
	if errnoText(err) != errnoText(wantErr) || !bytes.Equal(b[:max(got, 0)], want) {
		c.t.Errorf("%s: %d bytes at %d: %d (%.80q), %v; want %d (%.80q), %v", n.path, size, offset, got, b[:max(got, 0)], err, len(want), want, wantErr)
	}
}

func (c *oddCalls) write(n oddNode, fd int, offset int64, size int) {
	c.written++
	message, want := make([]byte, size), 0
	ok, wantErr := arrives(offset, size)
	if ok {
		message, want, wantErr = n.write(offset, size)
	}
	got, err := unix.Pwrite(fd, message, offset)
	if errnoText(err) != errnoText(wantErr) || max(got, 0) != want {
		c.t.Errorf("%s: %d bytes written at %d: %d, %v; want %d, %v", n.path, size, offset, got, err, want, wantErr)
	}
}

func notWritten(_ int64, size int) ([]byte, int, error) { return make([]byte, size), 0, unix.EBADF }

// cutOf is what a text has at a place.
func cutOf(text []byte) func(int64, int) ([]byte, error) {
	return func(offset int64, size int) ([]byte, error) {
		from := min(offset, int64(len(text)))
		return text[from:min(from+int64(size), int64(len(text)))], nil
	}
}

func oddText(t *testing.T, path string) oddNode {
	text := whole(t, path)
	return oddNode{path, around(len(text)), cutOf(text), notWritten}
}

// oddOsrel: a message is whole wherever it is written, and read back.
func oddOsrel(path string) oddNode {
	text := []byte("7\n")
	return oddNode{path, around(len(text)), cutOf(text), func(_ int64, size int) ([]byte, int, error) {
		return append(bytes.Repeat([]byte("0"), size-1), '7'), size, nil
	}}
}

// oddNote takes messages of up to 64 bytes, wherever; 0 is no signal.
func oddNote(path string) oddNode {
	return oddNode{path, around(64),
		func(int64, int) ([]byte, error) { return nil, unix.EBADF },
		func(_ int64, size int) ([]byte, int, error) {
			message := bytes.Repeat([]byte("0"), size)
			if size > 64 {
				return message, 0, unix.EMSGSIZE
			}
			return message, size, nil
		}}
}

// oddSet: a set of registers begins at 0 and nowhere else.
func oddSet(t *testing.T, path string) oddNode {
	set := whole(t, path)
	return oddNode{path, around(len(set)),
		func(offset int64, size int) ([]byte, error) {
			if offset > 0 {
				return nil, nil
			}
			return set[:min(size, len(set))], nil
		},
		func(offset int64, size int) ([]byte, int, error) {
			message := append(bytes.Clone(set[:min(size, len(set))]), make([]byte, max(size-len(set), 0))...)
			if offset > 0 {
				return message, 0, nil
			}
			return message, min(size, len(set)), nil
		}}
}

// oddMemory answers as the kernel's own mem does, but for the word: nothing is
// there is EFAULT.
func oddMemory(t *testing.T, d *daemon, p *probe) oddNode {
	fd := openNode(t, fmt.Sprintf("/proc/%d/mem", p.pid), unix.O_RDWR)
	word := func(err error) error {
		if err == unix.EIO {
			return unix.EFAULT
		}
		return err
	}
	read := func(offset int64, size int) ([]byte, error) {
		b := make([]byte, size)
		n, err := unix.Pread(fd, b, offset)
		return b[:max(n, 0)], word(err)
	}
	offsets := []int64{p.Big, p.Big + 1, p.Hole, p.Hole + 1, p.Hole + pageSize - 1, p.Hole + pageSize, p.Hole + 2*pageSize - 1, p.Hole + 2*pageSize}
	for _, o := range around(bigSize) {
		offsets = append(offsets, p.Big+o)
	}
	return oddNode{d.path(p.pid, "mem"), offsets, read, func(offset int64, size int) ([]byte, int, error) {
		message, _ := read(offset, size) // as it is
		message = append(message, make([]byte, size-len(message))...)
		n, err := unix.Pwrite(fd, message, offset)
		return message, max(n, 0), word(err)
	}}
}

func trustOffsets(t *testing.T, s *trustRun) {
	d, p := mount(t), longProbe(t)
	c := &oddCalls{t: t}
	for _, node := range textNodes {
		c.node(oddText(t, d.path(p.pid, node)))
	}
	for _, node := range []string{"regs", "fpregs", "dbregs"} {
		c.node(oddSet(t, d.path(p.pid, node)))
	}
	osrel := d.path(p.pid, "osrel")
	if err := os.WriteFile(osrel, []byte("7"), 0); err != nil {
		t.Fatal(err)
	}
	c.node(oddOsrel(osrel))
	c.node(oddNote(d.path(p.pid, "note")))
	c.node(oddNote(d.path(p.pid, "notepg")))
	c.node(oddMemory(t, d, p))
	c.table(d.path("status"))
	for _, link := range []string{d.path("curproc"), d.path("self"), d.path(p.pid, "file"), d.path(p.pid, "exe")} {
		c.link(link)
	}
	c.directory(d.dir)
	c.directory(d.path(p.pid))
	c.listing(d.path(p.pid))
	if state, err := processState(p.pid); state != 'T' || err != nil {
		t.Errorf("the process is %c, %v", state, err)
	}
	s.figure("%d reads and %d writes of %d nodes as documented", c.reads, c.written, c.nodes)
}

// table: that of all processes is another each time, but for its own snapshot.
func (c *oddCalls) table(path string) {
	t := c.t
	fd := openNode(t, path, unix.O_RDWR)
	text := piece(t, fd, 8<<20, 0)
	snapshot := oddNode{path, nil, cutOf(text), notWritten}
	c.nodes++
	for _, size := range oddSizes {
		for _, offset := range slices.Concat(around(len(text)), oddOffsets) {
			if offset != 0 {
				c.read(snapshot, fd, offset, size)
			}
			c.write(snapshot, fd, offset, size)
		}
	}
	for _, size := range oddSizes[1:] {
		c.reads++
		text := piece(t, fd, size, 0)
		text = append(text, piece(t, fd, 8<<20, int64(len(text)))...)
		for _, fault := range tableFaults(string(text)) {
			t.Errorf("by %d bytes: %s", size, fault)
		}
	}
}
