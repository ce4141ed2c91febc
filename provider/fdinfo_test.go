package provider

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func fdInfoText(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile("testdata/fdinfo/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func unhex(s string) []byte {
	b, _ := hex.DecodeString(s)
	return b
}

func TestParseFDInfo(t *testing.T) {
	anon := FDInfo{Flags: unix.O_RDWR, MntID: 17, Inode: 1044}
	with := func(base FDInfo, change func(*FDInfo)) FDInfo { change(&base); return base }
	cloexec := with(anon, func(i *FDInfo) { i.Flags |= unix.O_CLOEXEC })
	vda := Device{254, 0}
	for name, want := range map[string]FDInfo{
		"eventfd":    with(cloexec, func(i *FDInfo) { i.EventFD = &EventFD{Count: 7, ID: 1} }),
		"eventfdsem": with(cloexec, func(i *FDInfo) { i.EventFD = &EventFD{Count: 3, ID: 2, Semaphore: true} }),
		"epoll": with(cloexec, func(i *FDInfo) {
			i.Epoll = []EpollTarget{
				{FD: 3, Events: 0x19, Data: 0x7f4300000003, Inode: 0x414, Dev: Device{0, 16}},
				{FD: 4, Events: 0x80000019, Data: 4, Inode: 0x414, Dev: Device{0, 16}},
			}
		}),
		"signalfd": with(anon, func(i *FDInfo) { i.SignalFD = &SignalFD{1<<9 | 1<<14} }),
		"timerfd": with(anon, func(i *FDInfo) {
			i.TimerFD = &TimerFD{ClockID: 1, Value: unix.Timespec{Sec: 999, Nsec: 998553508}, Interval: unix.Timespec{Sec: 10, Nsec: 5}}
		}),
		"pidfd": {Flags: unix.O_RDWR | unix.O_CLOEXEC, MntID: 4, Inode: 5728774, PIDFD: &PIDFD{30721, []int{30721}}},
		"fanotify": with(anon, func(i *FDInfo) {
			i.Fanotify = &FanotifyGroup{EventFlags: 0x8000, Marks: []FanotifyMark{
				{Dev: vda, Mask: 0x10},
				{MntID: 0x1b, Mask: 0x10},
				{Inode: 0x988111, Dev: vda, Mask: 0x20, Handle: FileHandle{1, unhex("1181980048195c85")}},
			}}
		}),
		"newer-fanotify-mntns": with(anon, func(i *FDInfo) {
			i.Fanotify = &FanotifyGroup{Flags: 0x40, EventFlags: 0x8000, Marks: []FanotifyMark{{MountNS: 4026531832, Mask: 0x1000000}}}
		}),
		"unix":  {Flags: unix.O_RDWR | unix.O_CLOEXEC, MntID: 10, Inode: 4080385, SCMFDs: 1},
		"pipe":  {Flags: unix.O_CLOEXEC, MntID: 16, Inode: 4080386},
		"memfd": {Flags: unix.O_RDWR | unix.O_CLOEXEC | 0o100000, Inode: 1049},
		"opath": {Flags: unix.O_PATH | unix.O_CLOEXEC, MntID: 27, Inode: 246947},
		"lock": {Flags: unix.O_WRONLY | unix.O_CLOEXEC | 0o100000, MntID: 27, Inode: 9994745, Locks: []FDLock{
			{ID: 1, Class: "FLOCK", State: "ADVISORY", Type: "WRITE", PID: 30721, Dev: vda, Inode: 9994745, End: LockEOF},
			{ID: 2, Class: "POSIX", State: "ADVISORY", Type: "WRITE", PID: 30721, Dev: vda, Inode: 9994745, Start: 5, End: 14},
		}},
		"older419-lock": {Flags: unix.O_RDWR | 0o100000, MntID: 19, Locks: []FDLock{
			{ID: 1, Class: "LEASE", State: "BREAKING", Type: "READ", PID: 1492, Dev: Device{8, 1}, Inode: 9994745, End: LockEOF},
			{ID: 2, Class: "OFDLCK", State: "ADVISORY", Type: "READ", PID: -1, End: math.MaxInt64},
		}},
		"older30-file":   {Flags: unix.O_RDWR | unix.O_NONBLOCK | unix.O_CLOEXEC},
		"older310-epoll": {Flags: unix.O_RDWR, Epoll: []EpollTarget{{FD: 5, Events: 0x1d, Data: math.MaxUint64}}},
		"older310-inotify": {Flags: unix.O_CLOEXEC, Inotify: []InotifyWatch{{WD: 3, Inode: 0x9e7e, Dev: Device{8, 19}, Mask: 0x800afce,
			Handle: FileHandle{1, unhex("7e9e0000640d1b6d")}}}},
		"tun":  {Flags: unix.O_RDWR | unix.O_CLOEXEC | 0o100000, MntID: 24, Inode: 105, Unknown: []string{"iff:\t"}},
		"uffd": {MntID: 17, Inode: 4080392, Unknown: []string{"pending:\t0", "total:\t0", "API:\taa:0:80000000000001ff"}},
		"drm": {Flags: unix.O_RDWR | unix.O_CLOEXEC | 0o100000, MntID: 26, Inode: 284,
			Unknown: []string{"drm-driver:\ti915", "drm-client-id:\t7", "drm-engine-render:\t9288864723 ns"}},
	} {
		if got, err := ParseFDInfo(fdInfoText(t, name)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", name, got, err, want)
		}
	}
}

// No line of any text is lost.
func TestFDInfoTexts(t *testing.T) {
	all, _ := filepath.Glob("testdata/fdinfo/*")
	if len(all) < 20 {
		t.Fatalf("%d texts", len(all))
	}
	for _, file := range all {
		if name := filepath.Base(file); name != "README" {
			text := fdInfoText(t, name)
			info, err := ParseFDInfo(text)
			if err != nil || fdInfoLines(&info, text) != bytes.Count(text, []byte("\n")) {
				t.Errorf("%s: %v, %+v", name, err, info)
			}
		}
	}
	info, err := ParseFDInfo(fdInfoText(t, "inotify"))
	if err != nil || len(info.Inotify) != 12 || info.Inotify[0].WD != 12 || info.Inotify[11].WD != 1 { // in base 16
		t.Errorf("%+v, %v", info, err)
	}
}

// fdInfoLines counts the lines that an FDInfo accounts for. What may be zero or
// not there is looked for in the text.
func fdInfoLines(i *FDInfo, text []byte) int {
	n := len(i.Locks) + len(i.Epoll) + len(i.Inotify) + len(i.Unknown)
	if i.Fanotify != nil {
		n += 1 + len(i.Fanotify.Marks)
	}
	for _, key := range []string{"pos", "flags", "mnt_id", "ino"} {
		if bytes.HasPrefix(text, []byte(key+":")) || bytes.Contains(text, []byte("\n"+key+":")) {
			n++
		}
	}
	for key, there := range map[string]bool{
		"scm_fds": true, "sigmask": i.SignalFD != nil, "Pid": i.PIDFD != nil, "NSpid": i.PIDFD != nil,
		"eventfd-count": i.EventFD != nil, "eventfd-id": i.EventFD != nil, "eventfd-semaphore": i.EventFD != nil,
		"clockid": i.TimerFD != nil, "ticks": i.TimerFD != nil, "settime flags": i.TimerFD != nil, "it_value": i.TimerFD != nil, "it_interval": i.TimerFD != nil,
	} {
		if there && bytes.Contains(text, []byte("\n"+key+":")) {
			n++
		}
	}
	return n
}

func TestFDInfoRefusesOddText(t *testing.T) {
	malformedText(t, ParseFDInfo, "", "\n", "x", "pos:\t0", "pos:\t\nflags:\t0\n", "pos:\tx\nflags:\t0\n", "pos:\t1 2\n", "flags:\t08\n", "flags:\t\n",
		"flags:\t0777777777777\n", "pos:\t0\nmnt_id:\tx\n", "pos:\t0\nmnt_id:\t4294967296\n", "pos:\t0\nino:\t-1\n", "mnt_id:\t1\nino:\t4\n",
		"pos:\t9223372036854775808\n", "eventfd-id: 1\n", "pos:\t0\nflags:\t02\nmnt_id:\t17\nino:\t1044\neventfd-count:                7\neventfd-")
}

// What a driver writes under a known key, but in another form, is kept whole.
func TestFDInfoKeepsOddLines(t *testing.T) {
	for _, line := range []string{
		"lock:\t1: POSIX  ADVISORY  WRITE 1 fe:00:9 5", "lock:\tx: POSIX ADVISORY WRITE 1 fe:00:9 5 6", "lock:\t1: POSIX ADVISORY WRITE x fe:00:9 5 6",
		"lock:\t1: POSIX ADVISORY WRITE 1 fe:9 5 6", "lock:\t1: POSIX ADVISORY WRITE 1 fe:00:9 x 6", "lock:\t1: POSIX ADVISORY WRITE 1 fe:00:9 5 -6",
		"scm_fds: many", "sigmask:\txyz", "eventfd-count: z", "eventfd-id: 1.5", "eventfd-semaphore: 2", "clockid: a", "ticks: -1",
		"settime flags: 9", "it_value: (1, 2", "it_value: 1, 2)", "it_value: (1; 2)", "it_interval: (, 2)", "it_interval: (1, )", "Pid:\tx", "NSpid:\t1 x",
		"tfd: 1 events", "tfd: 1 else: 2", "tfd: x", "inotify wd:1 ino:zz", "inotify wd:1 else:1", "inotify wd:1 f_handle:123", "inotify wd:1 fhandle-bytes:fff",
		"fanotify flags:z", "fanotify flags:1 else:2", "fanotify ino:1 sdev:fffffffff", "fanotify else:2", "fanotify mnt_ns:x", "no key", "", " ", "pos:\t5", ":",
	} {
		info, err := ParseFDInfo([]byte("pos:\t7\nflags:\t00\n" + line + "\n"))
		want := FDInfo{Pos: 7, Unknown: []string{line}}
		if err != nil || !reflect.DeepEqual(info, want) {
			t.Errorf("%q: %+v, %v", line, info, err)
		}
	}
	// A bad line takes nothing away from the good ones around it.
	info, err := ParseFDInfo([]byte("pos:\t7\nPid:\t5\nNSpid:\tx\nfanotify ino:5\nfanotify ino:x\nfanotify ino:6\n"))
	if err != nil || info.PIDFD == nil || info.PIDFD.PID != 5 || len(info.Fanotify.Marks) != 2 || len(info.Unknown) != 2 {
		t.Errorf("%+v, %v", info, err)
	}
}

func FuzzParseFDInfo(f *testing.F) {
	all, _ := filepath.Glob("testdata/fdinfo/*")
	for _, file := range all {
		f.Add(fdInfoText(f, filepath.Base(file)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := ParseFDInfo(b)
		if err != nil {
			lawful(t, info, err)
			return
		}
		if b[len(b)-1] != '\n' {
			t.Fatal("cut short, and taken")
		}
		for _, line := range info.Unknown {
			if !bytes.Contains(b, []byte(line+"\n")) {
				t.Fatalf("a line out of nothing: %q", line)
			}
		}
	})
}

func TestOpenFlags(t *testing.T) {
	for flags, want := range map[OpenFlags]string{
		0:                                    "O_RDONLY",
		unix.O_RDWR | unix.O_CLOEXEC:         "O_RDWR|O_CLOEXEC",
		unix.O_WRONLY | unix.O_SYNC:          "O_WRONLY|O_SYNC",
		unix.O_WRONLY | unix.O_DSYNC:         "O_WRONLY|O_DSYNC",
		unix.O_RDWR | unix.O_TMPFILE:         "O_RDWR|O_TMPFILE",
		unix.O_DIRECTORY | unix.O_PATH:       "O_RDONLY|O_DIRECTORY|O_PATH",
		3 | openLargefile | unix.O_DIRECT:    "3|O_DIRECT|O_LARGEFILE",
		unix.O_APPEND | 1<<31 | 1<<30 | 0o10: "O_RDONLY|O_APPEND|030000000010",
	} {
		if got := flags.String(); got != want {
			t.Errorf("%o: %s, want %s", uint32(flags), got, want)
		}
	}
	var all OpenFlags
	for _, f := range openFlagNames() {
		all |= f.bits
	}
	if all == 0 || strings.Contains(all.String(), "|0") || all.Access() != 0 {
		t.Errorf("%s", all)
	}
	if unsafe.Sizeof(all) != 4 {
		t.Error("not a C int")
	}
}
