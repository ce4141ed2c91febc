package nodes

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// traced calls fn while a thread of ours traces pid, which stands still. The
// process is left as it was.
func traced(t *testing.T, pid int, fn func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // ends with the thread, whatever happens
		if _, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0, 0, 0); errno != 0 {
			done <- errno
			return
		}
		unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_INTERRUPT, uintptr(pid), 0, 0, 0, 0)
		_, err := unix.Wait4(pid, nil, unix.WALL, nil)
		if err == nil {
			fn()
		}
		unix.PtraceDetach(pid)
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	stateSoon(t, pid, "t", false)
}

func stateSoon(t *testing.T, pid int, state string, is bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); stateOf(t, pid) == state != is; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d is %s", pid, stateOf(t, pid))
		}
	}
}

func stateOf(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return string(text[bytes.LastIndexByte(text, ')')+2:][:1])
}

// native are a process's sets as ptrace(2) gives them to this test.
type native struct {
	regs    unix.PtraceRegs
	fp      [512]byte
	debug   [8]uint64
	prstat  []byte // NT_PRSTATUS, of the target's word size
	prfpreg []byte
}

func natively(t *testing.T, pid int) (n native) {
	t.Helper()
	traced(t, pid, func() {
		if _, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GETREGS, uintptr(pid), 0, uintptr(unsafe.Pointer(&n.regs)), 0, 0); errno != 0 {
			t.Error(errno)
		}
		if _, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GETFPREGS, uintptr(pid), 0, uintptr(unsafe.Pointer(&n.fp)), 0, 0); errno != 0 {
			t.Error(errno)
		}
		for i := range n.debug {
			const debugRegs = 848 // offsetof(struct user, u_debugreg)
			addr := uintptr(debugRegs + 8*i)
			if _, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_PEEKUSR, uintptr(pid), addr, uintptr(unsafe.Pointer(&n.debug[i])), 0, 0); errno != 0 {
				t.Error(errno)
			}
		}
		n.prstat, n.prfpreg = regset(t, pid, 1), regset(t, pid, 2)
	})
	return n
}

func regset(t *testing.T, pid int, kind uintptr) []byte {
	t.Helper()
	b := make([]byte, 1024)
	iov := unix.Iovec{Base: &b[0], Len: uint64(len(b))}
	if _, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GETREGSET, uintptr(pid), kind, uintptr(unsafe.Pointer(&iov)), 0, 0); errno != 0 {
		t.Error(errno)
	}
	return b[:iov.Len]
}

// freebsd are struct reg, struct fpreg and struct dbreg of amd64.
func (n *native) freebsd() map[string][]byte {
	le, r, reg := binary.LittleEndian, &n.regs, make([]byte, 176)
	for i, v := range []uint64{r.R15, r.R14, r.R13, r.R12, r.R11, r.R10, r.R9, r.R8, r.Rdi, r.Rsi, r.Rbp, r.Rbx, r.Rdx, r.Rcx, r.Rax} {
		le.PutUint64(reg[8*i:], v)
	}
	le.PutUint16(reg[124:], uint16(r.Fs))
	le.PutUint16(reg[126:], uint16(r.Gs))
	le.PutUint16(reg[132:], uint16(r.Es))
	le.PutUint16(reg[134:], uint16(r.Ds))
	for i, v := range []uint64{r.Rip, r.Cs, r.Eflags, r.Rsp, r.Ss} {
		le.PutUint64(reg[136+8*i:], v)
	}
	fp := bytes.Clone(n.fp[:])
	for i := range 8 {
		clear(fp[32+16*i+10 : 32+16*i+16])
	}
	clear(fp[416:])
	debug := make([]byte, 128)
	for i, v := range n.debug {
		le.PutUint64(debug[8*i:], v)
	}
	return map[string][]byte{"regs": reg, "fpregs": fp, "dbregs": debug}
}
