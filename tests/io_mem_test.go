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

const (
	pageSize = 4096
	word     = "changed"
)

func fill(size int, from int64) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = pattern(int(from) + i)
	}
	return b
}

func TestIOMemReads(t *testing.T) {
	d, p := mount(t), startProbe(t)
	fd := openNode(t, d.path(p.pid, "mem"), unix.O_RDONLY)
	for _, c := range []struct {
		size int
		from int64
	}{{1, 0}, {8, 4093}, {8192, 0}, {8192, 5}, {128 << 10, 77}, {1<<20 + 1, 3}, {bigSize, 0}} {
		if got := piece(t, fd, c.size, p.Big+c.from); !bytes.Equal(got, fill(c.size, c.from)) {
			t.Errorf("%d bytes at %d of the pattern: %d bytes, or others", c.size, c.from, len(got))
		}
	}
	if _, err := unix.Seek(fd, p.Big+1000, unix.SEEK_SET); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10_000)
	if n, err := unix.Read(fd, b); err != nil || !bytes.Equal(b[:n], fill(10_000, 1000)) {
		t.Errorf("lseek and read: %d, %v", n, err)
	}
	if n, err := unix.Pread(fd, nil, p.Hole+pageSize); n != 0 || err != nil {
		t.Errorf("a read of nothing: %d, %v", n, err)
	}
}

// startProbeWithHole starts probes until one keeps its hole: its runtime may map
// memory of its own there, as the race detector's does.
func startProbeWithHole(t *testing.T) *probe {
	t.Helper()
	for range 50 {
		p := startProbe(t)
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/mem", p.pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = unix.Pread(fd, make([]byte, 1), p.Hole+pageSize)
		unix.Close(fd)
		if err == unix.EIO {
			return p
		}
	}
	t.Fatal("no probe keeps its hole")
	return nil
}

func TestIOMemHoles(t *testing.T) {
	d, p := mount(t), startProbeWithHole(t)
	fd := openNode(t, d.path(p.pid, "mem"), unix.O_RDWR)
	b := make([]byte, 2*pageSize)
	for _, address := range []int64{0, p.Hole + pageSize, 1 << 50, math.MaxInt64 - 2*pageSize} {
		if n, err := unix.Pread(fd, b, address); err != unix.EFAULT {
			t.Errorf("read at %#x: %d, %v, want EFAULT", address, n, err)
		}
		if n, err := unix.Pwrite(fd, b[:16], address); err != unix.EFAULT {
			t.Errorf("write at %#x: %d, %v, want EFAULT", address, n, err)
		}
	}
	for _, address := range []int64{-1, math.MinInt64, math.MaxInt64} { // the last: its end is negative
		if _, err := unix.Pread(fd, b, address); err != unix.EINVAL {
			t.Errorf("read at %d: %v, want EINVAL", address, err)
		}
		if _, err := unix.Pwrite(fd, b, address); err != unix.EINVAL {
			t.Errorf("write at %d: %v, want EINVAL", address, err)
		}
	}
	for _, before := range []int{1, 100, pageSize} {
		address := p.Hole + pageSize - int64(before)
		if n, err := unix.Pread(fd, b, address); n != before || err != nil {
			t.Errorf("read %d before the hole: %d, %v", before, n, err)
		}
		if n, err := unix.Pwrite(fd, b, address); n != before || err != nil {
			t.Errorf("write %d before the hole: %d, %v", before, n, err)
		}
	}
	if n, err := unix.Pread(fd, b[:pageSize], p.Hole+2*pageSize); n != pageSize || err != nil {
		t.Errorf("read behind the hole: %d, %v", n, err)
	}
}

func TestIOMemWrites(t *testing.T) {
	d, p := mount(t), startProbe(t)
	path := d.path(p.pid, "mem")
	wo := openNode(t, path, unix.O_WRONLY)
	if n, err := unix.Pwrite(wo, []byte(word), p.Big); n != len(word) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	if got := p.ask("big"); got != fmt.Sprintf("%q", word) {
		t.Errorf("the process sees %s, want %q", got, word)
	}
	ro := openNode(t, path, unix.O_RDONLY)
	if got := string(piece(t, ro, len(word), p.Big)); got != word {
		t.Errorf("read back: %q", got)
	}
	if _, err := unix.Pread(wo, make([]byte, 8), p.Big); err != unix.EBADF {
		t.Errorf("read of a write-only file: %v, want EBADF", err)
	}
	if _, err := unix.Pwrite(ro, []byte(word), p.Big); err != unix.EBADF {
		t.Errorf("write to a read-only file: %v, want EBADF", err)
	}
	long := bytes.Repeat([]byte{'L'}, 2<<20+5)
	if n, err := unix.Pwrite(wo, long, p.Big+1); n != len(long) || err != nil {
		t.Errorf("long write: %d, %v", n, err)
	}
	if got := piece(t, ro, len(long)+1, p.Big+1); !bytes.Equal(got[:len(long)], long) || got[len(long)] == 'L' {
		t.Error("the long write reads back differently")
	}
}

// Code can be written, for breakpoints; the file that it is mapped from stays
// as it is, and so does every other process that runs it.
func TestIOMemText(t *testing.T) {
	d, p, other := mount(t), startProbe(t), startProbe(t)
	before, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	original := p.ask("text")
	fd := openNode(t, d.path(p.pid, "mem"), unix.O_RDWR)
	if n, err := unix.Pwrite(fd, []byte(word), p.Text); n != len(word) || err != nil {
		t.Fatalf("write to the text: %d, %v", n, err)
	}
	if got := p.ask("text"); got != fmt.Sprintf("%q", word) || got == original {
		t.Errorf("the process sees %s, was %s, want %q", got, original, word)
	}
	if got := other.ask("text"); got != original {
		t.Errorf("another process sees %s, want %s", got, original)
	}
	if after, err := os.ReadFile("/proc/self/exe"); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed (%v)", err)
	}
}

// wantGone: every access to the open memory fails with ESRCH, whatever its
// length and place.
func wantGone(t *testing.T, when string, fd int, addresses ...int64) {
	t.Helper()
	for _, address := range addresses {
		for _, size := range []int{1, 8, 2 * pageSize, 2 << 20} {
			if n, err := unix.Pread(fd, make([]byte, size), address); err != unix.ESRCH {
				t.Errorf("%s: read of %d at %#x: %d, %v, want ESRCH", when, size, address, n, err)
			}
			if n, err := unix.Pwrite(fd, make([]byte, size), address); err != unix.ESRCH {
				t.Errorf("%s: write of %d at %#x: %d, %v, want ESRCH", when, size, address, n, err)
			}
		}
	}
}

func TestIOMemAfterExec(t *testing.T) {
	d, p := mount(t), startProbe(t)
	fd := openNode(t, d.path(p.pid, "mem"), unix.O_RDWR)
	piece(t, fd, 8, p.Big)
	old := p.layout
	p.locate(p.ask("exec"))
	wantGone(t, "after exec", fd, old.Big, p.Big, p.Text)
	anew := openNode(t, d.path(p.pid, "mem"), unix.O_RDONLY)
	if got := piece(t, anew, 100, p.Big); !bytes.Equal(got, fill(100, 0)) {
		t.Errorf("a new open gives %q", got)
	}
}

// What is open on a process that has exited gives ESRCH, its names ENOENT.
func TestIOAfterExit(t *testing.T) {
	d, p := mount(t), startProbe(t)
	fds := map[string]int{}
	for _, node := range textNodes {
		fds[node] = openNode(t, d.path(p.pid, node), unix.O_RDONLY)
		piece(t, fds[node], 8<<20, 0)
	}
	dir := openNode(t, d.path(p.pid), unix.O_RDONLY|unix.O_DIRECTORY)
	mem := openNode(t, d.path(p.pid, "mem"), unix.O_RDWR)
	p.cmd.Process.Kill()
	waitFor(t, "the end of the probe", func() bool { state, err := processState(p.pid); return err != nil || state == 'Z' })
	for _, when := range []string{"as a zombie", "reaped"} {
		wantGone(t, when, mem, p.Big)
		for node, fd := range fds {
			for _, offset := range []int64{0, 1, 1 << 40} {
				if n, err := unix.Pread(fd, make([]byte, 100), offset); err != unix.ESRCH {
					t.Errorf("%s, %s: read at %d: %d, %v, want ESRCH", when, node, offset, n, err)
				}
			}
		}
		var st unix.Stat_t
		for _, name := range []string{"status", ".", "exe"} {
			if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != unix.ENOENT {
				t.Errorf("%s: stat of %s in the open directory: %v, want ENOENT", when, name, err)
			}
			if err := unix.Lstat(d.path(p.pid, name), &st); err != unix.ENOENT {
				t.Errorf("%s: stat of %s: %v, want ENOENT", when, name, err)
			}
		}
		if _, err := os.ReadDir(d.path(p.pid)); !os.IsNotExist(err) {
			t.Errorf("%s: list: %v, want ENOENT", when, err)
		}
		p.kill()
	}
}

// A private mapping cannot be refused, but must show nothing: its pages would
// outlive every later check of rights.
func TestIOMemMmap(t *testing.T) {
	d, p := mount(t), startProbe(t)
	for _, args := range [][]string{nil, {"write"}} {
		args = append([]string{d.path(p.pid, "mem"), fmt.Sprint(p.Big)}, args...)
		out, err := helper(t, "mapper", args...).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != "fault" && got != "no mapping: ENODEV" {
			t.Errorf("%v: %v, %q, want a fault", args, err, got)
		}
	}
	if got := p.ask("big"); got != fmt.Sprintf("%q", word) {
		t.Errorf("the write did not arrive: %s", got)
	}
	fd := openNode(t, d.path(p.pid, "mem"), unix.O_RDWR)
	if _, err := unix.Mmap(fd, p.Big, pageSize, unix.PROT_READ, unix.MAP_SHARED); err != unix.ENODEV {
		t.Errorf("a shared mapping: %v, want ENODEV", err)
	}
	out, err := helper(t, "mapper", "/proc/self/exe", "0").Output() // that the test can fail
	if got := strings.TrimSpace(string(out)); err != nil || got != "got 0x7f" {
		t.Errorf("a mapping of a plain file: %v, %q", err, got)
	}
}
