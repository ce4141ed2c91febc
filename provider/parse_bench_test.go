package provider

import (
	"bytes"
	"io"
	"os"
	"testing"
)

// The texts to parse are this process's own, as the kernel writes them today.
func ownText(tb testing.TB, file string) []byte {
	tb.Helper()
	b, err := os.ReadFile("/proc/self/" + file)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func BenchmarkParseStat(b *testing.B) {
	text := ownText(b, "stat")
	var s Stat
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseStatus(b *testing.B) {
	text := ownText(b, "status")
	var s Status
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseStatHead(b *testing.B) { benchmarkPart(b, "stat", new(statHead)) }

func BenchmarkParseStatusHead(b *testing.B) { benchmarkPart(b, "status", new(statusHead)) }

func BenchmarkParseStatusRights(b *testing.B) { benchmarkPart(b, "status", new(statusRights)) }

func benchmarkPart(b *testing.B, file string, into Parser) {
	text := ownText(b, file)
	b.ReportAllocs()
	for b.Loop() {
		if err := into.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseLimits(b *testing.B) {
	text := ownText(b, "limits")
	var l Limits
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMappings(b *testing.B) {
	text := ownText(b, "maps")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, err := range Mappings(text) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/mapping")
}

// kernelReader gives whole entries up to 4 KiB a read, as seq_file does.
type kernelReader struct {
	text []byte
	ends []int // of what each read gives at most
	pos  int
	read int
}

func newKernelReader(text []byte) *kernelReader {
	r := &kernelReader{text: text}
	for end := 0; end < len(text); {
		page := text[end:min(len(text), end+4096)]
		last := bytes.LastIndex(page, []byte("VmFlags"))
		end += last + bytes.IndexByte(text[end+last:], '\n') + 1
		r.ends = append(r.ends, end)
	}
	return r
}

// Read starts again after the end.
func (r *kernelReader) Read(b []byte) (int, error) {
	if r.read == len(r.ends) {
		r.read, r.pos = 0, 0
		return 0, io.EOF
	}
	n := copy(b, r.text[r.pos:r.ends[r.read]])
	if r.pos += n; r.pos == r.ends[r.read] {
		r.read++
	}
	return n, nil
}

func BenchmarkReadSmaps(b *testing.B) {
	text := bytes.Repeat(ownText(b, "smaps"), 10)
	buf := make([]byte, 32<<10)
	r := newKernelReader(text)
	n := 0
	count := func(*Smap) error { n++; return nil }
	b.ReportAllocs()
	for b.Loop() {
		if err := ReadSmaps(r, buf, count); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/mapping")
}
