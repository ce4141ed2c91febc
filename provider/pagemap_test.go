package provider

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// checkPagemap compares the words of the first mapping with a plain reading.
func checkPagemap(p *Process) error {
	m, err := p.OpenPagemap()
	if err != nil {
		return err
	}
	defer m.Close()
	return steady(p, "maps", func(raw []byte) error {
		first, err := ParseMaps(raw)
		if err != nil || len(first) == 0 {
			return err
		}
		page := first[0].Start / uint64(os.Getpagesize())
		var want [8]byte
		if _, err := unix.Pread(m.fd, want[:], int64(page*8)); err != nil {
			return p.fail("read", "pagemap", err)
		}
		got, err := m.Info(page)
		if err != nil {
			return err
		}
		all, err := m.Range(page, page+1)
		if err != nil {
			return err
		}
		word := binary.LittleEndian.Uint64(want[:])
		return same("page", got.Present(), word>>63 == 1, got.PFN()*uint64(word>>63), word&(1<<55-1)*(word>>63), all[0].File(), word>>61&1 == 1)
	})
}

func openPagemap(t testing.TB, pid int) *Pagemap {
	t.Helper()
	m, err := pin(t, openProc(t), pid).OpenPagemap()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestPageInfoBits(t *testing.T) {
	flags := []func(PageInfo) bool{55: PageInfo.SoftDirty, 56: PageInfo.Exclusive, 57: PageInfo.UffdWP, 58: PageInfo.Guard,
		61: PageInfo.File, 62: PageInfo.Swapped, 63: PageInfo.Present}
	for bit := range 64 {
		for i, flag := range flags {
			if flag != nil && flag(1<<bit) != (i == bit) {
				t.Errorf("bit %d shows as bit %d", bit, i)
			}
		}
	}
	all := PageInfo(math.MaxUint64)
	if all.PFN() != 1<<55-1 || all.SwapType() != 31 || all.SwapOffset() != 1<<50-1 {
		t.Errorf("%x %x %x", all.PFN(), all.SwapType(), all.SwapOffset())
	}
	swapped := PageInfo(1<<62 | 0x1234<<5 | 3)
	if swapped.PFN() != 0 || swapped.SwapType() != 3 || swapped.SwapOffset() != 0x1234 {
		t.Errorf("%x %x %x", swapped.PFN(), swapped.SwapType(), swapped.SwapOffset())
	}
	if none := PageInfo(0x1234<<5 | 3); none.SwapType() != 0 || none.SwapOffset() != 0 {
		t.Error("a swap place of a page that is not there")
	}
}

func TestParsePagemap(t *testing.T) {
	text := []byte{1, 2, 3, 4, 5, 6, 7, 0x88, 8: 9, 15: 0}
	if got, err := ParsePageInfo(text[:8]); err != nil || got != 0x8807060504030201 {
		t.Errorf("%x, %v", got, err)
	}
	if all, err := ParsePagemap(text); err != nil || !slices.Equal(all, []PageInfo{0x8807060504030201, 9}) {
		t.Errorf("%x, %v", all, err)
	}
	if all, err := ParsePagemap(nil); err != nil || all != nil {
		t.Errorf("%x, %v", all, err)
	}
	malformedText(t, ParsePageInfo, "", "1234567", "123456789")
	malformedText(t, ParsePagemap, "1234567", "123456789")
}

func FuzzParsePagemap(f *testing.F) {
	f.Add([]byte("12345678"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := ParsePagemap(b)
		if err != nil {
			lawful(t, all, err)
			return
		}
		var again []byte
		for _, p := range all {
			again = binary.LittleEndian.AppendUint64(again, uint64(p))
		}
		if string(again) != string(b) {
			t.Fatalf("%x", all)
		}
	})
}

// The child's three pages with a hole in the middle.
func TestPagemap(t *testing.T) {
	c := start(t)
	m := openPagemap(t, c.pid)
	page := uint64(c.pages) / uint64(os.Getpagesize())
	all, err := m.Range(page, page+3)
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	if !all[0].Present() || all[0].File() || !all[0].Exclusive() || all[0].Swapped() || all[1] != 0 || !all[2].Present() {
		t.Errorf("%x", all)
	}
	if os.Geteuid() == 0 && all[0].PFN() == all[2].PFN() {
		t.Errorf("one frame for two pages, %x", all[0].PFN())
	}
	for i := range all {
		if one, err := m.Info(page + uint64(i)); err != nil || one.Present() != all[i].Present() {
			t.Errorf("%d: %x, %v", i, one, err)
		}
	}
	if got := c.peek(); got != "0" {
		t.Error(got)
	}
}

// Fault 3: no range of pages is more than the caller asked to pay for.
func TestFault03PagemapRange(t *testing.T) {
	m := openPagemap(t, os.Getpid())
	for _, r := range []struct {
		first, end uint64
		err        error
	}{
		{0, math.MaxUint64, ErrTooBig}, {0, pagesMost + 1, ErrTooBig}, {math.MaxUint64 - pagesMost - 1, math.MaxUint64, ErrTooBig},
		{1, 0, unix.EINVAL}, {math.MaxUint64, 0, unix.EINVAL}, {math.MaxUint64 - 1, math.MaxUint64, unix.EFAULT},
		{0xffffffffff600, 0xffffffffff601, unix.EFAULT}, {1 << 60, 1<<60 + 2, unix.EFAULT}, {1<<61 + 16, 1<<61 + 17, unix.EFAULT},
	} {
		if all, err := m.Range(r.first, r.end); all != nil || !errors.Is(err, r.err) {
			t.Errorf("%x to %x: %d pages, %v", r.first, r.end, len(all), err)
		}
	}
	for _, r := range [][2]uint64{{0, 0}, {math.MaxUint64, math.MaxUint64}, {7, 7}} {
		if all, err := m.Range(r[0], r[1]); all != nil || err != nil {
			t.Errorf("%x: %v, %v", r, all, err)
		}
	}
	if all, err := m.Range(0, pagesMost); err != nil || len(all) != pagesMost {
		t.Errorf("%d, %v", len(all), err)
	}
}

// At the end of the user's addresses there are fewer than asked for.
func TestPagemapEnd(t *testing.T) {
	m := openPagemap(t, os.Getpid())
	low, high := uint64(0), uint64(1)<<60 // has a word, has none
	for high-low > 1 {
		middle := low + (high-low)/2
		if _, err := m.Info(middle); err == nil {
			low = middle
		} else if errors.Is(err, unix.EFAULT) {
			high = middle
		} else {
			t.Fatal(err)
		}
	}
	dst := make([]PageInfo, 10)
	if n, err := m.Infos(dst, high-4); n != 4 || err != nil {
		t.Errorf("%d, %v at the end, %x", n, err, high)
	}
	if n, err := m.Infos(dst, high); n != 0 || !errors.Is(err, unix.EFAULT) {
		t.Errorf("%d, %v beyond", n, err)
	}
	if n, err := m.Infos(nil, high); n != 0 || err != nil {
		t.Errorf("%d, %v of none", n, err)
	}
}

// Fault 20: pagemap is that of the process that was pinned, whoever has its
// number since, and that of the address space it was opened on.
func TestFault20PagemapNumberReused(t *testing.T) {
	needRoot(t)
	first := start(t)
	p := pin(t, openProc(t), first.pid)
	m, err := p.OpenPagemap()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	first.end()
	defer startWithPID(t, first.pid).end()
	leaksNothing(t, "OpenPagemap", func() {
		if _, err := p.OpenPagemap(); !errors.Is(err, ErrGone) {
			t.Errorf("opened again: %v", err)
		}
	})
	if _, err := m.Info(0x400); !errors.Is(err, ErrGone) {
		t.Errorf("still open: %v", err)
	}
}

func TestPagemapGone(t *testing.T) {
	for name, end := range map[string]func(*child){"exec": (*child).exec, "zombie": (*child).zombie, "exit": (*child).end} {
		c := start(t)
		m := openPagemap(t, c.pid)
		end(c)
		var regions [4]PageRegion
		_, _, scanErr := m.Scan(PagemapScan{End: 1 << 40, Return: PageIsPresent}, regions[:])
		if errors.Is(scanErr, ErrNotSupported) {
			scanErr = ErrGone
		}
		_, err1 := m.Info(0x400)
		_, err2 := m.Info(math.MaxUint64)
		_, err3 := m.Range(0, 10)
		for i, err := range []error{scanErr, err1, err2, err3} {
			if !errors.Is(err, ErrGone) {
				t.Errorf("%s, %d: %v", name, i, err)
			}
		}
	}
}
