package provider

import (
	"errors"
	"fmt"
	"math"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	roles["timens"] = roleTimens
}

func TestParseTimensOffsets(t *testing.T) {
	for text, want := range map[string]TimensOffsets{
		"monotonic           0         0\nboottime            0         0\n": {},
		"monotonic        -100 500000000\nboottime       864000         1\n": {Monotonic: -99500 * time.Millisecond, Boottime: 864000*time.Second + 1},
		"1 2 3\n7 4 5\n":                         {Monotonic: 2*time.Second + 3, Boottime: 4*time.Second + 5}, // 5.6
		"boottime 4611686018 999999999\nnew 1\n": {Boottime: 4611686018*time.Second + 999999999, Unknown: []string{"new 1"}},
	} {
		if o, err := ParseTimensOffsets([]byte(text)); err != nil || !reflect.DeepEqual(o, want) {
			t.Errorf("%q: %+v, %v", text, o, err)
		}
	}
	malformedText(t, ParseTimensOffsets, "", "\n", "monotonic 0 0", "monotonic\n", "monotonic 0\n", "monotonic 0 -1\n", "monotonic 0 1000000000\n",
		"monotonic 0 x\n", "monotonic x 0\n", "monotonic 9223372036 0\n", "monotonic -9223372036 0\n", "monotonic 0 0 0\n", " monotonic 0 0\n", "boottime 0 0\nx")
}

// What is written for the kernel means the same.
func FuzzParseTimensOffsets(f *testing.F) {
	f.Add([]byte("monotonic          -1 999999999\nboottime            0         0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := ParseTimensOffsets(b)
		if err != nil {
			lawful(t, o, err)
			return
		}
		text := appendOffset(appendOffset(nil, 1, o.Monotonic), 7, o.Boottime)
		again, err := ParseTimensOffsets(text)
		if err != nil || again.Monotonic != o.Monotonic || again.Boottime != o.Boottime {
			t.Fatalf("%+v became %q, %+v, %v", o, text, again, err)
		}
	})
}

func TestAppendOffset(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "1 0 0\n", -1: "1 -1 999999999\n", -time.Second: "1 -1 0\n", -1500 * time.Millisecond: "1 -2 500000000\n",
		math.MinInt64: "1 -9223372037 145224192\n", math.MaxInt64: "1 9223372036 854775807\n"} {
		if got := string(appendOffset(nil, 1, d)); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}

func TestSetTimensOffsets(t *testing.T) {
	needRoot(t)
	if out := runRole(t, "timens", nil); out != "" {
		cannot(t, out)
	}
}

func roleTimens() error {
	if err := mainThread(unix.SYS_UNSHARE, unix.CLONE_NEWTIME, 0); err != nil {
		fmt.Println("no time namespaces:", err)
		return nil
	}
	p, err := Self()
	if err != nil {
		return err
	}
	const mono, boot = -1500 * time.Millisecond, 1000 * time.Hour
	if err := p.SetTimensOffsets(-math.MaxInt64, 0); !errors.Is(err, unix.ERANGE) {
		return fmt.Errorf("before the beginning of time: %w", err)
	}
	if err := p.SetTimensOffsets(mono, boot); err != nil {
		return err
	}
	var o TimensOffsets
	if err := p.TimensOffsets(&o); err != nil || o.Monotonic != mono || o.Boottime != boot {
		return fmt.Errorf("%+v, %w", o, err)
	}
	out, err := exec.Command("cat", "/proc/self/timens_offsets", "/proc/uptime").Output() // in the namespace
	if err != nil || !strings.HasPrefix(string(out), "monotonic          -2 500000000\nboottime      3600000         0\n") {
		return fmt.Errorf("child says %q, %w", out, err)
	}
	var up float64
	fmt.Sscan(strings.Split(string(out), "\n")[2], &up)
	if up < boot.Seconds() {
		return fmt.Errorf("child is up for %v s", up)
	}
	if err := p.SetTimensOffsets(0, 0); !errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("after the first process: %w", err)
	}
	return nil
}

func TestTimensOffsetsOfZombie(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	var o TimensOffsets
	if err := p.TimensOffsets(&o); errors.Is(err, ErrNotSupported) {
		cannot(t, err.Error())
	}
	c.zombie()
	if err := p.TimensOffsets(&o); !errors.Is(err, ErrGone) {
		t.Errorf("%+v, %v", o, err)
	}
}

func checkTimensOffsets(p *Process) error {
	return steady(p, "timens_offsets", func(raw []byte) error {
		var o TimensOffsets
		if err := p.TimensOffsets(&o); err != nil {
			return err
		}
		f := strings.Fields(string(raw))
		return same("timens_offsets", o.Monotonic.Seconds(), f[1], o.Boottime.Seconds(), f[4], len(o.Unknown), 0)
	})
}
