package provider

import (
	"errors"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseBootTime(t *testing.T) {
	parses(t, ParseBootTime, map[string]time.Time{
		"btime 1795296269\n":                         time.Unix(1795296269, 0),
		"cpu  1 2\nintr 5 0\nbtime 0\nprocesses 9\n": time.Unix(0, 0),
		"btime 18446744073709551606\n":               time.Unix(-10, 0), // the clock stood before 1970
	})
	malformedText(t, ParseBootTime, "", "\n", "cpu 1\n", "btime 1", "btime \n", "btime x\n", "btime 1 2\n", "btime  1\n", "xbtime 1\n",
		"btime 9223372036854775807\n", "btime 18446744073709551616\n")
}

func FuzzParseBootTime(f *testing.F) {
	f.Add([]byte("cpu  1 2\nbtime 1795296269\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		boot, err := ParseBootTime(b)
		lawful(t, boot, err)
		if err != nil {
			return
		}
		again, err := ParseBootTime([]byte("btime " + strconv.FormatUint(uint64(boot.Unix()), 10) + "\n"))
		if err != nil || !again.Equal(boot) || boot.Nanosecond() != 0 {
			t.Fatalf("%v, then %v, %v", boot, again, err)
		}
	})
}

// Fault 18: no time loses anything, however long the machine is up.
func TestFault18ExactTimes(t *testing.T) {
	const day = 24 * 3600 * 100
	boot := time.Unix(1_700_000_000, 0)
	info := SystemInfo{TicksPerSecond: 100, PageSize: 4096, BootTime: boot}
	for _, days := range []uint64{0, 2, 30, 100, 365, 3650} {
		s := Stat{StartTime: days*day + 1}
		want := boot.Add(time.Duration(days) * 24 * time.Hour).Add(10 * time.Millisecond)
		if got := s.Started(info); !got.Equal(want) {
			t.Errorf("%d days: %v, want %v", days, got, want)
		}
	}
	s := Stat{UTime: 123456789, STime: 1, RSS: 3}
	if got := s.CPUTime(info); got != 1234567*time.Second+900*time.Millisecond {
		t.Errorf("%v", got)
	}
	if got := s.RSSBytes(info); got != 3*4096 {
		t.Errorf("%d", got)
	}
	s = Stat{UTime: math.MaxUint64, STime: 1}
	if got := s.CPUTime(info); got != math.MaxInt64 {
		t.Errorf("%v", got)
	}
	if got := (SystemInfo{}).Duration(7); got != 70*time.Millisecond {
		t.Errorf("without ticks: %v", got)
	}
}

func FuzzDuration(f *testing.F) {
	f.Add(uint64(1), 100)
	f.Add(uint64(math.MaxUint64), 1)
	f.Add(uint64(922337203684), 100)
	f.Add(uint64(27670116110563), 3000)
	f.Add(uint64(9007199254740993), 1000003)
	f.Add(uint64(922337203685477580), 100)
	f.Add(uint64(math.MaxUint64), math.MaxInt)
	f.Fuzz(func(t *testing.T, ticks uint64, hz int) {
		got := SystemInfo{TicksPerSecond: hz}.Duration(ticks)
		if hz <= 0 {
			hz = userHZ
		}
		want := new(big.Int).Mul(new(big.Int).SetUint64(ticks), big.NewInt(int64(time.Second)))
		want.Div(want, big.NewInt(int64(hz)))
		if !want.IsInt64() {
			want.SetInt64(math.MaxInt64)
		}
		if want.Int64() != int64(got) {
			t.Fatalf("%d ticks of 1/%d: %d, want %v", ticks, hz, got, want)
		}
	})
}

func TestSystemInfo(t *testing.T) {
	info, err := ReadSystemInfo()
	if err != nil || info.TicksPerSecond != 100 || info.PageSize != os.Getpagesize() {
		t.Fatalf("%+v, %v", info, err)
	}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\nbtime ")
	sec, _, _ := strings.Cut(after, "\n")
	if d := info.BootTime.Sub(time.Unix(int64(must(strconv.Atoi(sec))(t)), 0)); d < -time.Second || d > 2*time.Second {
		t.Errorf("%v is %v after the file's", info.BootTime, d)
	}
}

// A child starts between the moments before and after, to a tick.
func TestStarted(t *testing.T) {
	before := time.Now()
	c := start(t)
	after := time.Now()
	info, err := ReadSystemInfo()
	if err != nil {
		t.Fatal(err)
	}
	if info.BootTime.Nanosecond() == 0 {
		cannot(t, "this machine's clocks do not tell its boot time to better than a second")
	}
	var s Stat
	if err := pin(t, openProc(t), c.pid).Stat(&s); err != nil {
		t.Fatal(err)
	}
	const tick = 10 * time.Millisecond
	if got := s.Started(info); got.Before(before.Add(-2*tick)) || got.After(after.Add(tick)) {
		t.Errorf("%v, but it is between %v and %v", got, before, after)
	}
}

func TestFinerBootTime(t *testing.T) {
	file := time.Unix(1000, 0)
	for _, test := range []struct {
		clock time.Time
		taken bool
	}{
		{time.Unix(1000, 0), true}, {time.Unix(1000, 999_999_999), true}, {time.Unix(1001, 50_000_000), true},
		{time.Unix(1001, 100_000_000), false}, {time.Unix(999, 950_000_000), true}, {time.Unix(999, 0), false}, {time.Time{}, false},
	} {
		want := file
		if test.taken {
			want = test.clock
		}
		if got := finer(file, test.clock); !got.Equal(want) {
			t.Errorf("%v: %v", test.clock, got)
		}
	}
}

// A captured tree has the boot time of its machine, not of this one.
func TestSystemInfoCaptured(t *testing.T) {
	root := t.TempDir()
	f, err := OpenFS(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var e *Error
	leaksNothing(t, "SystemInfo", func() {
		if info, err := f.SystemInfo(); !errors.Is(err, ErrNotSupported) || !errors.As(err, &e) || info != (SystemInfo{}) {
			t.Errorf("%+v, %v", info, err)
		}
	})
	stat := filepath.Join(root, "stat")
	if err := os.WriteFile(stat, []byte("cpu 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := f.SystemInfo(); !errors.Is(err, ErrMalformed) || info != (SystemInfo{}) {
		t.Errorf("%+v, %v", info, err)
	}
	if err := os.WriteFile(stat, []byte("cpu 1\nbtime 1234567\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	leaksNothing(t, "SystemInfo", func() {
		if info, err := f.SystemInfo(); err != nil || !info.BootTime.Equal(time.Unix(1234567, 0)) {
			t.Errorf("%+v, %v", info, err)
		}
	})
}
