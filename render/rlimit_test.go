package render

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// names are section 7's of the specification, in its order.
const names = "cpu fsize data stack core rss memlock nproc nofile sbsize vmem npts swap kqueues umtx pipebuf vmm"

// parseRlimit is AppendRlimit the other way round.
func parseRlimit(text []byte) (*Rlimit, error) {
	r := &Rlimit{}
	want := strings.Fields(names)
	lines := strings.Split(string(text), "\n")
	if len(lines) != len(want)+1 || lines[len(want)] != "" {
		return nil, fmt.Errorf("%w: %d lines", errForm, len(lines)-1)
	}
	for i, line := range lines[:len(want)] {
		w := strings.Split(line, " ")
		if len(w) != 3 || w[0] != want[i] {
			return nil, fmt.Errorf("%w: line %q, want %s", errForm, line, want[i])
		}
		var err1, err2 error
		r[i].Cur, err1 = parseLimit(w[1])
		r[i].Max, err2 = parseLimit(w[2])
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%w: line %q", errForm, line)
		}
	}
	return r, nil
}

func parseLimit(word string) (uint64, error) {
	if word == "-1" {
		return Infinity, nil
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 0 || n == math.MaxInt64 || strconv.FormatInt(n, 10) != word {
		return 0, fmt.Errorf("%w: limit %q", errForm, word)
	}
	return uint64(n), nil
}

func limits() *Rlimit {
	r := &Rlimit{}
	for i := range r {
		r[i] = Limit{uint64(i), Infinity}
	}
	r[NoFile], r[Stack], r[Core], r[MemLock] = Limit{1024, 524288}, Limit{8 << 20, math.MaxInt64 - 1}, Limit{0, math.MaxInt64}, Limit{1 << 63, 1 << 33}
	return r
}

func TestAppendRlimit(t *testing.T) {
	const want = `cpu 0 -1
fsize 1 -1
data 2 -1
stack 8388608 9223372036854775806
core 0 -1
rss 5 -1
memlock -1 8589934592
nproc 7 -1
nofile 1024 524288
sbsize 9 -1
vmem 10 -1
npts 11 -1
swap 12 -1
kqueues 13 -1
umtx 14 -1
pipebuf 15 -1
vmm 16 -1
`
	if got := string(AppendRlimit(nil, limits())); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestResourceString(t *testing.T) {
	for r, want := range map[Resource]string{
		CPU: "cpu", FSize: "fsize", Data: "data", Stack: "stack", Core: "core", RSS: "rss", MemLock: "memlock",
		NProc: "nproc", NoFile: "nofile", SBSize: "sbsize", VMem: "vmem", NPTS: "npts", Swap: "swap",
		KQueues: "kqueues", UMTX: "umtx", PipeBuf: "pipebuf", VMM: "vmm",
		VMM + 1: "Resource(17)", -1: "Resource(-1)",
	} {
		if got := r.String(); got != want {
			t.Errorf("resource %d is %s, want %s", int(r), got, want)
		}
	}
	if n := len(Rlimit{}); n != 17 {
		t.Errorf("%d limits, want 17", n)
	}
}

// The longest text still comes in one read of 4096 bytes.
func TestAppendRlimitLongest(t *testing.T) {
	r := &Rlimit{}
	for i := range r {
		r[i] = Limit{math.MaxInt64 - 1, math.MaxInt64 - 1}
	}
	got := len(AppendRlimit(nil, r))
	if want := len(names) + 1 + 17*(1+19+1+19); got != want || got >= 4096 {
		t.Errorf("%d bytes, want %d", got, want)
	}
}

func TestRlimitRoundTrip(t *testing.T) {
	r := limits()
	r[Core].Max, r[MemLock].Cur = Infinity, Infinity // other spellings of the same
	got, err := parseRlimit(AppendRlimit(nil, r))
	if err != nil || *got != *r {
		t.Errorf("parsed %v, %v, want %v", got, err, r)
	}
}

func TestAppendRlimitAllocs(t *testing.T) {
	r := limits()
	noAllocs(t, func(dst []byte) []byte { return AppendRlimit(dst, r) })
}

func FuzzRlimit(f *testing.F) {
	f.Add(uint64(1024), uint64(524288), uint(NoFile))
	f.Add(uint64(0), uint64(math.MaxInt64), uint(CPU))
	f.Add(uint64(math.MaxInt64-1), uint64(1<<63), uint(VMM))
	f.Add(Infinity, uint64(1), uint(16))
	f.Fuzz(func(t *testing.T, cur, hard uint64, at uint) {
		r := &Rlimit{}
		for i := range r {
			r[i] = Limit{hard, cur}
		}
		r[at%17] = Limit{cur, hard}
		text := AppendRlimit(nil, r)
		got, err := parseRlimit(text) // exactly the 17 lines
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range r {
			if want := (Limit{finite(l.Cur), finite(l.Max)}); got[i] != want {
				t.Fatalf("%v: %v, want %v", Resource(i), got[i], want)
			}
		}
		if again := AppendRlimit(nil, got); !bytes.Equal(again, text) {
			t.Fatalf("text %q, again %q", text, again)
		}
	})
}

// finite folds all that is no limit into Infinity.
func finite(v uint64) uint64 {
	if int64(v) < 0 || v == math.MaxInt64 {
		return Infinity
	}
	return v
}

func BenchmarkAppendRlimit(b *testing.B) {
	r, dst := limits(), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendRlimit(dst[:0], r)
	}
	b.SetBytes(int64(len(dst)))
}
