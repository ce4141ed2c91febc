package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// keeper is a sink in memory, which fails on demand.
type keeper struct {
	mu    sync.Mutex
	lines []logLine
	err   error
}

func (k *keeper) write(l logLine) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.lines = append(k.lines, l)
	}
	return k.err
}

// Every record is one line, whatever is in it.
func TestLogLines(t *testing.T) {
	for _, c := range []struct {
		message string
		args    []any
		want    string
	}{
		{"mounted", []any{"mountpoint", "/mnt/proc"}, "mounted mountpoint=/mnt/proc"},
		{"mounted", []any{"mountpoint", "/mnt/a b\nREADY=1"}, `mounted mountpoint="/mnt/a b\nREADY=1"`},
		{"two\nlines", nil, "two; lines"},
		{"", []any{"k", "\x1b[31m\xff"}, ` k="\x1b[31m\xff"`},
		{"group", []any{slog.Group("g", "level", 1)}, "group g.level=1"},
		{"long", []any{"k", strings.Repeat("é", longestLine)}, "long k=" + strings.Repeat("é", (longestLine-len("long k=")-3)/2) + "…"},
	} {
		k := new(keeper)
		l := newLogs(slog.LevelInfo, k, true)
		l.Debug("not at this level")
		l.Error(c.message, c.args...)
		l.close()
		if len(k.lines) != 1 || k.lines[0] != (logLine{slog.LevelError, c.want}) {
			t.Errorf("%q: got %.200v, want %.200q", c.message, k.lines, c.want)
		}
	}
}

func TestLogLinesWithTime(t *testing.T) {
	k := new(keeper)
	l := newLogs(slog.LevelDebug, k, false)
	l.With("a", 1).WithGroup("g").Debug("READ", "b", "c d")
	l.close()
	if len(k.lines) != 1 || !strings.HasPrefix(k.lines[0].text, "time=20") || !strings.HasSuffix(k.lines[0].text, ` level=DEBUG msg=READ a=1 g.b="c d"`) {
		t.Errorf("%v", k.lines)
	}
}

// Of a pipe that nobody reads no caller ever learns; who reads it at last finds
// the oldest lines and how many are missing.
func TestLogNeverBlocks(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := newLogs(slog.LevelInfo, streamSink{fd: int(w.Fd()), prefixed: true}, true)
	const many = 20000
	for i := range many {
		l.Info("line", "number", i)
	}
	read := make(chan []string)
	go func() {
		text, _ := io.ReadAll(r)
		read <- strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}()
	l.queue.close(time.Minute)
	w.Close()
	lines, kept, lost := <-read, 0, 0
	for _, line := range lines {
		var number, count int
		if _, err := fmt.Sscanf(line, "<6>line number=%d", &number); err == nil {
			kept++
		} else if _, err := fmt.Sscanf(line, "<4>log lines were lost count=%d", &count); err == nil {
			lost += count
		} else {
			t.Fatalf("%q", line)
		}
	}
	if kept+lost != many || lost == 0 || kept < queuedLines {
		t.Errorf("%d lines and %d lost, want %d", kept, lost, many)
	}
}

// A sink that is stuck does not keep the daemon from ending.
func TestLogEndsInTime(t *testing.T) {
	stuck := make(chan struct{})
	defer close(stuck)
	l := newLogs(slog.LevelInfo, sinkFunc(func(logLine) error { <-stuck; return nil }), true)
	l.Info("never written")
	l.queue.close(time.Millisecond)
}

type sinkFunc func(logLine) error

func (f sinkFunc) write(l logLine) error { return f(l) }

// What a failing sink did not take is counted, and told when it takes again.
func TestLogLost(t *testing.T) {
	k := &keeper{err: errors.New("no syslog")}
	l := newLogs(slog.LevelInfo, k, true)
	for range 3 {
		l.Info("lost")
	}
	for l.queue.lost.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	k.mu.Lock()
	k.err = nil
	k.mu.Unlock()
	l.Error("kept")
	l.close()
	want := []logLine{{slog.LevelError, "kept"}, {slog.LevelWarn, "log lines were lost count=3"}}
	if len(k.lines) != 2 || k.lines[0] != want[0] || k.lines[1] != want[1] {
		t.Errorf("%v, want %v", k.lines, want)
	}
}

// journalAt listens as the journal does.
func journalAt(t *testing.T) (*net.UnixListener, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdout")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func TestJournalStream(t *testing.T) {
	listener, path := journalAt(t)
	fd, err := journalStream(path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	l := newLogs(slog.LevelDebug, streamSink{fd: fd, prefixed: true}, true)
	l.Debug("request", "node", "map")
	l.Info("mounted", "mountpoint", "/mnt")
	l.Warn("overload")
	l.Error("two\nlines")
	l.close()
	unix.Close(fd)
	text, err := io.ReadAll(conn)
	want := journalHeader + "<7>request node=map\n<6>mounted mountpoint=/mnt\n<4>overload\n<3>two; lines\n"
	if err != nil || string(text) != want {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
}

// A journal that does not accept holds nobody up who connects.
func TestJournalStreamStuck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stdout")
	listener, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)
	if err := errors.Join(unix.Bind(listener, &unix.SockaddrUnix{Name: path}), unix.Listen(listener, 0)); err != nil {
		t.Fatal(err)
	}
	var full error
	for range 10 {
		fd, err := journalStream(path)
		if full = err; err != nil {
			break
		}
		defer unix.Close(fd)
	}
	if !errors.Is(full, unix.EAGAIN) {
		t.Errorf("connect: %v, want EAGAIN", full)
	}
}

// Nor who writes, which at the end of a crash is the Go runtime; our own lines
// wait for room behind the queue.
func TestJournalStreamFull(t *testing.T) {
	listener, path := journalAt(t)
	fd, err := journalStream(path)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for err == nil {
		_, err = unix.Write(fd, []byte("goroutine 1 [running]:\n"))
	}
	if !errors.Is(err, unix.EAGAIN) {
		t.Errorf("write: %v, want EAGAIN", err)
	}
	done := make(chan error, 1)
	go func() { done <- writeAll(fd, []byte("a line for who reads\n")) }()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		if line, err := in.ReadString('\n'); err != nil || strings.HasSuffix(line, "a line for who reads\n") {
			break
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestJournalStreamMissing(t *testing.T) {
	for path, want := range map[string]error{
		filepath.Join(t.TempDir(), "none"): unix.ENOENT,
		t.TempDir():                        unix.ECONNREFUSED,
	} {
		before := openDescriptors(t)
		if fd, err := journalStream(path); fd != -1 || !errors.Is(err, want) {
			t.Errorf("%d, %v; want %v", fd, err, want)
		}
		if after := openDescriptors(t); after != before {
			t.Errorf("%d descriptors, before %d", after, before)
		}
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	links, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(links)
}
