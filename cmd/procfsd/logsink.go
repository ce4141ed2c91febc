package main

import (
	"log/slog"
	"log/syslog"

	"golang.org/x/sys/unix"
)

// Priorities of syslog(3), which the journal shares.
func priority(level slog.Level) byte {
	switch {
	case level >= slog.LevelError:
		return '3'
	case level >= slog.LevelWarn:
		return '4'
	case level >= slog.LevelInfo:
		return '6'
	}
	return '7'
}

// streamSink is a descriptor: a terminal, a file, or, prefixed, a stream to the
// journal, which reads the priority from the beginning of each line as
// sd-daemon(3) has it.
type streamSink struct {
	fd       int
	prefixed bool
}

func (s streamSink) write(l logLine) error {
	line := l.text + "\n"
	if s.prefixed {
		line = "<" + string(priority(l.level)) + ">" + line
	}
	return writeAll(s.fd, []byte(line))
}

// writeAll waits for room itself where the descriptor does not.
func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		switch err {
		case nil:
			b = b[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
		default:
			return err
		}
	}
	return nil
}

// syslogSink connects to the local syslog when there is something to say, and
// again when it has failed.
type syslogSink struct {
	w *syslog.Writer
}

func (s *syslogSink) write(l logLine) (err error) {
	if s.w == nil {
		if s.w, err = syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, "procfsd"); err != nil {
			s.w = nil
			return err
		}
	}
	switch priority(l.level) {
	case '3':
		return s.w.Err(l.text)
	case '4':
		return s.w.Warning(l.text)
	case '6':
		return s.w.Info(l.text)
	}
	return s.w.Debug(l.text)
}
