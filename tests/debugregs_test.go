//go:build amd64

package tests

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// registerNodes, each with its size.
var registerNodes = map[string]int{"regs": 176, "fpregs": 512, "dbregs": 128}

// number is one of a register set, little endian.
func number(set []byte, offset int) (n uint64) {
	for i := range 8 {
		n |= uint64(set[offset+i]) << (8 * i)
	}
	return n
}

func setNumber(set []byte, offset int, n uint64) {
	for i := range 8 {
		set[offset+i] = byte(n >> (8 * i))
	}
}

// Offsets of FreeBSD's struct reg.
const (
	regR12 = 24
	regRAX = 112
	regRIP = 136
	regRSP = 160
)

// startSpin starts the loop, and returns when it is in there.
func startSpin(t *testing.T) *debuggee {
	t.Helper()
	p := startTarget(t, "spin")
	waitFor(t, "the loop", func() bool { return p.peek("counter") > 0 })
	return p
}

// startIn starts a mode that loops or waits, and returns when it does.
func startIn(t *testing.T, mode string) *debuggee {
	t.Helper()
	if mode == "spin" {
		return startSpin(t)
	}
	p := startTarget(t, mode)
	p.wants('S')
	return p
}

// wantSet: node of pid is exactly this, in one read.
func wantSet(t *testing.T, path string, want []byte) {
	t.Helper()
	if got := piece(t, openNode(t, path, unix.O_RDONLY), 4096, 0); !bytes.Equal(got, want) {
		t.Errorf("%s:\n%x, by ptrace:\n%x", path, got, want)
	}
}

// TestDebugRegsEqual: in user code and in a system call, all three are what
// ptrace(2) says, byte for byte.
func TestDebugRegsEqual(t *testing.T) {
	d := mount(t)
	for _, mode := range []string{"spin", "blocked", "wait"} {
		p := startIn(t, mode)
		p.stop()
		v := byPtrace(t, p.pid)
		for node, want := range map[string][]byte{"regs": v.regs, "fpregs": v.fpregs, "dbregs": v.dbregs} {
			if len(want) != registerNodes[node] {
				t.Fatalf("%s: %d bytes by ptrace", node, len(want))
			}
			wantSet(t, d.path(p.pid, node), want)
		}
		if mode != "spin" {
			continue
		}
		// What the program itself has put there: that the comparison compares something.
		if v := v.regs; number(v, 88) != 0x2222222222222222 || number(v, 0) != 0x0f0f0f0f0f0f0f0f || number(v, regR12) != 0 {
			t.Errorf("regs %x", v)
		}
		if v := v.fpregs; number(v, 160) != 0x1111111111111111 || number(v, 160+16*9) != 0x2222222222222222 || v[32+9] != 0x3f {
			t.Errorf("fpregs %x", v)
		}
	}
}

// TestDebugRegsPieces: the beginning of a set can be read, and nothing from
// further on; a write beyond the set takes what fits.
func TestDebugRegsPieces(t *testing.T) {
	d, p := mount(t), startSpin(t)
	p.stop()
	for node, size := range registerNodes {
		fd := openNode(t, d.path(p.pid, node), unix.O_RDWR)
		set := piece(t, fd, 4096, 0)
		if len(set) != size {
			t.Fatalf("%s has %d bytes", node, len(set))
		}
		for _, n := range []int{0, 1, 7, 8, size - 1, size, size + 1, 2 << 20} {
			if got := piece(t, fd, n, 0); !bytes.Equal(got, set[:min(n, size)]) {
				t.Errorf("%s: %d bytes read as %x", node, n, got)
			}
		}
		changed := bytes.Repeat([]byte{0xff}, size)
		for _, offset := range []int64{1, 8, int64(size) - 1, int64(size), int64(size) + 1, 1 << 40} {
			if got := piece(t, fd, size, offset); len(got) != 0 {
				t.Errorf("%s at %d: %x", node, offset, got)
			}
			if n, err := unix.Pwrite(fd, changed, offset); n != 0 || err != nil {
				t.Errorf("%s: write at %d: %d, %v; want nothing taken", node, offset, n, err)
			}
		}
		if n, err := unix.Pwrite(fd, append(bytes.Clone(set), 1, 2, 3), 0); n != size || err != nil {
			t.Errorf("%s: a long write: %d, %v", node, n, err)
		}
		wantSet(t, d.path(p.pid, node), set)
	}
	fd := openNode(t, d.path(p.pid, "regs"), unix.O_RDWR) // the first two of r15's bytes
	if n, err := unix.Pwrite(fd, []byte{0xab, 0xcd}, 0); n != 2 || err != nil {
		t.Errorf("a write of 2 bytes: %d, %v", n, err)
	}
	if got := number(piece(t, fd, 8, 0), 0); got != 0x0f0f0f0f0f0fcdab {
		t.Errorf("r15 is %#x", got)
	}
}

// TestDebugRegsQuiet: hundreds of accesses wake neither the target nor its
// parent.
func TestDebugRegsQuiet(t *testing.T) {
	d, p := mount(t), startSpin(t)
	p.stop()
	before := p.peek("counter")
	parent := startTarget(t, "parent")
	for _, pid := range []int{p.pid, int(parent.says["child"])} {
		for node := range registerNodes {
			fd := openNode(t, d.path(pid, node), unix.O_RDWR)
			for range 100 {
				set := piece(t, fd, 512, 0)
				if n, err := unix.Pwrite(fd, set, 0); n != len(set) || err != nil {
					t.Fatalf("%s: %d, %v", node, n, err)
				}
				if state, _ := processState(pid); state != 'T' {
					t.Fatalf("%s: the target is %c when the answer comes", node, state)
				}
			}
		}
	}
	if after := p.peek("counter"); after != before {
		t.Errorf("the target ran: %d, then %d", before, after)
	}
	ask := func() string { fmt.Fprint(parent.in, "?"); return parent.line() }
	if heard := ask(); heard != "0 0" {
		t.Errorf("the parent heard %s", heard)
	}
	unix.Kill(int(parent.says["child"]), unix.SIGCONT) // that it can hear
	waitFor(t, "the parent to hear", func() bool { return ask() != "0 0" })
}

// jump stops the target, changes its regs and continues it, to its exit.
func jump(d *daemon, p *debuggee, change func(set []byte)) int {
	p.t.Helper()
	p.stop()
	fd := openNode(p.t, d.path(p.pid, "regs"), unix.O_RDWR)
	set := piece(p.t, fd, 176, 0)
	change(set)
	if n, err := unix.Pwrite(fd, set, 0); n != len(set) || err != nil {
		p.t.Errorf("write: %d, %v", n, err)
	}
	p.kill(unix.SIGCONT)
	return p.exit()
}

func TestDebugRegsJump(t *testing.T) {
	d := mount(t)
	for _, c := range []struct {
		mode, what string
		change     func(p *debuggee, set []byte)
		want       int
	}{
		{"spin", "r12", func(_ *debuggee, set []byte) { setNumber(set, regR12, 42) }, 42},
		{"spin", "rip", func(p *debuggee, set []byte) { setNumber(set, regRIP, uint64(p.says["land77"])) }, 77},
		{"spin", "rip and rax", func(p *debuggee, set []byte) {
			setNumber(set, regRIP, uint64(p.says["rax"]))
			setNumber(set, regRAX, 88)
		}, 88},
		{"spin", "rip and rsp", func(p *debuggee, set []byte) {
			setNumber(set, regRIP, uint64(p.says["rsp"]))
			setNumber(set, regRSP, uint64(p.says["table"])+16)
		}, 93},
		{"blocked", "rip", func(p *debuggee, set []byte) { setNumber(set, regRIP, uint64(p.says["land77"])) }, 77},
		{"blocked", "rax", func(_ *debuggee, set []byte) { setNumber(set, regRAX, 99) }, 99},
		{"blocked", "rip and rax", func(p *debuggee, set []byte) {
			setNumber(set, regRIP, uint64(p.says["rax"]))
			setNumber(set, regRAX, 55)
		}, 55},
		{"blocked", "nothing", func(p *debuggee, _ []byte) { fmt.Fprint(p.in, "x") }, 1}, // the system call goes on
	} {
		p := startIn(t, c.mode)
		if got := jump(d, p, func(set []byte) { c.change(p, set) }); got != c.want {
			t.Errorf("%s, %s changed: exit %d, want %d", c.mode, c.what, got, c.want)
		}
	}
}

// TestDebugRegsRefused: what a program may not have is EINVAL, and changes
// nothing at all.
func TestDebugRegsRefused(t *testing.T) {
	d, p := mount(t), startSpin(t)
	p.stop()
	for _, c := range []struct {
		node   string
		offset int
		value  uint64
	}{
		{"regs", 144, 0x10},         // cs of the kernel
		{"regs", 152, 0x3202},       // rflags with the right to do I/O
		{"dbregs", 0, ^uint64(0xf)}, // an address of the kernel
		{"dbregs", 56, 1 << 32},     // dr7's upper half
		{"dbregs", 48, 1 << 32},     // dr6's
		{"dbregs", 56, 2<<16 | 1},   // a break on I/O
	} {
		path := d.path(p.pid, c.node)
		fd := openNode(t, path, unix.O_RDWR)
		before := piece(t, fd, 512, 0)
		set := bytes.Clone(before)
		setNumber(set, c.offset, c.value)
		if c.node == "regs" {
			set[0] ^= 0xff // r15, which must not change either
		} else if c.offset == 0 {
			set[56] |= 1 // enabled
		}
		if n, err := unix.Pwrite(fd, set, 0); err != unix.EINVAL {
			t.Errorf("%s with %#x at %d: %d, %v; want EINVAL", c.node, c.value, c.offset, n, err)
		}
		wantSet(t, path, before)
	}
}

// TestDebugFPRegs: what is written arrives in the vector, x87 and control
// registers of the program.
func TestDebugFPRegs(t *testing.T) {
	d, p := mount(t), startSpin(t)
	p.stop()
	fd := openNode(t, d.path(p.pid, "fpregs"), unix.O_RDWR)
	set := piece(t, fd, 512, 0)
	copy(set[160:], "written to xmm0.")
	copy(set[160+15*16:], "and up to xmm15.")
	copy(set[32:], "\x01\x02\x03\x04\x05\x06\x07\x88\x01\x40") // st0
	set[24] |= 0x40                                            // mxcsr: denormals are zeros
	if n, err := unix.Pwrite(fd, set, 0); n != 512 || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	wantSet(t, d.path(p.pid, "fpregs"), set)
	if code := jump(d, p, func(set []byte) { setNumber(set, regRIP, uint64(p.says["fp"])) }); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, want := p.rest, "written to xmm0.and up to xmm15."+string(set[32:42]); !strings.HasPrefix(out, want) || len(out) != 52 || out[48]&0x40 == 0 {
		t.Errorf("the target has %q, want %q", out, want)
	}
}

// TestDebugWatchpoint: a watchpoint on the counter kills, or is handled.
func TestDebugWatchpoint(t *testing.T) {
	const writes8 = 1 | 1<<16 | 2<<18 // dr7: the first, on writes, of 8 bytes
	d := mount(t)
	for _, mode := range [][]string{{"spin"}, {"watch", "handler"}, {"watch"}} {
		p := startTarget(t, mode...)
		p.stop()
		path := d.path(p.pid, "dbregs")
		fd := openNode(t, path, unix.O_RDWR)
		set := piece(t, fd, 128, 0)
		setNumber(set, 0, uint64(p.says["counter"]))
		setNumber(set, 56, writes8)
		if n, err := unix.Pwrite(fd, set, 0); n != 128 || err != nil {
			t.Fatalf("%v: write: %d, %v", mode, n, err)
		}
		if got := piece(t, fd, 128, 0); number(got, 0) != uint64(p.says["counter"]) || number(got, 56)&0xf00ff != writes8&0xf00ff {
			t.Errorf("%v: dbregs %x, want %x", mode, got, set)
		}
		wantSet(t, path, byPtrace(t, p.pid).dbregs)
		p.kill(unix.SIGCONT)
		want := 128 + int(unix.SIGTRAP)
		if len(mode) > 1 {
			want = 33
			if line := p.line(); line != "trap 4" { // TRAP_HWBKPT
				t.Errorf("the handler says %q", line)
			}
		}
		if code := p.exit(); code != want {
			t.Errorf("%v: exit %d, want %d", mode, code, want)
		}
	}
}
