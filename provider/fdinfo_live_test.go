package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What we have open ourselves, and what we know of it.
func TestFDInfoOfOurOwn(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	read := func(fd int) FDInfo {
		t.Helper()
		t.Cleanup(func() { unix.Close(fd) })
		info, err := p.FDInfo(fd)
		if err != nil || len(info.Unknown) != 0 {
			t.Fatalf("%+v, %v", info, err)
		}
		return info
	}
	event := fdOf(unix.Eventfd(42, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK))[0]
	if i := read(event); i.EventFD == nil || i.EventFD.Count != 42 || i.Flags != unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK {
		t.Errorf("%+v", i)
	}
	epoll := fdOf(unix.EpollCreate1(unix.EPOLL_CLOEXEC))[0]
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: 77, Pad: 1}); err != nil {
		t.Fatal(err)
	}
	if i := read(epoll); len(i.Epoll) != 1 || i.Epoll[0].FD != event || i.Epoll[0].Events&unix.EPOLLIN == 0 || i.Epoll[0].Data != 1<<32|77 {
		t.Errorf("%+v", i)
	}
	var set unix.Sigset_t
	set.Val[0] = 1 << (unix.SIGUSR2 - 1)
	if i := read(fdOf(unix.Signalfd(-1, &set, unix.SFD_CLOEXEC))[0]); i.SignalFD == nil || i.SignalFD.Mask != 1<<(unix.SIGUSR2-1) {
		t.Errorf("%+v", i)
	}
	timer := fdOf(unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_CLOEXEC))[0]
	if err := unix.TimerfdSettime(timer, 0, &unix.ItimerSpec{Interval: unix.Timespec{Sec: 3}, Value: unix.Timespec{Sec: 1000}}, nil); err != nil {
		t.Fatal(err)
	}
	if i := read(timer); i.TimerFD == nil || i.TimerFD.ClockID != unix.CLOCK_BOOTTIME || i.TimerFD.Interval.Sec != 3 || i.TimerFD.Value.Sec < 900 {
		t.Errorf("%+v", i.TimerFD)
	}
	if i := read(fdOf(unix.PidfdOpen(os.Getppid(), 0))[0]); i.PIDFD == nil || i.PIDFD.PID != os.Getppid() || i.PIDFD.NSPID[0] != os.Getppid() {
		t.Errorf("%+v", i.PIDFD)
	}
	inotify := fdOf(unix.InotifyInit1(unix.IN_CLOEXEC))[0]
	watched := t.TempDir()
	wd, err := unix.InotifyAddWatch(inotify, watched, unix.IN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat(watched, &st); err != nil {
		t.Fatal(err)
	}
	if i := read(inotify); len(i.Inotify) != 1 || i.Inotify[0].WD != wd || i.Inotify[0].Inode != st.Ino || i.Inotify[0].Mask != unix.IN_CREATE ||
		i.Inotify[0].Dev != (Device{unix.Major(st.Dev), unix.Minor(st.Dev)}) {
		t.Errorf("%+v, %+v", i.Inotify, st)
	}
}

func TestFDInfoOfAFile(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	fd := fdOf(unix.Open(emptyFile(t), unix.O_RDWR|unix.O_APPEND|unix.O_CLOEXEC, 0))[0]
	defer unix.Close(fd)
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: 3, Len: 4}
	_, err := unix.Seek(fd, 12345, 0)
	if err := errors.Join(err, unix.Flock(fd, unix.LOCK_SH), unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &lock)); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	i, err := p.FDInfo(fd)
	if err != nil || i.Pos != 12345 || i.Flags.Access() != unix.O_RDWR || !i.Flags.Has(unix.O_APPEND|unix.O_CLOEXEC) || i.Flags.Has(unix.O_NONBLOCK) {
		t.Errorf("%+v, %v", i, err)
	}
	if i.Inode != 0 && i.Inode != st.Ino {
		t.Errorf("inode %d, want %d", i.Inode, st.Ino)
	}
	kinds := map[string]FDLock{}
	for _, l := range i.Locks {
		l.ID = 0
		kinds[l.Class] = l
	}
	of := FDLock{State: "ADVISORY", PID: os.Getpid(), Dev: Device{unix.Major(st.Dev), unix.Minor(st.Dev)}, Inode: st.Ino}
	flock, posix := of, of
	flock.Class, flock.Type, flock.End = "FLOCK", "READ", LockEOF
	posix.Class, posix.Type, posix.Start, posix.End = "POSIX", "WRITE", 3, 6
	if want := map[string]FDLock{"FLOCK": flock, "POSIX": posix}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("got  %+v\nwant %+v", kinds, want)
	}
}

// A text of many reads.
func TestFDInfoManyTargets(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	epoll := fdOf(unix.EpollCreate1(unix.EPOLL_CLOEXEC))[0]
	defer unix.Close(epoll)
	const many = 300
	for i := range many {
		fd := fdOf(unix.Eventfd(0, unix.EFD_CLOEXEC))[0]
		defer unix.Close(fd)
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Fd: int32(i)}); err != nil {
			t.Fatal(err)
		}
	}
	leaksNothing(t, "FDInfo", func() {
		info, err := p.FDInfo(epoll)
		if err != nil || len(info.Epoll) != many {
			t.Fatalf("%d targets, %v", len(info.Epoll), err)
		}
	})
}

// checkFDInfo takes the texts apart at their blanks.
func checkFDInfo(p *Process) error {
	for fd, err := range p.FDTargets() {
		if err == nil {
			err = persistently(func() error { return checkFDInfoOf(p, fd.N) })
		}
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrGone)) { // it closed it
			return err
		}
	}
	return nil
}

func checkFDInfoOf(p *Process, n int) error {
	file := fmt.Sprint("fdinfo/", n)
	return steady(p, file, func(raw []byte) error {
		info, err := p.FDInfo(n)
		if err != nil || len(raw) == 0 {
			return err
		}
		values := map[string]string{}
		for line := range strings.Lines(string(raw)) {
			if key, value, ok := strings.Cut(line, ":"); ok && values[key] == "" {
				values[key] = strings.TrimSpace(value)
			}
		}
		pairs := []any{info.Pos, values["pos"], fmt.Sprintf("0%o", uint32(info.Flags)), values["flags"],
			fdInfoLines(&info, raw), fmt.Sprint(bytes.Count(raw, []byte("\n")))}
		if values["mnt_id"] != "" {
			pairs = append(pairs, info.MntID, values["mnt_id"])
		}
		if values["ino"] != "" {
			pairs = append(pairs, info.Inode, values["ino"])
		}
		return same(file, pairs...)
	})
}
