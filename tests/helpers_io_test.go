package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// layout is where a probe keeps what tests read and write.
type layout struct {
	Big  int64 // bigSize bytes, byte i being pattern(i)
	Hole int64 // a page, a page that is not there, and a page
	Text int64 // code that nobody runs
}

const bigSize = 3 << 20

func pattern(i int) byte { return byte(i % 251) }

// probe is a process that does what a test asks it to.
type probe struct {
	layout
	t   testing.TB
	pid int
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startProbe(t testing.TB, args ...string) *probe {
	t.Helper()
	p := &probe{t: t, cmd: helper(t, "probe", args...)}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	p.in, p.out, p.pid = in, bufio.NewReader(out), p.cmd.Process.Pid
	p.locate(p.answer())
	return p
}

func (p *probe) locate(line string) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(line), &p.layout); err != nil {
		p.t.Fatalf("probe: %v in %q", err, line)
	}
}

func (p *probe) answer() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("probe: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// ask has the probe do something; it answers one line when that is done.
func (p *probe) ask(command ...any) string {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, command...); err != nil {
		p.t.Fatalf("probe: %v", err)
	}
	return p.answer()
}

// stop makes it quiet: its texts do not change any more.
func (p *probe) stop() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGSTOP)
	waitFor(p.t, "the probe to stop", func() bool {
		state, err := processState(p.pid)
		return err == nil && state == 'T'
	})
}

// kill ends it, and returns when its number is free.
func (p *probe) kill() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
}

//go:noinline
func untouched(a, b int) int { return a*b*b + a*a*b + 0x12345678*a + b }

// helperProbe reads commands and answers each.
func helperProbe() {
	big, hole := scratch(bigSize), scratch(3*os.Getpagesize())
	for i := range big {
		big[i] = pattern(i)
	}
	middle := unsafe.Add(unsafe.Pointer(unsafe.SliceData(hole)), os.Getpagesize())
	check(unix.MunmapPtr(middle, uintptr(os.Getpagesize())))
	fn := untouched
	code := **(**unsafe.Pointer)(unsafe.Pointer(&fn))
	where, err := json.Marshal(layout{address(big), address(hole), int64(uintptr(code))})
	check(err)
	fmt.Printf("%s\n", where)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(obey(strings.Fields(lines.Text()), big, code))
	}
}

func obey(command []string, big []byte, code unsafe.Pointer) any {
	switch command[0] {
	case "name":
		check(os.WriteFile("/proc/self/comm", []byte(command[1]), 0))
	case "big":
		return fmt.Sprintf("%q", big[:len("changed")])
	case "text":
		return fmt.Sprintf("%q", unsafe.Slice((*byte)(code), len("changed")))
	case "map": // a page more
		b, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ, unix.MAP_SHARED|unix.MAP_ANONYMOUS) // merges with nothing
		check(err)
		return address(b)
	case "exec": // the new image says where its things are
		check(unix.Exec("/proc/self/exe", os.Args, os.Environ()))
	}
	return "done"
}

func scratch(size int) []byte {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	check(err)
	clear(b)
	return b
}

func address(b []byte) int64 { return int64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

func check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "helper %s: %v\n", os.Getenv(helperEnv), err)
		os.Exit(1)
	}
}

// helperMapper maps a page of a file at an offset, and says what came of it:
// "no mapping: ERRNO", "fault", or the first byte. With "write" it writes the
// file at that offset first.
func helperMapper() {
	write := len(os.Args) > 3
	flags := os.O_RDONLY
	if write {
		flags = os.O_RDWR
	}
	file, err := os.OpenFile(os.Args[1], flags, 0)
	check(err)
	var offset int64
	fmt.Sscan(os.Args[2], &offset)
	if write {
		_, err := file.WriteAt([]byte("changed"), offset)
		check(err)
	}
	page, err := unix.Mmap(int(file.Fd()), offset, os.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		fmt.Println("no mapping:", errnoText(err))
		return
	}
	debug.SetPanicOnFault(true)
	defer func() {
		if recover() != nil {
			fmt.Println("fault")
		}
	}()
	fmt.Printf("got %#x\n", page[0])
}

func errnoText(err error) string {
	if err == nil {
		return "ok"
	}
	var errno syscall.Errno
	switch {
	case !errors.As(err, &errno):
		return err.Error()
	case errno == unix.EOPNOTSUPP:
		return "EOPNOTSUPP" // and not its other name
	}
	return unix.ErrnoName(errno)
}

// helperAttempt does operations, given as pairs of a name and a path, and says
// a line for each: the errno, or "ok".
func helperAttempt() {
	for args := os.Args[1:]; len(args) > 1; args = args[2:] {
		fmt.Println(errnoText(operations[args[0]](args[1])))
	}
}

// attempt does the same under other ids.
func attempt(t testing.TB, uid, gid uint32, args ...string) []string {
	t.Helper()
	cmd := as(helper(t, "attempt", args...), uid, gid)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("attempt: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// helperOwner takes real and effective ids that differ.
func helperOwner() {
	check(syscall.Setresgid(2001, 2002, 2002))
	check(syscall.Setresuid(1001, 1002, 1002))
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin) // until the test ends, however it does
}

// helperSilent serves, at the given directory, a file that opens and never
// answers a read.
func helperSilent() {
	attr := fuse.Attr{Mode: unix.S_IFREG | 0o444, Size: 4096}
	root := &fusefs.Inode{}
	_, err := fusefs.Mount(os.Args[1], root, &fusefs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, AllowOther: true, FsName: "silent"},
		OnAdd: func(ctx context.Context) {
			file := root.NewPersistentInode(ctx, &silentFile{fusefs.MemRegularFile{Attr: attr}}, fusefs.StableAttr{})
			root.AddChild("file", file, false)
		},
	})
	check(err)
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin) // until the test ends, however it does
}

type silentFile struct{ fusefs.MemRegularFile }

func (*silentFile) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = unix.S_IFREG|0o444, 4096
	return 0
}

func (*silentFile) Read(context.Context, fusefs.FileHandle, []byte, int64) (fuse.ReadResult, syscall.Errno) {
	select {}
}

// helperStuck has a page of the given file in its memory and says where. With
// "locked" it reads that page through its own mem, which keeps its address
// space locked, and changes the address space meanwhile: from then on nobody
// else gets at it, not even to read the arguments.
func helperStuck() {
	fd, err := unix.Open(os.Args[1], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	check(err)
	page, err := unix.Mmap(fd, 0, os.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE)
	check(err)
	mem, err := unix.Open("/proc/self/mem", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	check(err)
	fmt.Println(address(page))
	if len(os.Args) > 2 {
		go unix.Pread(mem, make([]byte, 4), address(page))
		time.Sleep(100 * time.Millisecond) // until that waits
		go unix.Munmap(scratch(os.Getpagesize()))
	}
	io.Copy(io.Discard, os.Stdin) // until the test ends, however it does
}

// helperReport reads a file once, at an offset, and says how that ended.
func helperReport() {
	fmt.Println("ready")
	file, err := os.Open(os.Args[1])
	if err == nil {
		var offset int64
		fmt.Sscan(os.Args[2], &offset)
		_, err = file.ReadAt(make([]byte, 4), offset)
	}
	fmt.Println(errnoText(err))
}
