package provider

import (
	"bytes"
	"io"
	"iter"
	"slices"

	"golang.org/x/sys/unix"
)

// The files of /proc/PID/net (2.6.25) show the network namespace of the
// process. They need no right over it.

// openNet opens a file of the process's network namespace.
func (d *dir) openNet(file string) (int, error) {
	fd, err := d.fs.openat(d.fd, file, unix.O_RDONLY)
	for range 3 { // the process may have left a namespace that ended with it
		if err != unix.ENXIO {
			break
		}
		fd, err = d.fs.openat(d.fd, file, unix.O_RDONLY)
	}
	if err != nil {
		return -1, d.fail("open", file, d.lost(file, err))
	}
	return fd, nil
}

// parseNet reads a file of counters, which the kernel writes as one record.
func (d *dir) parseNet(file string, into Parser) error {
	fd, err := d.openNet(file)
	if err != nil {
		return err
	}
	return d.parseFD(fd, file, into)
}

// netRows goes through a table of the network namespace. It holds a descriptor
// while it runs.
func netRows[T any](d *dir, file string, rows func(io.Reader) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		fd, err := d.openNet(file)
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		defer unix.Close(fd)
		for row, err := range rows(fdReader(fd)) {
			if err != nil {
				err = d.fail("read", file, err)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// netRowsMost bounds the lists that are made of whole tables.
const netRowsMost = 1 << 21

// netList makes a list of a table. A table without rows is empty, not nil.
func netList[T any](file string, rows iter.Seq2[T, error]) ([]T, error) {
	all := []T{}
	for row, err := range rows {
		if err == nil && len(all) == netRowsMost {
			err = &Error{Op: "read", File: file, Err: ErrTooBig}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// netTable makes a list of a table of the process's network namespace.
func netTable[T any](d *dir, file string, rows func(io.Reader) iter.Seq2[T, error]) ([]T, error) {
	all, err := netList(file, netRows(d, file, rows))
	if err != nil {
		return nil, d.fail("read", file, err)
	}
	return all, nil
}

// netLineRows goes through a text of lines, one row each, after the lines of the
// header; header is nil where the table has none, and may be empty. An error
// ends it.
func netLineRows[T any](r io.Reader, file string, header func([]byte) bool, parse func([]byte) (T, bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		l := netLines{r: r, file: file, empty: header == nil}
		first := !l.empty
		for line, err := range l.all {
			if first && err == nil && header(line) {
				continue
			}
			first = false
			row, err := netParseRow(file, line, err, parse)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func netParseRow[T any](file string, line []byte, err error, parse func([]byte) (T, bool)) (row T, _ error) {
	if err != nil {
		return row, err
	}
	row, ok := parse(line)
	if !ok {
		return row, malformed(file, "not a row of the table")
	}
	return row, nil
}

// netHeader makes a header function of the words that a header begins with.
func netHeader(words ...string) func([]byte) bool {
	return func(line []byte) bool {
		line = line[skipBlanks(line, 0):]
		return slices.ContainsFunc(words, func(w string) bool { return bytes.HasPrefix(line, []byte(w)) })
	}
}

// The buffer for lines: what one read of the kernel gives at most is a page,
// and no line is longer than the second bound.
const (
	netLineRoom = 8 << 10
	netLineMost = 64 << 10
)

// netLines reads a text line by line. The line is valid until the next one.
type netLines struct {
	r        io.Reader
	file     string
	empty    bool // the text may be
	buf      []byte
	pos, end int // what is not yet given
}

// all gives the lines without their newlines. A text that is empty but must
// not be, or that does not end with a newline, is ErrMalformed. An error ends it.
func (l *netLines) all(yield func([]byte, error) bool) {
	for given := l.empty; ; given = true {
		line, err := l.next()
		if err == io.EOF && given {
			return
		}
		if err == io.EOF {
			err = malformed(l.file, "no text")
		}
		if !yield(line, err) || err != nil {
			return
		}
	}
}

func (l *netLines) next() ([]byte, error) {
	for seen := 0; ; {
		if n := bytes.IndexByte(l.buf[l.pos+seen:l.end], '\n'); n >= 0 {
			line := l.buf[l.pos : l.pos+seen+n]
			l.pos += seen + n + 1
			return line, nil
		}
		seen = l.end - l.pos
		err := l.fill()
		if err == io.EOF && seen > 0 {
			err = malformed(l.file, "no newline at the end")
		}
		if err != nil {
			return nil, err
		}
	}
}

// fill reads more behind what is left, and makes room for it.
func (l *netLines) fill() error {
	l.end = copy(l.buf, l.buf[l.pos:l.end])
	l.pos = 0
	if len(l.buf)-l.end < netLineRoom/2 {
		if l.end >= netLineMost {
			return &Error{Op: "read", File: l.file, Err: ErrTooBig}
		}
		l.buf = append(make([]byte, 0, max(netLineRoom, 2*len(l.buf))), l.buf[:l.end]...)
		l.buf = l.buf[:cap(l.buf)]
	}
	for range 100 {
		n, err := l.r.Read(l.buf[l.end:])
		l.end += n
		if n > 0 || err != nil {
			return netNoEOF(n, err)
		}
	}
	return io.ErrNoProgress
}

// netNoEOF leaves an end that comes along with bytes to the next read.
func netNoEOF(n int, err error) error {
	if n > 0 && err == io.EOF {
		return nil
	}
	return err
}
