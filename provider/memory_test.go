package provider

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func openMemory(t *testing.T, flags int) (*child, *Memory) {
	t.Helper()
	needRoot(t)
	a, f := newAuthority(t)
	c := start(t)
	m, err := ours(t, a).OpenMemory(pin(t, f, c.pid), flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return c, m
}

func TestMemory(t *testing.T) {
	c, m := openMemory(t, unix.O_RDWR)
	page := os.Getpagesize()
	var _ io.ReaderAt = m
	var _ io.WriterAt = m
	b := make([]byte, 2*page)
	for _, row := range []struct {
		at   int64
		size int
		want int
		err  error
	}{
		{c.pages, page, page, nil},
		{c.pages, 2 * page, page, nil}, // short at the hole
		{c.pages + int64(page) - 3, 8, 3, nil},
		{c.pages + int64(page), 8, 0, unix.EFAULT},
		{c.pages + int64(2*page), page, page, nil},
		{c.pages, 0, 0, nil},
		{0, 8, 0, unix.EFAULT},
		{-1, 8, 0, unix.EINVAL},
		{math.MinInt64, 8, 0, unix.EINVAL},
		{math.MaxInt64, 8, 0, unix.EFAULT},
		{math.MaxInt64 - 1, 8, 0, unix.EFAULT},
		{math.MaxInt64 - 7, 8, 0, unix.EFAULT},
		{math.MaxInt64 - 4096, page, 0, unix.EFAULT},
	} {
		for name, access := range map[string]func([]byte, int64) (int, error){"read": m.ReadAt, "write": m.WriteAt} {
			n, err := access(b[:row.size], row.at)
			if n != row.want || !errors.Is(err, row.err) || (err == nil) != (row.err == nil) {
				t.Errorf("%s %d at %#x: %d, %v; want %d, %v", name, row.size, row.at, n, err, row.want, row.err)
			}
		}
	}
}

func TestMemoryHolds(t *testing.T) {
	c, m := openMemory(t, unix.O_RDWR)
	if n, err := m.WriteAt([]byte{77}, c.pages); n != 1 || err != nil || c.peek() != "77" {
		t.Errorf("%d, %v; the child sees %s", n, err, c.peek())
	}
	b := []byte{1, 1}
	if n, err := m.ReadAt(b, c.pages); n != 2 || err != nil || !bytes.Equal(b, []byte{77, 0}) {
		t.Errorf("%d, %v, %v", n, err, b)
	}
}

func TestMemoryModes(t *testing.T) {
	c, m := openMemory(t, unix.O_RDONLY|unix.O_TRUNC|unix.O_CREAT) // of which only the mode counts
	if n, err := m.WriteAt([]byte{1}, c.pages); n != 0 || !errors.Is(err, unix.EBADF) {
		t.Errorf("write: %d, %v", n, err)
	}
	c, m = openMemory(t, unix.O_WRONLY)
	if n, err := m.ReadAt([]byte{1}, c.pages); n != 0 || !errors.Is(err, unix.EBADF) {
		t.Errorf("read: %d, %v", n, err)
	}
}

// After exec or exit nothing succeeds, least of all with no bytes.
func TestMemoryGone(t *testing.T) {
	for name, end := range map[string]func(*child){"exec": (*child).exec, "zombie": (*child).zombie, "exit": (*child).end} {
		c, m := openMemory(t, unix.O_RDWR)
		end(c)
		for _, at := range []int64{c.pages, 0, 4096, math.MaxInt64 - 9} {
			for op, access := range map[string]func([]byte, int64) (int, error){"read": m.ReadAt, "write": m.WriteAt} {
				if n, err := access(make([]byte, 8), at); n != 0 || !errors.Is(err, ErrGone) {
					t.Errorf("%s after %s at %#x: %d, %v", op, name, at, n, err)
				}
			}
		}
	}
}

func openSmaps(t *testing.T) (*child, *SmapsFile) {
	t.Helper()
	needRoot(t)
	a, f := newAuthority(t)
	c := start(t)
	s, err := ours(t, a).OpenSmaps(pin(t, f, c.pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c, s
}

// mappings counts what one pass gives.
func mappings(s *SmapsFile) (n int, own bool, err error) {
	exe, _ := os.Readlink("/proc/self/exe")
	err = s.Each(func(m *Smap) error {
		n++
		own = own || string(m.Path) == exe
		return nil
	})
	return n, own, err
}

func TestSmapsFile(t *testing.T) {
	c, s := openSmaps(t)
	first, own, err := mappings(s)
	if err != nil || first < 10 || !own {
		t.Errorf("%d mappings, own %v, %v", first, own, err)
	}
	stop := errors.New("enough")
	if err := s.Each(func(*Smap) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	again, own, err := mappings(s) // from the start
	if err != nil || again < first-3 || again > first+3 || !own {
		t.Errorf("%d mappings, then %d, own %v, %v", first, again, own, err)
	}
	c.exec()
	if n, _, err := mappings(s); n != 0 || !errors.Is(err, ErrGone) {
		t.Errorf("after exec: %d, %v", n, err)
	}
}

// An address space that goes while it is read must not look like a small one.
func TestSmapsGoneHalfway(t *testing.T) {
	for name, end := range map[string]func(*child){"exec": (*child).exec, "zombie": (*child).zombie, "exit": (*child).end} {
		c, s := openSmaps(t)
		n := 0
		err := s.Each(func(*Smap) error {
			if n++; n == 1 {
				end(c)
			}
			return nil
		})
		if !errors.Is(err, ErrGone) {
			t.Errorf("%s: %d mappings, %v", name, n, err)
		}
	}
}
