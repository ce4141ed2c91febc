package provider

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelBefore reports whether the running kernel is older than that.
func kernelBefore(t testing.TB, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	numbers := strings.SplitN(unix.ByteSliceToString(u.Release[:]), ".", 3)
	x, err1 := strconv.Atoi(numbers[0])
	y, err2 := strconv.Atoi(strings.TrimRight(numbers[1], "+-abcdefghijklmnopqrstuvwxyz"))
	if err1 != nil || err2 != nil {
		t.Fatal(numbers)
	}
	return x < major || x == major && y < minor
}

// The structures and numbers are those of <linux/fs.h>.
func TestIoctlLayouts(t *testing.T) {
	iowr := func(number, size uintptr) uintptr { return 3<<30 | size<<16 | 'f'<<8 | number }
	var s pmScanArg
	var q procmapQuery
	var r PageRegion
	for i, pair := range [][2]uintptr{
		{unsafe.Sizeof(s), 96}, {unsafe.Offsetof(s.flags), 8}, {unsafe.Offsetof(s.start), 16}, {unsafe.Offsetof(s.end), 24},
		{unsafe.Offsetof(s.walkEnd), 32}, {unsafe.Offsetof(s.vec), 40}, {unsafe.Offsetof(s.vecLen), 48}, {unsafe.Offsetof(s.maxPages), 56},
		{unsafe.Offsetof(s.inverted), 64}, {unsafe.Offsetof(s.mask), 72}, {unsafe.Offsetof(s.anyOf), 80}, {unsafe.Offsetof(s.result), 88},
		{unsafe.Sizeof(r), 24}, {unsafe.Offsetof(r.End), 8}, {unsafe.Offsetof(r.Categories), 16},
		{unsafe.Sizeof(q), 104}, {unsafe.Offsetof(q.flags), 8}, {unsafe.Offsetof(q.address), 16}, {unsafe.Offsetof(q.start), 24},
		{unsafe.Offsetof(q.end), 32}, {unsafe.Offsetof(q.perms), 40}, {unsafe.Offsetof(q.pageSize), 48}, {unsafe.Offsetof(q.offset), 56},
		{unsafe.Offsetof(q.inode), 64}, {unsafe.Offsetof(q.devMajor), 72}, {unsafe.Offsetof(q.devMinor), 76}, {unsafe.Offsetof(q.nameSize), 80},
		{unsafe.Offsetof(q.buildIDSize), 84}, {unsafe.Offsetof(q.nameAddress), 88}, {unsafe.Offsetof(q.buildIDAddress), 96},
		{pagemapScan, iowr(16, 96)}, {procmapQueryCall, iowr(17, 104)},
		{uintptr(PageIsGuard), 1 << 8}, {uintptr(PageIsSoftDirty), 1 << 7}, {uintptr(QueryFileBacked), 0x20}, {uintptr(QueryShared), uintptr(PermShared)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%d: %#x, want %#x", i, pair[0], pair[1])
		}
	}
}

// anonymous maps n pages of our own, that no huge page covers, and a pagemap.
func anonymous(t *testing.T, n int) ([]byte, *Pagemap) {
	t.Helper()
	b, err := unix.Mmap(-1, 0, n*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(b) })
	_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE)
	return b, openPagemap(t, os.Getpid())
}

func whole(b []byte) PagemapScan {
	return PagemapScan{Start: uint64(address(b)), End: uint64(address(b)) + uint64(len(b))}
}

// found is what a scan finds, in pages from the start of b: "0-3 5-6".
func found(t *testing.T, m *Pagemap, b []byte, q PagemapScan, room int) string {
	t.Helper()
	var all []string
	for q.Start < q.End {
		regions := make([]PageRegion, room)
		n, next, err := m.Scan(q, regions)
		if err != nil {
			return err.Error()
		}
		for _, r := range regions[:n] {
			all = append(all, fmt.Sprintf("%d-%d:%x", (r.Start-uint64(address(b)))/4096, (r.End-uint64(address(b)))/4096, uint64(r.Categories)))
		}
		if next <= q.Start {
			t.Fatalf("no progress at %x", next)
		}
		q.Start = next
	}
	return strings.Join(all, " ")
}

func needScan(t *testing.T, m *Pagemap) {
	t.Helper()
	_, _, err := m.Scan(PagemapScan{}, make([]PageRegion, 1))
	if kernelBefore(t, 6, 7) {
		if !errors.Is(err, ErrNotSupported) {
			t.Fatalf("before 6.7: %v", err)
		}
		cannot(t, "before Linux 6.7, where it has been seen to say so")
	}
	if err != nil {
		t.Fatal(err)
	}
	if os.Getpagesize() != 4096 {
		cannot(t, "pages of another size")
	}
}

func TestPagemapScan(t *testing.T) {
	b, m := anonymous(t, 64)
	needScan(t, m)
	q := whole(b)
	q.All, q.Return = PageIsPresent, PageIsPresent|PageIsFile
	if got := found(t, m, b, q, 4); got != "" {
		t.Errorf("untouched: %s", got)
	}
	for _, page := range []int{0, 1, 2, 10, 20, 21, 63} {
		b[page*4096] = 1
	}
	for _, room := range []int{1, 2, 3, 100} {
		if got := found(t, m, b, q, room); got != "0-3:8 10-11:8 20-22:8 63-64:8" {
			t.Errorf("room for %d: %s", room, got)
		}
	}
	// The same from the words.
	all, err := m.Range(q.Start/4096, q.End/4096)
	for i, page := range all {
		if want := strings.Contains(" 0 1 2 10 20 21 63 ", fmt.Sprintf(" %d ", i)); page.Present() != want {
			t.Errorf("page %d: %x", i, page)
		}
	}
	if err != nil || len(all) != 64 {
		t.Error(len(all), err)
	}
	q.Not = PageIsPresent // the others
	if got := found(t, m, b, q, 100); got != "3-10:0 11-20:0 22-63:0" {
		t.Errorf("not present: %s", got)
	}
	q.Not, q.All, q.AnyOf, q.MaxPages = 0, 0, PageIsPresent|PageIsSwapped, 2
	if n, next, err := m.Scan(q, make([]PageRegion, 10)); n != 1 || err != nil || next != q.Start+2*4096 {
		t.Errorf("two pages: %d, %x, %v", n, next-q.Start, err)
	}
}

// Fault 3, for scans.
func TestFault03ScanRange(t *testing.T) {
	b, m := anonymous(t, 4)
	needScan(t, m)
	q := whole(b)
	for name, change := range map[string]func(*PagemapScan){
		"reversed": func(q *PagemapScan) { q.Start, q.End = q.End, q.Start },
		"endless":  func(q *PagemapScan) { q.Start, q.End = 0, math.MaxUint64 },
		"within":   func(q *PagemapScan) { q.Start++ },
		"unknown":  func(q *PagemapScan) { q.Return = 1 << 60 },
	} {
		bad := q
		change(&bad)
		n, next, err := m.Scan(bad, make([]PageRegion, 4))
		if n != 0 || next != 0 || !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EFAULT) {
			t.Errorf("%s: %d, %x, %v", name, n, next, err)
		}
	}
	if _, _, err := m.Scan(q, nil); !errors.Is(err, unix.EINVAL) {
		t.Errorf("no room: %v", err)
	}
	q.WriteProtect = true // of memory that has not asked for it
	if _, _, err := m.Scan(q, make([]PageRegion, 4)); !errors.Is(err, unix.EPERM) {
		t.Errorf("write protect: %v", err)
	}
	b[0] = 1 // and is not protected
}

func TestPagemapScanGuard(t *testing.T) {
	b, m := anonymous(t, 8)
	needScan(t, m)
	if kernelBefore(t, 6, 16) {
		t.Log("no guard regions in pagemap")
		return
	}
	const guardInstall = 102
	if _, _, errno := unix.Syscall(unix.SYS_MADVISE, address(b)+2*4096, 3*4096, guardInstall); errno != 0 {
		t.Fatal(errno)
	}
	q := whole(b)
	q.All, q.Return = PageIsGuard, PageIsGuard
	if got := found(t, m, b, q, 4); got != "2-5:100" {
		t.Errorf("guard: %s", got)
	}
	all, err := m.Range(q.Start/4096, q.End/4096)
	if err != nil {
		t.Fatal(err)
	}
	for i, page := range all {
		if page.Guard() != (i >= 2 && i < 5) {
			t.Errorf("%d: %x", i, page)
		}
	}
}

// Writes are tracked where the process has asked for it.
func TestPagemapScanWriteProtect(t *testing.T) {
	b, m := anonymous(t, 16)
	needScan(t, m)
	defer trackWrites(t, b)()
	b[0], b[5*4096] = 1, 1
	q := whole(b)
	q.All, q.Return = PageIsWritten, PageIsWritten|PageIsWPAllowed
	if got := found(t, m, b, q, 4); got != "0-1:3 5-6:3" {
		t.Errorf("first writes: %s", got)
	}
	q.WriteProtect = true
	if got := found(t, m, b, q, 4); got != "0-1:3 5-6:3" {
		t.Errorf("found and protected: %s", got)
	}
	if got := found(t, m, b, q, 4); got != "" {
		t.Errorf("nothing written since: %s", got)
	}
	b[5*4096], b[6*4096] = 2, 2
	q.WriteProtect = false
	if got := found(t, m, b, q, 4); got != "5-7:3" {
		t.Errorf("written since: %s", got)
	}
	q.WriteProtect = true
	if n, next, err := m.Scan(q, nil); n != 0 || next != q.End || err != nil {
		t.Errorf("only protected: %d, %x, %v", n, next-q.Start, err)
	}
	if got := found(t, m, b, q, 4); got != "" {
		t.Errorf("after that: %s", got)
	}
	if page, err := m.Info(q.Start / 4096); err != nil || !page.UffdWP() {
		t.Errorf("%x, %v", page, err)
	}
}

// trackWrites registers memory for asynchronous write protection.
func trackWrites(t *testing.T, b []byte) (stop func()) {
	t.Helper()
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|1, 0, 0) // UFFD_USER_MODE_ONLY
	if errno != 0 {
		cannot(t, "no userfaultfd: "+errno.Error())
	}
	api := struct{ api, features, ioctls uint64 }{0xaa, 1<<15 | 1<<13, 0} // WP_ASYNC, WP_UNPOPULATED
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, 0xc018aa3f, uintptr(unsafe.Pointer(&api))); errno != 0 {
		unix.Close(int(fd))
		cannot(t, "no asynchronous write protection: "+errno.Error())
	}
	register := struct{ start, size, mode, ioctls uint64 }{uint64(address(b)), uint64(len(b)), 2, 0} // MODE_WP
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, 0xc020aa00, uintptr(unsafe.Pointer(&register))); errno != 0 {
		t.Fatal(errno)
	}
	protect := struct{ start, size, mode uint64 }{uint64(address(b)), uint64(len(b)), 1}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, 0xc018aa06, uintptr(unsafe.Pointer(&protect))); errno != 0 {
		t.Fatal(errno)
	}
	return func() { unix.Close(int(fd)) }
}
