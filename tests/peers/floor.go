package main

import (
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// floorRoom is what the floor reads into, over and over.
const floorRoom = 64 << 10

// oneRead is the floor of a file that the kernel writes as one record.
func oneRead(file string, decode decoder) impl {
	return func(t *target) *probe {
		name, buf := cname(file), make([]byte, floorRoom)
		return &probe{
			call: func() error {
				_, err := readOnce(t.fd, name, buf)
				return err
			},
			facts: func() (facts, error) { return t.fileFacts(file, decode) },
		}
	}
}

// toEnd is the floor of a file of many records.
func toEnd(file string, decode decoder) impl {
	return func(t *target) *probe {
		name, buf := cname(file), make([]byte, floorRoom)
		return &probe{
			call: func() error {
				_, err := readToEnd(t.fd, name, buf)
				return err
			},
			facts: func() (facts, error) { return t.fileFacts(file, decode) },
		}
	}
}

// openStat is the floor of a stat for which there is no handle yet.
func openStat(t *target) *probe {
	name, file, buf := cname(strconv.Itoa(t.pid)), cname("stat"), make([]byte, floorRoom)
	return &probe{
		call: func() error {
			fd, err := open(t.stage.fd, name, unix.O_PATH|unix.O_DIRECTORY)
			if err != nil {
				return err
			}
			_, err = readOnce(fd, file, buf)
			closeFD(fd)
			return err
		},
		facts: func() (facts, error) { return t.fileFacts("stat", statFacts) },
	}
}

// link is the floor of a symbolic link.
func link(file string, decode decoder) impl {
	return func(t *target) *probe {
		name, buf := cname(file), make([]byte, unix.PathMax)
		return &probe{
			call: func() error { return readlink(t.fd, name, buf) },
			facts: func() (facts, error) {
				text, err := os.Readlink(t.path(file))
				return decode(t, text), err
			},
		}
	}
}

// links is the floor of the targets of all links in a directory.
func links(dir string, decode decoder) impl {
	return func(t *target) *probe {
		name, entries, buf := cname(dir), make([]byte, floorRoom), make([]byte, unix.PathMax)
		return &probe{
			call:  func() error { return readlinks(t.fd, name, entries, buf) },
			facts: func() (facts, error) { return t.linkFacts(dir, decode) },
		}
	}
}

// statSize is the floor of the number of entries, which a directory may have
// as its size (fd since Linux 6.2).
func statSize(dir string, decode decoder) impl {
	return func(t *target) *probe {
		st := new(unix.Stat_t)
		name := cname(dir)
		return &probe{
			call:  func() error { return stat(t.fd, name, st) },
			facts: func() (facts, error) { return t.linkFacts(dir, decode) },
		}
	}
}

// list is the floor of the numbers of all processes.
func list(t *target) *probe {
	name, entries := cname("."), make([]byte, floorRoom)
	none := func(int, *byte) error { return nil }
	return &probe{
		call:  func() error { return eachEntry(t.stage.fd, name, entries, none) },
		facts: t.stage.naiveCrowd,
	}
}

// walk is the floor of a file of every process.
func walk(file string) impl {
	return func(t *target) *probe {
		name, entries, buf := cname("."), make([]byte, floorRoom), make([]byte, floorRoom)
		one := readOf(t.stage.fd, file, buf)
		return &probe{
			call:  func() error { return eachEntry(t.stage.fd, name, entries, one) },
			facts: t.stage.naiveCrowd,
		}
	}
}

// readOf reads "PID/file" for an entry that is a number; those that exit
// meanwhile are no error.
func readOf(at int, file string, buf []byte) func(int, *byte) error {
	path := make([]byte, 64)
	return func(_ int, entry *byte) error {
		if *entry < '1' || *entry > '9' {
			return nil
		}
		n := copy(path, cstring(entry))
		path[n] = '/'
		n += 1 + copy(path[n+1:], file)
		path[n] = 0
		_, err := readOnce(at, &path[0], buf)
		if err == unix.ENOENT || err == unix.ESRCH {
			return nil
		}
		return err
	}
}

// cname gives name as the kernel wants it.
func cname(name string) *byte { return &append([]byte(name), 0)[0] }

// cstring gives the bytes before the NUL at which a name ends.
func cstring(name *byte) []byte {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(name), n)) != 0 {
		n++
	}
	return unsafe.Slice(name, n)
}

func (t *target) path(file string) string { return filepath.Join(t.dir, file) }

// fileFacts decodes a file once more, by simple means.
func (t *target) fileFacts(file string, decode decoder) (facts, error) {
	text, err := os.ReadFile(t.path(file))
	if err != nil {
		return nil, err
	}
	return decode(t, string(text)), nil
}

// linkFacts decodes a directory of links as lines of name, blank and target.
func (t *target) linkFacts(dir string, decode decoder) (facts, error) {
	entries, err := os.ReadDir(t.path(dir))
	if err != nil {
		return nil, err
	}
	var text string
	for _, e := range entries {
		to, err := os.Readlink(filepath.Join(t.path(dir), e.Name()))
		if err != nil {
			return nil, err
		}
		text += e.Name() + " " + to + "\n"
	}
	return decode(t, text), nil
}
