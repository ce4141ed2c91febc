package main

import (
	"io"

	"golang.org/x/sys/unix"
)

const (
	journalSocket = "/run/systemd/journal/stdout"

	// What opens a stream, a line each: identifier, unit, priority of lines
	// without a prefix (a crash's, so: error), whether lines have one, and
	// whether to forward to syslog, kmsg and console.
	journalHeader = "procfsd\n\n3\n1\n0\n0\n0\n"
)

// journalStream opens a stream as sd_journal_stream_fd(3) does. Anybody may
// listen at path, in namespaces that users made; so nothing here waits for him,
// neither connecting nor what is written later, be it by the Go runtime.
func journalStream(path string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	if err := introduce(fd, path); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func introduce(fd int, path string) error {
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	if err := unix.Shutdown(fd, unix.SHUT_RD); err != nil {
		return err
	}
	n, err := unix.Write(fd, []byte(journalHeader))
	if err == nil && n < len(journalHeader) {
		err = io.ErrShortWrite
	}
	return err
}
