package provider

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseClearRefs(t *testing.T) {
	parses(t, ParseClearRefs, map[string]ClearRefs{
		"1": ClearReferenced, "2\n": ClearReferencedAnonymous, "3": ClearReferencedMapped, "4": ClearSoftDirty, "5\n": ClearPeakRSS,
		"referenced": 1, "anonymous": 2, "mapped": 3, "soft-dirty": 4, "peak-rss\n": 5,
	})
	malformedText(t, ParseClearRefs, "", "\n", "0", "6", "11", "1 ", "1\n\n", "Referenced", "peak rss")
	if ClearRefs(0).String() != "0" || ClearRefs(77).String() != "77" {
		t.Error(ClearRefs(0), ClearRefs(77))
	}
}

func FuzzParseClearRefs(f *testing.F) {
	f.Add([]byte("1\n"))
	f.Add([]byte("soft-dirty"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseClearRefs(b)
		lawful(t, c, err)
		if err != nil {
			return
		}
		if again, err := ParseClearRefs([]byte(c.String())); err != nil || again != c {
			t.Fatalf("%q: %v, %v", b, again, err)
		}
	})
}

// referenced tells, natively, how much of the child's first page was used.
func (c *child) referenced(p *Process) uint64 {
	c.t.Helper()
	text, err := p.Read("smaps", nil, 16<<20)
	if err != nil {
		c.t.Fatal(err)
	}
	size := uint64(1) // none
	err = ReadSmaps(bytes.NewReader(text), nil, func(s *Smap) error {
		if s.Start <= uint64(c.pages) && uint64(c.pages) < s.End {
			size = s.Referenced
		}
		return nil
	})
	if err != nil || size == 1 {
		c.t.Fatalf("%d, %v", size, err)
	}
	return size
}

// The marks go, and come back with use.
func TestClearReferenced(t *testing.T) {
	for _, kind := range []ClearRefs{ClearReferenced, ClearReferencedAnonymous} {
		c := start(t)
		p := pin(t, openProc(t), c.pid)
		before := c.referenced(p)
		if err := p.ClearRefs(ClearReferencedMapped); err != nil {
			t.Fatal(err)
		}
		if still := c.referenced(p); before == 0 || still != before {
			t.Errorf("%d, and %d after the marks of files were cleared", before, still)
		}
		if err := p.ClearRefs(kind); err != nil {
			t.Fatal(err)
		}
		cleared := c.referenced(p)
		c.peek()
		if again := c.referenced(p); cleared != 0 || again == 0 {
			t.Errorf("%s: %d before, %d after, %d after use", kind, before, cleared, again)
		}
	}
}

func TestClearPeakRSS(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	const size = 32 << 20
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Munmap(b); err != nil {
		t.Fatal(err)
	}
	var before, after Status
	if err := errors.Join(p.Status(&before), p.ClearRefs(ClearPeakRSS), p.Status(&after)); err != nil {
		t.Fatal(err)
	}
	if after.VMHWM+size/2 > before.VMHWM {
		t.Errorf("%d, then %d", before.VMHWM, after.VMHWM)
	}
}

func TestClearRefsKinds(t *testing.T) {
	f := openProc(t)
	c := start(t)
	p := pin(t, f, c.pid)
	for kind := ClearReferenced; kind.known(); kind++ {
		if err := p.ClearRefs(kind); err != nil && !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, kind := range []ClearRefs{0, 6, 255} {
		if err := p.ClearRefs(kind); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	c.zombie()
	if err := p.ClearRefs(ClearReferenced); err != nil {
		t.Errorf("zombie: %v", err)
	}
	c.end()
	if err := p.ClearRefs(ClearReferenced); !errors.Is(err, ErrGone) {
		t.Errorf("gone: %v", err)
	}
}
