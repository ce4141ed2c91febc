package provider

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// entries are n of them, among them those whose path is longer than a block's
// front, and than a block.
func entries(n int) string {
	var text strings.Builder
	for i := range n {
		switch i % 1000 {
		case 300:
			text.WriteString(strings.Replace(everyLine(), "[heap]", "/"+strings.Repeat("a", 2*smapsFront), 1))
		case 700:
			text.WriteString(strings.Replace(everyLine(), "[heap]", "/"+strings.Repeat("b", 2*smapsPiece), 1))
		default:
			text.WriteString(everyLine())
		}
	}
	return text.String()
}

// ahead reads a file that has this text.
func ahead(t *testing.T, r *spaceReader, text string, yield func(*Smap) error) error {
	t.Helper()
	name := filepath.Join(t.TempDir(), "smaps")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := openat(unix.AT_FDCWD, name, unix.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	r.fd = fdReader(fd)
	return r.eachSmapAhead(yield)
}

// TestSmapsAhead: whatever its length, a text gives what it gives at once; and
// a reader that has been used, and given back in between, is as good as new.
func TestSmapsAhead(t *testing.T) {
	f := bareFS("test")
	for _, n := range []int{0, 1, 4, 5, 40, 50, 120, 290, 1000, 2000, 3} {
		text := entries(n)
		want, err := ParseSmaps([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r := f.space(closed)
		var got []Smap
		err = ahead(t, r, text, func(s *Smap) error {
			got = append(got, s.clone())
			return nil
		})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d mappings: %d, %v", n, len(got), err)
		}
		f.giveBack(r)
		if r.ahead != nil && cap(r.ahead.rest) > smapsFront || r.smaps.buf != nil || r.smaps.entry.Path != nil {
			t.Errorf("after %d mappings a giant is kept", n)
		}
	}
}

// alone fails the test where a goroutine is left over.
func alone(t *testing.T, fn func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	fn()
	eventually(t, "the goroutine that reads ends", func() bool { return runtime.NumGoroutine() <= before })
}

// TestSmapsAheadEnds: an error ends the reading wherever it comes from, and a
// panic of yield comes through.
func TestSmapsAheadEnds(t *testing.T) {
	stop := errors.New("stop")
	good := entries(3000)
	none := func(*Smap) error { return nil }
	for name, test := range map[string]struct {
		text  string
		yield func(n int) error
		want  error
	}{
		"yield at the first":  {good, func(n int) error { return stop }, stop},
		"yield in the middle": {good, func(n int) error { return map[bool]error{n == 1500: stop}[true] }, stop},
		"yield at the last":   {good, func(n int) error { return map[bool]error{n == 3000: stop}[true] }, stop},
		"cut off":             {good[:len(good)-3], nil, ErrMalformed},
		"cut off far before":  {good[:len(good)/2], nil, ErrMalformed},
		"an endless entry":    {good + smapHeader + strings.Repeat("New: 1 kB\n", 300000), nil, ErrTooBig},
		"an endless line":     {good + strings.Repeat("x", 3<<20), nil, ErrTooBig},
	} {
		alone(t, func() {
			n := 0
			err := ahead(t, bareFS("test").space(closed), test.text, func(s *Smap) error {
				if n++; test.yield != nil {
					return test.yield(n)
				}
				return none(s)
			})
			if !errors.Is(err, test.want) {
				t.Errorf("%s: %v after %d", name, err, n)
			}
		})
	}
	alone(t, func() {
		defer func() {
			if recover() != stop {
				t.Error("the panic is gone")
			}
		}()
		n := 0
		_ = ahead(t, bareFS("test").space(closed), good, func(*Smap) error {
			if n++; n == 1000 {
				panic(stop)
			}
			return nil
		})
	})
}

// TestSmapsAheadReadError: what the kernel refuses in the middle is no end.
func TestSmapsAheadReadError(t *testing.T) {
	text := entries(290)
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if _, err := unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, 1<<20); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.Write(fds[1], []byte(text)); err != nil || n != len(text) {
		t.Fatal(n, err)
	}
	alone(t, func() {
		n := 0
		r := bareFS("test").space(fds[0])
		err := r.eachSmapAhead(func(*Smap) error { n++; return nil })
		if err != unix.EAGAIN || n == 0 || r.ahead == nil {
			t.Errorf("%d mappings, %v", n, err)
		}
	})
}
