package tests

import (
	"bytes"
	endian "encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	launcherBase = 0x10000000
	markedBase   = 0x5ec2e7000000     // where the privileged image is, and nothing else
	mark         = 0x5ec2e7a55ec2e7a5 // in its code, and in its registers
	entryOffset  = 64 + 56            // behind the headers
)

// tinyELF is a static program of one segment, at base.
func tinyELF(base uint64, code []byte) []byte {
	size := uint64(entryOffset + len(code))
	b := []byte("\x7fELF\x02\x01\x01")
	b = append(b, make([]byte, 9)...)
	for _, field := range []any{
		uint16(2), uint16(62), uint32(1), base + entryOffset, uint64(64), uint64(0), uint32(0), // EXEC, x86-64
		uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(5), uint64(0), base, base, size, size, uint64(4096), // LOAD, r-x
	} {
		b, _ = endian.Append(b, endian.LittleEndian, field)
	}
	return append(b, code...)
}

// markedCode fills registers with the mark and sleeps.
func markedCode() []byte {
	code := endian.LittleEndian.AppendUint64([]byte{0x48, 0xb8}, mark) // mov rax, mark
	return append(code,
		0x48, 0x89, 0xc3, 0x48, 0x89, 0xc5, 0x48, 0x89, 0xc6, 0x48, 0x89, 0xc7, // mov rbx, rbp, rsi, rdi, rax
		0x49, 0x89, 0xc0, 0x49, 0x89, 0xc1, 0x49, 0x89, 0xc2, 0x49, 0x89, 0xc4, // r8, r9, r10, r12
		0x49, 0x89, 0xc5, 0x49, 0x89, 0xc6, 0x49, 0x89, 0xc7, // r13, r14, r15
		0x66, 0x48, 0x0f, 0x6e, 0xc0, 0x66, 0x48, 0x0f, 0x6e, 0xc8, // movq xmm0, xmm1, rax
		0xb8, 34, 0, 0, 0, 0x0f, 0x05, // again: pause()
		0xeb, 0xf7) // jmp again
}

// launcherCode stops itself and then executes path.
func launcherCode(path string) []byte {
	code := []byte{
		0xb8, 39, 0, 0, 0, 0x0f, 0x05, // getpid()
		0x89, 0xc7, 0xbe, 19, 0, 0, 0, 0xb8, 62, 0, 0, 0, 0x0f, 0x05, // kill(it, SIGSTOP)
		0x48, 0x8d, 0x3d, 23, 0, 0, 0, // lea rdi, path
		0x31, 0xf6, 0x31, 0xd2, 0xb8, 59, 0, 0, 0, 0x0f, 0x05, // execve(path, 0, 0)
		0xbf, 1, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05, // exit(1)
	}
	return append(append(code, path...), 0)
}

// leakReport is what the owner of the processes found.
type leakReport struct {
	Rounds, Privileged int
	Reads, Refused     map[string]int
	Leaks              []string
}

// leaker reads nodes of the process of the round, from several threads.
type leaker struct {
	dir string
	mu  sync.Mutex
	leakReport
}

func (l *leaker) note(node string, got []byte, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || len(got) == 0 {
		l.Refused[node]++
		return
	}
	l.Reads[node]++
	if privileged(node, got) {
		l.Leaks = append(l.Leaks, fmt.Sprintf("round %d: %s: %.300x", l.Rounds, node, got))
	}
}

// privileged: is there anything of the privileged image in it?
func privileged(node string, got []byte) bool {
	if node == "map" {
		return bytes.Contains(got, []byte("/privileged")) || bytes.Contains(got, fmt.Appendf(nil, "%#x", markedBase))
	}
	if bytes.Contains(got, endian.LittleEndian.AppendUint64(nil, mark)) {
		return true
	}
	for i := 0; i+8 <= len(got); i += 8 {
		if value := endian.LittleEndian.Uint64(got[i:]); value >= markedBase && value < markedBase+4096 {
			return true
		}
	}
	return false
}

// helperLeaker: MOUNT LAUNCHER ROUNDS TIME and "first" to end at the first leak.
func helperLeaker() {
	l := &leaker{dir: os.Args[1], leakReport: leakReport{Reads: map[string]int{}, Refused: map[string]int{}}}
	launcher, rounds := os.Args[2], atoiOr0(os.Args[3])
	limit, err := time.ParseDuration(os.Args[4])
	must(err)
	defer l.decoys(launcher, 4)()
	for end := time.Now().Add(limit); l.Rounds < rounds && time.Now().Before(end); {
		l.Rounds++
		l.round(launcher)
		if os.Args[5] == "first" && len(l.Leaks) > 0 {
			break
		}
	}
	out, err := json.Marshal(l.leakReport)
	must(err)
	os.Stdout.Write(out)
}

func launch(launcher string) int {
	pid, err := syscall.ForkExec(launcher, []string{launcher}, &syscall.ProcAttr{Files: []uintptr{0, 2, 2}})
	must(err)
	var status unix.WaitStatus
	must(untilDone(func() error { _, err := unix.Wait4(pid, &status, unix.WUNTRACED, nil); return err }))
	return pid
}

// untilDone repeats what the Go runtime's own signals interrupt.
func untilDone(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func (l *leaker) open(pid int, node string) (fd int, err error) {
	err = untilDone(func() error {
		fd, err = unix.Open(fmt.Sprintf("%s/%d/%s", l.dir, pid, node), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

// decoys are stopped processes whose registers are read all the time, so that
// whoever reads others' waits for the tracer.
func (l *leaker) decoys(launcher string, n int) (end func()) {
	var ended atomic.Bool
	var readers sync.WaitGroup
	var pids []int
	for range n {
		pid := launch(launcher)
		fd, err := l.open(pid, "regs")
		must(err)
		pids = append(pids, pid)
		for range 2 {
			readers.Go(func() {
				for b := make([]byte, 512); !ended.Load(); {
					unix.Pread(fd, b, 0)
				}
			})
		}
	}
	return func() {
		ended.Store(true)
		readers.Wait()
		for _, pid := range pids {
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, 0, nil)
		}
	}
}

// round: the process is stopped, readable, and then another's and stopped again.
func (l *leaker) round(launcher string) {
	pid := launch(launcher)
	var ended atomic.Bool
	var readers sync.WaitGroup
	for _, node := range []string{"regs", "fpregs", "map", "mem"} {
		fd, err := l.open(pid, node)
		must(err)
		readers.Go(func() {
			defer unix.Close(fd)
			for !ended.Load() {
				l.read(pid, node, fd)
				if again, err := l.open(pid, node); err == nil { // opened in between
					l.read(pid, node, again)
					unix.Close(again)
				}
			}
		})
	}
	for range 50 {
		pause := time.Now().Add(rand.N(400 * time.Microsecond))
		unix.Kill(pid, unix.SIGCONT)
		for time.Now().Before(pause) {
		}
		unix.Kill(pid, unix.SIGSTOP)
		if awaitStopped(pid) && isRoot(pid) {
			l.Privileged++
			break
		}
	}
	time.Sleep(time.Millisecond) // what was asked before is answered meanwhile
	ended.Store(true)
	readers.Wait()
	must(unix.Kill(pid, unix.SIGKILL))
	unix.Wait4(pid, nil, 0, nil)
}

func (l *leaker) read(pid int, node string, fd int) {
	b := make([]byte, 64<<10)
	switch node {
	case "regs", "fpregs":
		b = b[:512]
		n, err := unix.Pread(fd, b, 0)
		l.note(node, b[:max(n, 0)], err)
	case "map":
		n, err := unix.Pread(fd, b, 0)
		l.note(node, b[:max(n, 0)], err)
	case "mem": // of the one image or the other
		for _, base := range []int64{launcherBase, markedBase} {
			n, err := unix.Pread(fd, b[:256], base)
			l.note(node, b[:max(n, 0)], err)
		}
	}
}

// awaitStopped waits, not for long: that stop may have come before.
func awaitStopped(pid int) bool {
	for range 100 {
		if state, err := processState(pid); err != nil || state == 'T' {
			return err == nil
		}
		time.Sleep(100 * time.Microsecond)
	}
	return false
}

func isRoot(pid int) bool {
	keys, err := native{pid}.statusKeys()
	uids := strings.Fields(keys["Uid"])
	return err == nil && len(uids) == 4 && uids[1] == "0"
}
