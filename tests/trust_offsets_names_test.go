package tests

import (
	"bytes"
	endian "encoding/binary"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// link: as much of it as there is room for.
func (c *oddCalls) link(path string) {
	c.nodes++
	want, err := os.Readlink(path)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, size := range oddSizes {
		c.reads++
		b := make([]byte, size)
		n, err := unix.Readlink(path, b)
		if got := string(b[:max(n, 0)]); got != want[:min(size, len(want))] || errnoText(err) != map[bool]string{true: "EINVAL", false: "ok"}[size == 0] {
			c.t.Errorf("%s, room for %d: %q, %v; want %q", path, size, got, err, want)
		}
	}
}

// directory is no file.
func (c *oddCalls) directory(path string) {
	c.nodes++
	fd := openNode(c.t, path, unix.O_RDONLY|unix.O_DIRECTORY)
	for _, offset := range slices.Concat(around(16), oddOffsets) {
		for _, size := range oddSizes {
			c.reads++
			_, want := arrives(offset, size)
			if want == nil {
				want = unix.EISDIR
			}
			if n, err := unix.Pread(fd, make([]byte, size), offset); err != want {
				c.t.Errorf("%s: %d bytes at %d: %d, %v; want %v", path, size, offset, n, err, want)
			}
		}
	}
}

// listing goes on at each place with what comes after it, as far as there is
// room, and at least with one name.
func (c *oddCalls) listing(path string) {
	fd := openNode(c.t, path, unix.O_RDONLY|unix.O_DIRECTORY)
	all, err := listed(fd, 0, 1<<16)
	if err != nil || len(all) < 10 {
		c.t.Fatalf("%s: %v, %v", path, all, err)
	}
	for _, offset := range slices.Concat(around(len(all)), oddOffsets) {
		for _, size := range oddSizes {
			c.reads++
			want := slices.Clone(all)
			want = slices.DeleteFunc(want, func(e entry) bool { return e.end <= offset })
			var wantErr error
			if offset < 0 || size < 24 && len(want) > 0 { // the shortest entry
				want, wantErr = nil, unix.EINVAL
			}
			if got, err := listed(fd, offset, size); errnoText(err) != errnoText(wantErr) || !slices.Equal(got, want) {
				c.t.Errorf("%s: listed from %d with room for %d: %v, %v; want %v, %v", path, offset, size, got, err, want, wantErr)
			}
		}
	}
}

// entry is a name, and the offset after it.
type entry struct {
	name string
	end  int64
}

func listed(fd int, offset int64, size int) (all []entry, err error) {
	if _, err := unix.Seek(fd, offset, unix.SEEK_SET); err != nil {
		return nil, err
	}
	b := make([]byte, size)
	n, err := unix.Getdents(fd, b)
	for b = b[:max(n, 0)]; len(b) > 0; b = b[endian.NativeEndian.Uint16(b[16:]):] {
		name, _, _ := bytes.Cut(b[19:], []byte{0})
		all = append(all, entry{string(name), int64(endian.NativeEndian.Uint64(b[8:]))})
	}
	return all, err
}
