package tests

import (
	"bytes"
	endian "encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// heldNodes are kept open on each process, in all ways that root has.
var heldNodes = map[string]int{
	"cmdline": unix.O_RDONLY, "etype": unix.O_RDONLY, "map": unix.O_RDONLY, "rlimit": unix.O_RDONLY, "status": unix.O_RDONLY,
	"mem": unix.O_RDWR, "osrel": unix.O_RDWR, "regs": unix.O_RDWR, "fpregs": unix.O_RDWR, "dbregs": unix.O_RDWR,
	"note": unix.O_WRONLY, "notepg": unix.O_WRONLY,
}

const heldR12 = 24 // in regs; a new image begins with 0 there

// sittingCode stops itself, and waits for ever when it goes on. It weighs nothing.
func sittingCode() []byte {
	return []byte{
		0xb8, 39, 0, 0, 0, 0x0f, 0x05, // getpid()
		0x89, 0xc7, 0xbe, 19, 0, 0, 0, 0xb8, 62, 0, 0, 0, 0x0f, 0x05, // kill(it, SIGSTOP)
		0xb8, 34, 0, 0, 0, 0x0f, 0x05, // again: pause()
		0xeb, 0xf7, // jmp again
	}
}

// sittingProgram makes it, as a file of the given name.
func sittingProgram(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(directory(t), name)
	if err := os.WriteFile(path, tinyELF(launcherBase, sittingCode()), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// sitting starts such a program, and returns when it has stopped. Whoever asks
// for it ends it by reap.
func sitting(t testing.TB, argv ...string) int {
	t.Helper()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Dir: "/", Files: []uintptr{0, 2, 2}, Sys: &syscall.SysProcAttr{Setpgid: true}})
	if err != nil {
		t.Fatal(err)
	}
	var status unix.WaitStatus
	err = untilDone(func() error { _, err := unix.Wait4(pid, &status, unix.WUNTRACED, nil); return err })
	if err != nil || !status.Stopped() {
		t.Fatalf("process %d: %v, status %#x, want it stopped", pid, err, status)
	}
	return pid
}

// sittingAs has one with a number that was another's.
func sittingAs(t testing.TB, pid int, argv ...string) {
	t.Helper()
	for range 200 { // threads take numbers, too
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", fmt.Append(nil, pid-1), 0); err != nil {
			t.Fatal(err)
		}
		got := sitting(t, argv...)
		if got == pid {
			return
		}
		reap(got)
	}
	t.Fatalf("number %d cannot be had again", pid)
}

func reap(pid int) {
	unix.Kill(pid, unix.SIGKILL)
	untilDone(func() error { _, err := unix.Wait4(pid, nil, 0, nil); return err })
}

// held is all that somebody can keep of a process.
type held struct {
	pid       int
	dir, link int
	fds       map[string]int
	regs      []byte // as they were
}

func hold(t *testing.T, d *daemon, pid int) *held {
	t.Helper()
	h := &held{pid: pid, fds: map[string]int{}}
	open := func(name string, flags int) int {
		fd, err := unix.Open(d.path(pid, name), flags|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatalf("%d/%s: %v", pid, name, err)
		}
		return fd
	}
	h.dir, h.link = open("", unix.O_RDONLY|unix.O_DIRECTORY), open("exe", unix.O_PATH|unix.O_NOFOLLOW)
	for node, flags := range heldNodes {
		h.fds[node] = open(node, flags)
		if flags == unix.O_WRONLY {
			continue
		}
		b := piece(t, h.fds[node], 4096, addressFor(node))
		if len(b) == 0 {
			t.Fatalf("%d/%s gives nothing: there is nothing to lose", pid, node)
		}
		if node == "regs" {
			h.regs = b
		}
	}
	return h
}

// addressFor is where a node has something to read.
func addressFor(node string) int64 {
	if node == "mem" {
		return launcherBase
	}
	return 0
}

func (h *held) close() {
	for _, fd := range h.fds {
		unix.Close(fd)
	}
	unix.Close(h.dir)
	unix.Close(h.link)
}

// reuses counts what became of calls to what was held.
type reuses struct {
	t           *testing.T
	d           *daemon
	image       []byte // of the programs
	total       int    // of numbers that were used again
	files, gone int    // calls to open files, and those that said so
	names, past int    // calls by an old directory or link
}

// wantGone: a call that was meant for the old process says that it is no more.
func (r *reuses) wantGone(h *held, what string, n int, err error) {
	r.files++
	if errors.Is(err, unix.ESRCH) {
		r.gone++
		return
	}
	r.t.Errorf("%d, number of another now: %s: %d, %v; want ESRCH", h.pid, what, n, err)
}

// wantPast is for what goes by names: ESTALE has the kernel look once more from
// the root, where there is a path to look.
func (r *reuses) wantPast(h *held, what string, err error) {
	r.names++
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESTALE) {
		r.past++
		return
	}
	r.t.Errorf("%d, number of another now: %s: %v; want ENOENT or ESTALE", h.pid, what, err)
}

// try does everything that can be done with what is held.
func (r *reuses) try(h *held) {
	b := make([]byte, 4096)
	for node, fd := range h.fds {
		if heldNodes[node] != unix.O_WRONLY {
			n, err := unix.Pread(fd, b, addressFor(node))
			r.wantGone(h, "read of "+node, n, err)
		}
		if message := r.message(h, node); message != nil {
			n, err := unix.Pwrite(fd, message, addressFor(node))
			r.wantGone(h, "write of "+node, n, err)
		}
		r.wantPast(h, "fstat of "+node, unix.Fstat(fd, new(unix.Stat_t)))
		r.wantPast(h, "openat of "+node, openatError(h.dir, node))
	}
	n, err := unix.Pread(h.fds["map"], b, 1)
	r.wantGone(h, "read of map at 1", n, err)
	_, err = unix.Readlinkat(h.link, "", b)
	r.wantPast(h, "readlink", err)
	_, err = unix.Readlinkat(h.dir, "file", b)
	r.wantPast(h, "readlink of file", err)
	_, err = unix.Getdents(h.dir, b)
	r.wantPast(h, "listing", err)
}

// once opens a node, reads once and closes it.
func once(path string, size int, offset int64) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	b := make([]byte, size)
	n, err := unix.Pread(fd, b, offset)
	return b[:max(n, 0)], err
}

// message is what would be seen in the new process, had it arrived; nil for
// nodes that are only read.
func (r *reuses) message(h *held, node string) []byte {
	switch node {
	case "note", "notepg":
		return []byte("kill")
	case "osrel":
		return []byte("7")
	case "mem":
		return []byte(word)
	case "regs":
		changed := bytes.Clone(h.regs)
		endian.LittleEndian.PutUint64(changed[heldR12:], mark)
		return changed
	case "fpregs", "dbregs":
		return make([]byte, 128)
	}
	return nil
}

// untouched: nothing of all that has reached the new process, and its names
// mean it.
func (r *reuses) untouched(h *held) {
	t, pid := r.t, h.pid
	if got, err := unix.Wait4(pid, nil, unix.WNOHANG|unix.WUNTRACED, nil); got != 0 || err != nil {
		t.Errorf("%d has changed its state: %d, %v", pid, got, err)
	}
	keys, err := native{pid}.statusKeys()
	if err != nil || keys["State"] != "T (stopped)" || strings.Trim(keys["SigPnd"]+keys["ShdPnd"], "0") != "" {
		t.Errorf("%d is %q, signals pending %q %q, %v", pid, keys["State"], keys["SigPnd"], keys["ShdPnd"], err)
	}
	path := r.d.path
	if got, err := once(path(pid, "mem"), len(r.image), launcherBase); !bytes.Equal(got, r.image) {
		t.Errorf("the memory of %d has changed (%v)", pid, err)
	}
	if got, err := once(path(pid, "osrel"), 100, 0); string(got) != "0\n" {
		t.Errorf("osrel of %d is %q, %v", pid, got, err)
	}
	if regs, err := once(path(pid, "regs"), 4096, 0); err != nil || endian.LittleEndian.Uint64(regs[heldR12:]) != 0 {
		t.Errorf("the registers of %d are %x, %v", pid, regs, err)
	}
	if line, err := once(path(pid, "status"), 4096, 0); !bytes.HasPrefix(line, fmt.Appendf(nil, "second %d ", pid)) {
		t.Errorf("the name %d means %q, %v", pid, line, err)
	}
}

// batch: n processes are held and die, and others get their numbers.
func (r *reuses) batch(n int, first, second string) {
	var all []*held
	for range n {
		all = append(all, hold(r.t, r.d, sitting(r.t, first)))
	}
	time.Sleep(20 * time.Millisecond) // start times count in ticks of 10
	for _, h := range all {
		reap(h.pid)
	}
	for _, h := range all {
		sittingAs(r.t, h.pid, second)
		r.total++
	}
	for _, h := range all {
		r.try(h)
		r.untouched(h)
		reap(h.pid)
		h.close()
	}
}

func trustReuse(t *testing.T, s *trustRun) {
	if !s.inNamespace(t) {
		return
	}
	r := &reuses{t: t, d: mount(t), image: tinyELF(launcherBase, sittingCode())}
	first, second := sittingProgram(t, "first"), sittingProgram(t, "second")
	for r.total < forSoak(400, 10_000) && !t.Failed() {
		r.batch(50, first, second)
	}
	s.figure("after %d reuses %d of %d reads and writes of open files ESRCH", r.total, r.gone, r.files)
	s.figure("%d of %d old names ENOENT or ESTALE", r.past, r.names)
}
