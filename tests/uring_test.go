package tests

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// uring is an io_uring whose requests the kernel's workers carry out, not the
// thread that submits them.
type uring struct {
	fd          int
	params      uringParams
	sq, cq      []byte
	submissions []uringSubmission
}

// As in <linux/io_uring.h>.

type uringParams struct {
	submissions, completions uint32
	_                        [8]uint32
	sq                       struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, completions, flags, _ uint32
		_                                                          uint64
	}
}

type uringSubmission struct {
	op, flags     byte
	_             uint16
	fd            int32
	_             uint64
	address       uint64
	length, flag2 uint32
	_             [4]uint64
}

type uringCompletion struct {
	_      uint64
	result int32
	_      uint32
}

const (
	uringOpenat, uringRead, uringWrite = 18, 22, 23
	uringAsync                         = 1 << 4 // by a worker, whatever it is
	uringGetEvents                     = 1
	uringCQ, uringSQEs                 = 0x8000000, 0x10000000
)

func newUring() (*uring, error) {
	u := new(uring)
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 8, uintptr(unsafe.Pointer(&u.params)), 0)
	if errno != 0 {
		return nil, errno
	}
	u.fd = int(fd)
	area := func(offset int64, size uint32) []byte {
		b, err := unix.Mmap(u.fd, offset, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		check(err)
		return b
	}
	u.sq = area(0, u.params.sq.array+4*u.params.submissions)
	u.cq = area(uringCQ, u.params.cq.completions+u.params.completions*uint32(unsafe.Sizeof(uringCompletion{})))
	entries := area(uringSQEs, u.params.submissions*uint32(unsafe.Sizeof(uringSubmission{})))
	u.submissions = unsafe.Slice((*uringSubmission)(unsafe.Pointer(&entries[0])), u.params.submissions)
	return u, nil
}

// at is a word, or what begins with it, of one of the rings.
func at[T any](ring []byte, offset uint32) *T { return (*T)(unsafe.Pointer(&ring[offset])) }

// do has one request carried out and gives its result, -errno where it fails.
func (u *uring) do(s uringSubmission) int {
	s.flags = uringAsync
	tail := at[uint32](u.sq, u.params.sq.tail)
	slot := *tail & *at[uint32](u.sq, u.params.sq.mask)
	u.submissions[slot] = s
	*at[uint32](u.sq, u.params.sq.array+4*slot) = slot
	atomic.AddUint32(tail, 1)
	head, done := at[uint32](u.cq, u.params.cq.head), at[uint32](u.cq, u.params.cq.tail)
	for submit := uintptr(1); atomic.LoadUint32(done) == *head; submit = 0 { // a signal ends the waiting
		if _, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(u.fd), submit, 1, uringGetEvents, 0, 0); errno != 0 && errno != unix.EINTR {
			check(errno)
		}
	}
	slot = *head & *at[uint32](u.cq, u.params.cq.mask)
	result := at[uringCompletion](u.cq, u.params.cq.completions+slot*uint32(unsafe.Sizeof(uringCompletion{}))).result
	atomic.AddUint32(head, 1)
	return int(result)
}

// look opens a file and reads it, or writes the text: the bytes moved, or the errno.
func (u *uring) look(path, text string) string {
	name, buf := append([]byte(path), 0), make([]byte, 1<<16)
	flags, op := unix.O_RDONLY, byte(uringRead)
	if text != "" {
		flags, op, buf = unix.O_WRONLY, uringWrite, []byte(text)
	}
	defer runtime.KeepAlive(name)
	defer runtime.KeepAlive(buf)
	fd := u.do(uringSubmission{op: uringOpenat, fd: unix.AT_FDCWD, address: uint64(uintptr(unsafe.Pointer(&name[0]))), flag2: uint32(flags)})
	if fd < 0 {
		return errnoText(unix.Errno(-fd))
	}
	defer unix.Close(fd)
	n := u.do(uringSubmission{op: op, fd: int32(fd), address: uint64(uintptr(unsafe.Pointer(&buf[0]))), length: uint32(len(buf))})
	if n < 0 {
		return errnoText(unix.Errno(-n))
	}
	return fmt.Sprint(n)
}

const noUring = "none"

// helperUring: files, some with =TEXT to write. It looks at each as it is, and
// then without capabilities.
func helperUring() {
	runtime.LockOSThread()
	u, err := newUring()
	if err == unix.ENOSYS || err == unix.EPERM {
		fmt.Print(noUring)
		return
	}
	check(err)
	fmt.Println(u.lookAt(os.Args[1:]))
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	check(unix.Capset(&header, &none[0]))
	fmt.Println(u.lookAt(os.Args[1:]))
}

func (u *uring) lookAt(files []string) string {
	var all []string
	for _, file := range files {
		path, text, _ := strings.Cut(file, "=")
		all = append(all, u.look(path, text))
	}
	return strings.Join(all, " ")
}

// A worker of io_uring acts with the rights of who submits, and shows those of who
// began it: a process that has given its capabilities up would get what the kernel
// refuses it. So a worker is refused whatever is not for everybody, before and after.
func TestUring(t *testing.T) {
	d, target := mount(t), as(helper(t, "mappings", "2"), 65534, 65534)
	start(t, target)
	pid := target.Process.Pid
	native := fmt.Sprintf("/proc/%d/", pid)
	args := []string{native + "maps", native + "environ", native + "oom_score_adj=0", d.path(pid, "rlimit")}
	for _, gated := range []string{"map", "mem", "osrel", "note=URG", "notepg=URG", "osrel=7"} {
		args = append(args, d.path(pid, gated))
	}
	out, err := helper(t, "uring", args...).Output()
	if string(out) == noUring {
		lack(t, "no io_uring (sysctl kernel.io_uring_disabled)")
	}
	phases := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(phases) != 2 {
		t.Fatalf("%v: %q", err, out)
	}
	refused := " EACCES ENOENT ENOENT ENOENT ENOENT ENOENT"
	for i, want := range []string{`^[1-9]\d* [1-9]\d* 1 \d+` + refused + "$", `^EACCES EACCES EACCES \d+` + refused + "$"} {
		if !regexp.MustCompile(want).MatchString(phases[i]) {
			t.Errorf("%v:\n%s, want %s", args, phases[i], want)
		}
	}
}
