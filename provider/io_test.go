package provider

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestParseIO(t *testing.T) {
	i, err := ParseIO([]byte("rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n"))
	want := IO{RChar: 1, WChar: 2, SyscR: 3, SyscW: 4, ReadBytes: 5, WriteBytes: 6, CancelledWriteBytes: 7, has: 1<<ioFields - 1}
	if err != nil || !reflect.DeepEqual(i, want) {
		t.Errorf("%+v, %v", i, err)
	}
	for f := range ioFields {
		if !i.Has(f) || *i.at(f) != uint64(f)+1 {
			t.Errorf("%s: %d", f, *i.at(f))
		}
	}
	if i.Has(ioFields) || ioFields.String() != "unknown field" {
		t.Error("a field out of nothing")
	}
	malformedText(t, ParseIO, "", "\n", "rchar: 1", "rchar:\n", "rchar: x\n", "rchar: -1\n", "rchar: 1 2\n", "rchar: 18446744073709551616\n",
		"new: 1\n", "rchar: 1\nwchar: 2", "rchar: 1\nwchar: \n")
}

// Fault 16: kernels with fewer lines, or with others, are no error.
func TestFault16IOMissing(t *testing.T) {
	i, err := ParseIO(counterText(t, "older", "io"))
	if err != nil || i.RChar != 4000 || i.SyscW != 1 || i.Has(IOReadBytes) || !i.Has(IOSyscW) {
		t.Errorf("%+v, %v", i, err)
	}
	i, err = ParseIO(counterText(t, "gvisor", "io"))
	if err != nil || i.WChar != 5 || i.CancelledWriteBytes != 10 || i.Has(IORChar) || len(i.Unknown) != 1 || string(i.Unknown[0]) != "char: 1234" {
		t.Errorf("%+v, %v", i, err)
	}
	// The next text must not show what this one had.
	if err := i.Parse([]byte("wchar: 1\n")); err != nil || len(i.Unknown) != 0 || i.Has(IOSyscR) || i.SyscR != 0 {
		t.Errorf("%+v, %v", i, err)
	}
	if err := i.Parse([]byte("wchar: 1\nx: 3\ny")); err == nil || !reflect.ValueOf(i).IsZero() {
		t.Errorf("%+v, %v", i, err)
	}
}

func FuzzParseIO(f *testing.F) {
	counterSeeds(f, "io")
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := ParseIO(b)
		lawful(t, i, err)
		if err == nil {
			checkLines(t, &i, b)
		}
	})
}

// checkLines finds each line of the text again, in its field or in Unknown.
func checkLines(t *testing.T, i *IO, b []byte) {
	unknown := 0
	last := map[string]string{}
	for line := range strings.Lines(string(b)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok || ioField(key) == ioFields {
			unknown++
			continue
		}
		last[key] = value
	}
	for key, value := range last {
		if v, ok := uintField([]byte(value)); !ok || *i.at(ioField(key)) != v || !i.Has(ioField(key)) {
			t.Fatalf("%q: %+v", b, i)
		}
	}
	if len(i.Unknown) != unknown {
		t.Fatalf("%q: %q", b, i.Unknown)
	}
}

func ioField(key string) IOField {
	for f := range ioFields {
		if f.String() == key {
			return f
		}
	}
	return ioFields
}

func checkIO(p *Process) error {
	return steady(p, "io", func(raw []byte) error {
		var i IO
		if err := p.IO(&i); err != nil {
			return err
		}
		f := strings.Fields(string(raw))
		return same("io", i.RChar, f[1], i.WChar, f[3], i.SyscR, f[5], i.SyscW, f[7], i.ReadBytes, f[9], i.WriteBytes, f[11],
			i.CancelledWriteBytes, f[13], len(i.Unknown), (len(f)-14)/2)
	})
}

// What this process reads is counted.
func TestIOCounts(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	var before, after IO
	if err := p.IO(&before); err != nil {
		cannot(t, err.Error())
	}
	const length = 100_000
	zero, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer zero.Close()
	if n, err := zero.Read(make([]byte, length)); n != length {
		t.Fatal(n, err)
	}
	if err := p.IO(&after); err != nil || after.RChar < before.RChar+length || after.SyscR <= before.SyscR {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
}
