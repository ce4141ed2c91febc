package provider

import (
	"bytes"
	"io"
)

// streamLine bounds a line, and streamMost a text that is read line by line.
const (
	streamLine = 1 << 20
	streamMost = 1 << 30
)

// streamLines reads r to its end and calls yield for each line, without its
// newline; one that lacks it is ErrMalformed. It reads into buf, or room of
// its own where a line does not fit. The kernel gives whole lines, so mostly
// nothing is copied.
func streamLines(r io.Reader, buf []byte, file string, yield func(line []byte) error) error {
	buf = buf[:cap(buf)]
	end, total := 0, 0
	for {
		if end == len(buf) {
			buf = streamRoom(buf)
		}
		n, readErr := streamRead(r, buf[end:])
		end += n
		total += n
		rest, err := streamWhole(buf[:end], yield)
		if err != nil {
			return err
		}
		switch {
		case readErr == io.EOF && len(rest) == 0:
			return nil
		case readErr == io.EOF:
			return malformed(file, "no newline at the end")
		case readErr != nil:
			return readErr
		case len(rest) >= streamLine || total > streamMost:
			return &Error{Op: "read", File: file, Err: ErrTooBig}
		}
		end = copy(buf, rest)
	}
}

// streamWhole calls yield for the lines of b that are whole and gives the rest.
func streamWhole(b []byte, yield func([]byte) error) (rest []byte, err error) {
	for {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return b, nil
		}
		if err := yield(b[:n:n]); err != nil {
			return nil, err
		}
		b = b[n+1:]
	}
}

// streamRoom is buf's content with more room behind it.
func streamRoom(buf []byte) []byte {
	room := make([]byte, min(max(2*len(buf), smapsLeast), streamLine))
	copy(room, buf)
	return room
}

// streamRead reads until something comes.
func streamRead(r io.Reader, b []byte) (int, error) {
	for range 100 {
		if n, err := r.Read(b); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}
