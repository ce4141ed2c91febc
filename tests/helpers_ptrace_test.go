//go:build amd64

package tests

import (
	"bytes"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ptraceView is what ptrace(2) says of a stopped thread, in FreeBSD's layouts.
type ptraceView struct{ regs, fpregs, dbregs, regs32, fpregs32, dbregs32 []byte }

// whileTraced calls fn while the test itself traces a stopped thread.
func whileTraced(t testing.TB, tid int, fn func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.PtraceSeize(tid); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the stop", func() bool {
		n, err := unix.Wait4(tid, nil, unix.WALL|unix.WNOHANG, nil)
		return n == tid || err != nil
	})
	fn()
	if err := unix.PtraceDetach(tid); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "job control's stop", func() bool { s, _ := processState(tid); return s == 'T' })
}

// whileTracedRunning calls fn while the test traces a process that goes on.
func whileTracedRunning(t testing.TB, tid int, fn func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.PtraceSeize(tid); err != nil {
		t.Fatal(err)
	}
	fn()
	if err := unix.PtraceInterrupt(tid); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the stop", func() bool {
		n, err := unix.Wait4(tid, nil, unix.WALL|unix.WNOHANG, nil)
		return n == tid || err != nil
	})
	if err := unix.PtraceDetach(tid); err != nil {
		t.Fatal(err)
	}
}

// ptraceFill is a request that fills b, and its length where that is told.
func ptraceFill(t testing.TB, request, tid int, address uintptr, b []byte) {
	t.Helper()
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), address, uintptr(unsafe.Pointer(&b[0])), 0, 0)
	if errno != 0 {
		t.Fatalf("ptrace %#x: %v", request, errno)
	}
}

// ptraceRegset is PTRACE_GETREGSET, in the form of the thread's word size.
func ptraceRegset(t testing.TB, tid int, kind uintptr) []byte {
	t.Helper()
	b := make([]byte, 1024)
	iov := unix.Iovec{Base: &b[0], Len: uint64(len(b))}
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GETREGSET, uintptr(tid), kind, uintptr(unsafe.Pointer(&iov)), 0, 0)
	if errno != 0 {
		t.Fatalf("regset %d: %v", kind, errno)
	}
	return b[:iov.Len]
}

func byPtrace(t testing.TB, tid int) (n ptraceView) {
	t.Helper()
	whileTraced(t, tid, func() {
		regs, fp, debug := make([]byte, 216), make([]byte, 512), make([]byte, 64)
		ptraceFill(t, unix.PTRACE_GETREGS, tid, 0, regs)
		ptraceFill(t, unix.PTRACE_GETFPREGS, tid, 0, fp)
		for i := range 8 { // of u_debugreg in struct user; 4 and 5 read as 0
			ptraceFill(t, unix.PTRACE_PEEKUSR, tid, 848+8*uintptr(i), debug[8*i:])
		}
		n.regs, n.fpregs = regsLayout(regs), fpregsLayout(fp)
		n.dbregs = append(debug, make([]byte, 64)...)
		if b := ptraceRegset(t, tid, 1); len(b) == 68 {
			n.regs32, n.fpregs32 = regs32Layout(b), fpregs32Layout(ptraceRegset(t, tid, 2))
			for i := range 8 {
				n.dbregs32 = append(n.dbregs32, debug[8*i:8*i+4]...)
			}
		}
	})
	return n
}

// layoutField of a FreeBSD structure: so many bytes from Linux's structure, or zeros.
type layoutField struct{ from, size int }

func layOut(linux []byte, fields []layoutField) (out []byte) {
	for _, f := range fields {
		if f.from < 0 {
			out = append(out, make([]byte, f.size)...)
		} else {
			out = append(out, linux[f.from:f.from+f.size]...)
		}
	}
	return out
}

// regsLayout is the table of the specification: r15 to rax, trapno, fs, gs,
// err, es, ds, rip, cs, rflags, rsp, ss.
func regsLayout(linux []byte) []byte {
	var fields []layoutField
	for _, from := range []int{0, 8, 16, 24, 48, 56, 64, 72, 112, 104, 32, 40, 96, 88, 80} {
		fields = append(fields, layoutField{from, 8})
	}
	fields = append(fields, []layoutField{{-1, 4}, {200, 2}, {208, 2}, {-1, 4}, {192, 2}, {184, 2}, {128, 8}, {136, 8}, {144, 8}, {152, 8}, {160, 8}}...)
	return layOut(linux, fields)
}

func regs32Layout(linux []byte) []byte {
	var fields []layoutField // fs es ds edi esi ebp isp ebx edx ecx eax trapno err eip cs eflags esp ss gs
	for _, from := range []int{36, 32, 28, 16, 12, 20, -1, 0, 8, 4, 24, -1, -1, 48, 52, 56, 60, 64, 40} {
		fields = append(fields, layoutField{from, 4})
	}
	return layOut(linux, fields)
}

func fpregsLayout(linux []byte) []byte {
	out := bytes.Clone(linux)
	for i := range 8 {
		clear(out[32+16*i+10 : 32+16*i+16])
	}
	clear(out[416:])
	return out
}

func fpregs32Layout(linux []byte) []byte {
	out := append(bytes.Clone(linux[:108]), make([]byte, 68)...)
	for _, word := range []int{0, 4, 8, 24} { // cw, sw, tw, fos: 16 bits each
		clear(out[word+2 : word+4])
	}
	return out
}
