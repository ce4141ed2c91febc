package provider

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The sets equal what ptrace(2) gives to another, byte for byte.
func TestRegsEqualPtrace(t *testing.T) {
	v := startVictim(t, "known")
	p, tracer := pinned(t, v.pid), newTracer(t)
	time.Sleep(10 * time.Millisecond) // up to the loop
	v.stop()
	native, nativeFP := ptraceRegs(t, v.pid)
	v.wants(v.pid, StateStopped)
	hold(t, tracer, p, func(x *Tracee) error {
		regs, err := x.Regs()
		if err != nil {
			t.Fatal(err)
		}
		if b := AppendRegisters(nil, &regs); !bytes.Equal(b, native) {
			t.Errorf("%x\nptrace:\n%x", b, native)
		}
		if regs.RBX != 0x2222222222222222 || regs.R15 != 0x0f0f0f0f0f0f0f0f || regs.RIP != uint64(v.b) || regs.CS&3 != 3 || int64(regs.OrigRAX) >= 0 {
			t.Errorf("%x", regs)
		}
		fp, err := x.FPRegs()
		if err != nil {
			t.Fatal(err)
		}
		if b := AppendRegisters(nil, &fp); !bytes.Equal(b, nativeFP) {
			t.Errorf("%x\nptrace:\n%x", b, nativeFP)
		}
		if xmm := binary.LittleEndian.Uint64(fp.XMM[3][:]); xmm != 0x1111111111111111 {
			t.Errorf("xmm3 %x", xmm)
		}
		if _, err := x.RegsI386(); err != unix.EINVAL {
			t.Errorf("32-bit view: %v", err)
		}
		if _, err := x.FPRegsI386(); err != unix.EINVAL {
			t.Errorf("32-bit view: %v", err)
		}
		return nil
	})
}

// ptraceRegs is an independent reading.
func ptraceRegs(t *testing.T, pid int) (regs, fp []byte) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.PtraceSeize(pid); err != nil {
		t.Fatal(err)
	}
	defer unix.PtraceDetach(pid)
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, unix.WALL, nil); err != nil {
		t.Fatal(err)
	}
	var set unix.PtraceRegs
	if err := unix.PtraceGetRegs(pid, &set); err != nil {
		t.Fatal(err)
	}
	regs, _ = binary.Append(nil, binary.LittleEndian, set)
	fp = make([]byte, 512)
	if err := ptraceInto(unix.PTRACE_GETFPREGS, pid, 0, unsafe.Pointer(&fp[0])); err != nil {
		t.Fatal(err)
	}
	return regs, fp
}

// change holds a stopped target, changes its registers and continues it.
func change(t *testing.T, v *victim, fn func(*Tracee, *LinuxRegsAMD64)) int {
	t.Helper()
	v.stop()
	hold(t, newTracer(t), pinned(t, v.pid), func(x *Tracee) error {
		r, err := x.Regs()
		if err != nil {
			return err
		}
		fn(x, &r)
		return x.SetRegs(r)
	})
	v.kill(unix.SIGCONT)
	return v.exit()
}

func TestSetRegsLoop(t *testing.T) {
	v := startVictim(t, "spin")
	time.Sleep(10 * time.Millisecond)
	if code := change(t, v, func(_ *Tracee, r *LinuxRegsAMD64) { r.R12 = 42 }); code != 42 {
		t.Errorf("exit %d", code)
	}
}

func TestSetRegsStack(t *testing.T) {
	v := startVictim(t, "spinpop")
	time.Sleep(10 * time.Millisecond)
	if code := change(t, v, func(_ *Tracee, r *LinuxRegsAMD64) { r.R12, r.RSP = 1, uint64(v.a)+16 }); code != 93 {
		t.Errorf("exit %d", code)
	}
}

func TestSetFPRegs(t *testing.T) {
	v := startVictim(t, "spinxmm")
	time.Sleep(10 * time.Millisecond)
	code := change(t, v, func(x *Tracee, r *LinuxRegsAMD64) {
		r.R12 = 1
		fp, err := x.FPRegs()
		if err != nil {
			t.Error(err)
		}
		fp.XMM[7] = [16]byte{55}
		if err := x.SetFPRegs(fp); err != nil {
			t.Error(err)
		}
		if now, err := x.FPRegs(); err != nil || now != fp {
			t.Errorf("%v, %v", now, err)
		}
	})
	if code != 55 {
		t.Errorf("exit %d", code)
	}
}

// Inside a system call a changed rip or rax stays; unchanged, the call goes on.
func TestSetRegsInSystemCall(t *testing.T) {
	for _, test := range []struct {
		name string
		want int
		fn   func(*victim, *LinuxRegsAMD64)
	}{
		{"rip", 77, func(v *victim, r *LinuxRegsAMD64) { r.RIP = uint64(v.b) }},
		{"rax", 99, func(_ *victim, r *LinuxRegsAMD64) { r.RAX = 99 }},
		{"another restart code", 0, func(_ *victim, r *LinuxRegsAMD64) { r.RAX = ^uint64(513) }}, // -514, and 0xfe in the end
		{"rbx", 1, func(v *victim, r *LinuxRegsAMD64) { r.RBX = 7; v.in.Write([]byte("x")) }},
	} {
		v := startVictim(t, "readexit")
		v.wants(v.pid, StateSleeping)
		code := change(t, v, func(x *Tracee, r *LinuxRegsAMD64) {
			if r.OrigRAX != unix.SYS_READ {
				t.Errorf("%s: not in read but %d", test.name, int64(r.OrigRAX))
			}
			test.fn(v, r)
		})
		if test.name == "another restart code" {
			test.want = 0xfe
		}
		if code != test.want {
			t.Errorf("%s: exit %d, not %d", test.name, code, test.want)
		}
	}
}

// What the kernel refuses changes nothing.
func TestSetRegsRefused(t *testing.T) {
	v := startVictim(t, "known")
	v.stop()
	hold(t, newTracer(t), pinned(t, v.pid), func(x *Tracee) error {
		old, err := x.Regs()
		if err != nil {
			return err
		}
		bad := old
		bad.R15, bad.RBX, bad.RIP, bad.CS = 1, 2, 3, 0x10 // the kernel's own code segment
		if err := x.SetRegs(bad); err != unix.EINVAL {
			t.Errorf("cs: %v", err)
		}
		if now, err := x.Regs(); err != nil || now != old {
			t.Errorf("changed: %x, %v", now, err)
		}
		fp, err := x.FPRegs()
		if err != nil {
			return err
		}
		badFP := fp
		badFP.MXCSR, badFP.XMM[1] = 0xffff0000, [16]byte{9}
		if err := x.SetFPRegs(badFP); err != unix.EINVAL {
			t.Errorf("mxcsr: %v", err)
		}
		if now, err := x.FPRegs(); err != nil || now != fp {
			t.Errorf("changed: %x, %v", now, err)
		}
		return nil
	})
}
