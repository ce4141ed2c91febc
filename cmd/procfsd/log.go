package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/sys/unix"
)

// logFlush bounds how long the end of the daemon waits for its last lines.
const logFlush = 1 * time.Second

// logs is the log of a daemon. What is logged never waits for who reads it.
type logs struct {
	*slog.Logger
	queue  *logQueue
	stderr int // what becomes descriptor 2 in the background; -1 nothing
}

// openLog: in the foreground the log is on stderr, in the background where
// daemons' logs are gathered.
func openLog(cfg mountConfig) *logs {
	level := slog.LevelInfo
	if cfg.Trace {
		level = slog.LevelDebug
	}
	if cfg.inBackground() {
		return backgroundLog(level)
	}
	journaled, err := journal.StderrIsJournalStream()
	journaled = journaled && err == nil
	return newLogs(level, streamSink{fd: unix.Stderr, prefixed: journaled}, journaled)
}

// backgroundLog: a stream to the journal takes a crash's last words as well,
// syslog takes the log alone. Where neither is there is nobody to read it.
func backgroundLog(level slog.Level) *logs {
	fd, err := journalStream(journalSocket)
	if err != nil {
		return newLogs(level, new(syslogSink), true)
	}
	l := newLogs(level, streamSink{fd: fd, prefixed: true}, true)
	l.stderr = fd
	return l
}

func newLogs(level slog.Level, sink logSink, bare bool) *logs {
	q := newLogQueue(sink)
	handler := newLineHandler(level, bare, q.put)
	q.notice = handler.lostLines
	go q.run()
	return &logs{Logger: slog.New(handler), queue: q, stderr: -1}
}

func (l *logs) close() { l.queue.close(logFlush) }

// detachStdio lets go of the launcher's terminal.
func (l *logs) detachStdio() error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return failf(exitSystem, "open %s: %w", os.DevNull, err)
	}
	defer unix.Close(null)
	last := null
	if l.stderr >= 0 {
		last = l.stderr
	}
	for fd, from := range []int{null, null, last} {
		if err := unix.Dup3(from, fd, 0); err != nil {
			return failf(exitSystem, "detach from the terminal: %w", err)
		}
	}
	return nil
}
