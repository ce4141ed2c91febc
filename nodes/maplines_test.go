package nodes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/procfsd/procfsd/render"
)

// TestObjects: counts as a map has them, also of ids that share their low bits
// or their high ones.
func TestObjects(t *testing.T) {
	var o objects
	want, places := map[uint64]uint32{}, map[uint32]uint64{}
	for i := range uint64(20000) {
		id := []uint64{0, 1 + i%7, i << 32, 0xfffff8<<40 | i, rand.Uint64N(5000)}[i%5]
		at := o.hold(id)
		if was, ok := places[at]; ok && was != id {
			t.Fatalf("%#x is where %#x is", id, was)
		}
		places[at] = id
		if id != 0 {
			want[id]++
		}
	}
	if len(o.held) != len(want)+1 || o.held[0].count != 0 {
		t.Errorf("%d objects, want %d, and nothing is held %d times", len(o.held)-1, len(want), o.held[0].count)
	}
	for _, h := range o.held[1:] {
		if h.count != want[h.id] {
			t.Errorf("%#x: %d, want %d", h.id, h.count, want[h.id])
		}
	}
}

// manyEntries have objects of one to thousands of mappings, and some have a
// path that is larger than a piece.
func manyEntries(n int) []render.MapEntry {
	entries, count := make([]render.MapEntry, n), map[uint64]int{}
	for i := range entries {
		e := &entries[i]
		*e = render.MapEntry{Start: uint64(i) << 12, End: uint64(i+1) << 12, Object: uint64(i % 3 * (i / 5)), Type: render.TypeVnode, Path: "/lib"}
		if i%2 == 0 {
			e.Object = 0xfffff8<<40 | 1
		}
		if i%1000 == 999 {
			e.Path = "/" + strings.Repeat("x\n", mostPiece)
		}
		count[e.Object]++
	}
	count[0] = 0
	for i := range entries {
		entries[i].RefCount = count[entries[i].Object]
	}
	return entries
}

// TestMapLines: the text is what it is when all is known from the start, its
// room is as large as itself, and memory is asked for before it is used.
func TestMapLines(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 60, 999, 1000, 5000} {
		asked := 0
		lines := mapLines{reserve: func(n int) error { asked += n; return nil }}
		entries := manyEntries(n)
		for i := range entries {
			e := entries[i]
			e.RefCount = -1 // not looked at
			if err := lines.add(&e); err != nil {
				t.Fatal(err)
			}
			if used := lines.memory(); asked < used {
				t.Fatalf("%d lines: asked for %d bytes, used %d", i+1, asked, used)
			}
		}
		want := render.AppendMap([]byte("before"), entries)
		got := lines.appendTo([]byte("before"))
		if string(got) != string(want) {
			t.Errorf("%d lines: %d bytes, want %d", n, len(got), len(want))
		}
		if size := lines.size + lines.objects.digits(lines.count); size != len(got)-len("before") {
			t.Errorf("%d lines: %d bytes were foreseen, it is %d", n, size, len(got)-len("before"))
		}
	}
}

// memory is what the lines take now, and will for the whole text.
func (l *mapLines) memory() int {
	n := 16*cap(l.objects.held) + 4*cap(l.objects.table) + l.size + l.objects.digits(l.count)
	for _, p := range l.pieces {
		n += cap(p.text) + 8*cap(p.gaps)
	}
	return n
}

// TestMapLinesRefused: memory that is not granted is not used, at whichever
// piece, and there is an end to the number of lines.
func TestMapLinesRefused(t *testing.T) {
	refusal := errors.New("no")
	for granted := range 4 {
		lines := mapLines{reserve: func(int) error {
			if granted--; granted < 0 {
				return refusal
			}
			return nil
		}}
		pieces, n, err := granted, 0, error(nil)
		for ; err == nil; n++ {
			err = lines.add(&render.MapEntry{Object: 7})
		}
		if err != refusal || len(lines.pieces) != pieces || lines.count != n-1 {
			t.Errorf("%d pieces, want %d; %d lines of %d, %v", len(lines.pieces), pieces, lines.count, n, err)
		}
	}
	lines := mapLines{reserve: func(int) error { return nil }, count: maxMap}
	if err := lines.add(&render.MapEntry{}); !errors.Is(err, ErrTooBig) {
		t.Errorf("one too many: %v", err)
	}
}

// manyMapped is a child with n mappings more than others, and the question.
func manyMapped(t testing.TB, n string) (*child, *Query) {
	t.Helper()
	c := start(t)
	if got := c.answer("map %s", n); got != "<nil>" {
		t.Fatal(got)
	}
	return c, find(t, c.asks(openTree(t, Options{GID: -1})), c.pid)
}

// TestMapLong: a map that is read ahead has every mapping, and once more from
// the start.
func TestMapLong(t *testing.T) {
	c, q := manyMapped(t, "3000")
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", c.pid))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		lines := strings.Split(processText(t, q, "map"), "\n")
		for i, line := range strings.Split(string(maps), "\n") {
			range_, _, _ := strings.Cut(line, " ")
			from, to, _ := strings.Cut(range_, "-")
			if from != "" && !strings.HasPrefix(lines[i], "0x"+strings.TrimLeft(from, "0")+" 0x"+strings.TrimLeft(to, "0")+" ") {
				t.Fatalf("%q, want %q", lines[i], line)
			}
		}
	}
}

// TestMapAllocations: the number of mappings makes nearly no difference.
func TestMapAllocations(t *testing.T) {
	of := func(n string) float64 {
		_, q := manyMapped(t, n)
		processText(t, q, "map")
		return testing.AllocsPerRun(5, func() { processText(t, q, "map") })
	}
	if few, many := of("300"), of("3300"); many > few+100 {
		t.Errorf("%v allocations, with 3000 mappings more %v", few, many)
	}
}

// TestMapEnds: a process that goes while its map is made is gone, and a caller
// who goes leaves nothing behind.
func TestMapEnds(t *testing.T) {
	for name, want := range map[string]error{"kill": ErrGone, "exec": ErrGone, "cancel": context.Canceled} {
		c, q := manyMapped(t, "3000")
		file, err := openMap(q, Access{Read: true})
		if err != nil {
			t.Fatal(err)
		}
		before := runtime.NumGoroutine()
		q.File = file
		ctx, cancel := context.WithCancel(context.Background())
		q.Context = ctx
		pieces := 0
		q.Reserve = func(int) error {
			if pieces++; pieces == 2 {
				map[string]func(){"kill": c.kill, "cancel": cancel, "exec": func() { c.do("exec"); c.hello() }}[name]()
			}
			return nil
		}
		got, err := fillMap(q, []byte("before"))
		if !errors.Is(err, want) || string(got) != "before" {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		cancel()
		file.Close()
		for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatalf("%s: a goroutine is left over", name)
			}
		}
	}
}

// patience counts what it is told.
type patience struct {
	context.Context
	steps int
}

func (p *patience) Progress() error { p.steps++; return p.Err() }

// TestMapProgress: whoever waits hears of each line.
func TestMapProgress(t *testing.T) {
	c, q := manyMapped(t, "100")
	c.stop()
	file, err := openMap(q, Access{Read: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := &patience{Context: context.Background()}
	q.File, q.Context = file, p
	if text, err := fillMap(q, nil); err != nil || p.steps < 100 || p.steps != bytes.Count(text, []byte("\n")) {
		t.Errorf("%d steps, %d lines, %v", p.steps, bytes.Count(text, []byte("\n")), err)
	}
}

// TestGiveBack: memory is given back once after a giant.
func TestGiveBack(t *testing.T) {
	begin := time.Now()
	if !giveBack(time.Now()) {
		t.Error("nothing is given back")
	}
	if giveBack(begin) {
		t.Error("it is given back twice")
	}
}
