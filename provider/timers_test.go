package provider

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	become["timers"] = makeTimers
}

// sigevent is struct sigevent of the kernel's.
type sigevent struct {
	value  uint64
	signo  int32
	notify int32
	tid    int32
	_      [11]int32
}

const timerValue = 0xdeadbeef0000

// makeTimers makes one timer of each kind; the first has no sigevent at all.
func makeTimers() error {
	main := int32(os.Getpid())
	for i, e := range []*sigevent{
		nil,
		{signo: 34, notify: 0, value: timerValue},
		{signo: 0, notify: 1, value: 7},
		{signo: 35, notify: 2, value: ^uint64(0)},
		{signo: 36, notify: 4, tid: main},
	} {
		clock := []uintptr{0, 1, 7, 1, 0}[i]
		var id int32
		if _, _, errno := unix.RawSyscall(unix.SYS_TIMER_CREATE, clock, uintptr(unsafe.Pointer(e)), uintptr(unsafe.Pointer(&id))); errno != 0 {
			return errno
		}
	}
	return nil
}

func TestTimersOfChild(t *testing.T) {
	c := start(t, kind("timers"))
	p := pin(t, openProc(t), c.pid)
	list, err := p.Timers()
	if errors.Is(err, ErrNotSupported) {
		cannot(t, err.Error())
	}
	if len(list) != 5 || err != nil {
		t.Fatalf("%+v, %v", list, err)
	}
	byID := map[int]Timer{}
	for _, timer := range list {
		byID[timer.ID] = timer
	}
	for _, want := range []Timer{
		{ID: 0, Signal: int(unix.SIGALRM), Value: byID[0].Value, Target: c.pid, ClockID: 0},
		{ID: 1, Signal: 34, Value: timerValue, Target: c.pid, ClockID: 1},
		{ID: 2, Notify: TimerNone, Value: 7, Target: c.pid, ClockID: 7},
		{ID: 3, Signal: 35, Notify: TimerThread, Value: ^uint64(0), Target: c.pid, ClockID: 1},
		{ID: 4, Signal: 36, Thread: true, Target: c.pid, ClockID: 0},
	} {
		if got := byID[want.ID]; !reflect.DeepEqual(got, want) {
			t.Errorf("%+v\nwant %+v", got, want)
		}
	}
	if err := checkTimers(p); err != nil {
		t.Error(err)
	}
	c.zombie()
	if list, err := p.Timers(); err != nil && !errors.Is(err, ErrGone) || len(list) != 0 {
		t.Errorf("zombie: %+v, %v", list, err)
	}
	c.end()
	if list, err := p.Timers(); !errors.Is(err, ErrGone) || list != nil {
		t.Errorf("after the end: %+v, %v", list, err)
	}
}

func TestParseTimers(t *testing.T) {
	list, err := ParseTimers([]byte("ID: 6\nsignal: 39/0000deadbeef0000\nnotify: thread/tid.29996\nClockID: -6\nnew: 1\nID: 0\nsignal: 0/(null)\nnotify: none/pid.0\nClockID: 0\n"))
	want := []Timer{
		{ID: 6, Signal: 39, Value: 0xdeadbeef0000, Notify: TimerThread, Thread: true, Target: 29996, ClockID: -6, Unknown: []string{"new: 1"}},
		{Notify: TimerNone},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := ParseTimers(nil); list != nil || err != nil {
		t.Errorf("no timers: %v, %v", list, err)
	}
	malformedText(t, ParseTimers, "\n", "ID: 1", "signal: 1/0\n", "ID: x\n", "ID: \n", "ID\n", "ID: 1\nsignal: 1\n", "ID: 1\nsignal: x/0\n",
		"ID: 1\nsignal: 1/z\n", "ID: 1\nnotify: other/pid.1\n", "ID: 1\nnotify: signal\n", "ID: 1\nnotify: signal/pid\n",
		"ID: 1\nnotify: signal/uid.1\n", "ID: 1\nnotify: signal/pid.x\n", "ID: 1\nClockID: 2147483648\n")
	for n, want := range map[TimerNotify]string{TimerSignal: "signal", TimerNone: "none", TimerThread: "thread", 3: "unknown"} {
		if n.String() != want {
			t.Errorf("%d: %s", n, n)
		}
	}
}

func printTimers(list []Timer) string {
	var b strings.Builder
	for _, x := range list {
		who := "pid"
		if x.Thread {
			who = "tid"
		}
		fmt.Fprintf(&b, "ID: %d\nsignal: %d/%016x\nnotify: %s/%s.%d\nClockID: %d\n", x.ID, x.Signal, x.Value, x.Notify, who, x.Target, x.ClockID)
		for _, line := range x.Unknown {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// A list, printed, is the same list again.
func FuzzParseTimers(f *testing.F) {
	f.Add([]byte(printTimers([]Timer{{ID: 3, Signal: 34, Thread: true, Target: 5}, {Notify: TimerThread}})))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseTimers(b)
		if len(b) > 0 {
			lawful(t, list, err)
		}
		if again, err := ParseTimers([]byte(printTimers(list))); err != nil || !reflect.DeepEqual(again, list) {
			t.Fatalf("%+v became %+v, %v", list, again, err)
		}
	})
}

func checkTimers(p *Process) error {
	return steady(p, "timers", func(raw []byte) error {
		list, err := p.Timers()
		if err != nil {
			return err
		}
		return same("timers", printTimers(list), string(raw))
	})
}
