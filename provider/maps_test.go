package provider

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// naiveMaps takes a maps text apart at its blanks.
func naiveMaps(raw []byte) (all []string) {
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		fields := strings.Fields(line)
		path := line
		for _, field := range fields[:5] {
			path = path[strings.Index(path, field)+len(field):]
		}
		all = append(all, strings.Join(fields[:5], " ")+" "+strings.TrimLeft(path, " "))
	}
	return all
}

func (m *Mapping) plain() string {
	return fmt.Sprintf("%08x-%08x %s %08x %02x:%02x %d %s", m.Start, m.End, m.Perms, m.Offset, m.Dev.Major, m.Dev.Minor, m.Inode, m.Path)
}

func plainMaps(list []Mapping) (all []string) {
	for _, m := range list {
		all = append(all, m.plain())
	}
	return all
}

// differ is errDiffers where two lists do.
func differ[T any](what string, got, want []T) error {
	if len(got) != len(want) {
		return fmt.Errorf("%w: %s: %d, the text says %d", errDiffers, what, len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Errorf("%w: %s %d: %+v, the text says %+v", errDiffers, what, i, got[i], want[i])
		}
	}
	return nil
}

func checkMaps(p *Process) error {
	return steady(p, "maps", func(raw []byte) error {
		all, err := p.Maps()
		if err != nil {
			return err
		}
		return differ("mapping", plainMaps(all), naiveMaps(raw))
	})
}

func checkEachMapping(p *Process) error {
	return steady(p, "maps", func(raw []byte) error {
		var all []string
		err := p.EachMapping(func(m *Mapping) error { all = append(all, m.plain()); return nil })
		if err != nil {
			return err
		}
		return differ("mapping", all, naiveMaps(raw))
	})
}

func checkOpenMaps(p *Process) error {
	f, err := p.OpenMaps()
	if err != nil {
		return err
	}
	defer f.Close()
	return steady(p, "maps", func(raw []byte) error {
		for range 2 { // from the start each time
			var all []string
			if err := f.Each(func(m *Mapping) error { all = append(all, m.plain()); return nil }); err != nil {
				return err
			}
			if err := differ("mapping", all, naiveMaps(raw)); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestMapsCases(t *testing.T) {
	for _, name := range caseNames(t) {
		f, err := OpenFS("testdata/proc/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		pids, _ := f.PIDs(nil)
		all, err := pin(t, f, pids[0]).Maps()
		want := naiveMaps(caseText(t, name, "maps"))
		switch {
		case strings.HasPrefix(name, "zombie"):
			if !errors.Is(err, ErrGone) || all != nil {
				t.Errorf("%s: %v, %v", name, all, err)
			}
		case err != nil || differ(name, plainMaps(all), want) != nil || len(want) == 0 && name[0] != 'k':
			t.Errorf("%s: %v, %v", name, differ(name, plainMaps(all), want), err)
		}
	}
}

func TestParseMaps(t *testing.T) {
	text := slices.Clone(caseText(t, "blanks", "maps"))
	want := naiveMaps(text)
	all, err := ParseMaps(text)
	clear(text)
	if err != nil || !slices.Equal(plainMaps(all), want) {
		t.Errorf("%q, %v", plainMaps(all), err)
	}
	if all, err := ParseMaps(nil); all != nil || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	malformedText(t, ParseMaps, "\n", "x\n", "00400000-00401000 r-xp 00001000 fe:00 997 /a", "00400000-00401000 r-xp 00001000 fe:00 997 /a\n\n")
}

// The texts of a list are not changed by one that is added.
func TestArena(t *testing.T) {
	var a textArena
	var all [][]byte
	for i := range 2000 {
		b := a.keep([]byte(strconv.Itoa(i / 2)))
		all = append(all, b)
		if len(b) != cap(b) {
			t.Fatal("an append would reach the next one")
		}
	}
	big := a.keep(bytes.Repeat([]byte("x"), 3*textArenaBlock))
	for i, b := range all {
		if string(b) != strconv.Itoa(i/2) {
			t.Fatalf("%d became %q", i/2, b)
		}
	}
	if len(big) != 3*textArenaBlock || a.keep(nil) != nil {
		t.Error("a long one, or none")
	}
}

func readAllMaps(r io.Reader, buf []byte) (all []Mapping, err error) {
	err = ReadMaps(r, buf, func(m *Mapping) error {
		c := *m
		c.Path = append([]byte(nil), m.Path...)
		all = append(all, c)
		return nil
	})
	return all, err
}

func TestReadMapsErrors(t *testing.T) {
	text := caseText(t, "plain", "maps")
	stop := errors.New("stop")
	n := 0
	err := ReadMaps(bytes.NewReader(text), nil, func(*Mapping) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if err != stop || n != 3 {
		t.Errorf("yield's error: %v after %d", err, n)
	}
	if _, err := readAllMaps(io.MultiReader(bytes.NewReader(text), iotest.ErrReader(stop)), nil); err != stop {
		t.Errorf("reader's error: %v", err)
	}
	if _, err := readAllMaps(iotest.ErrReader(nil), nil); err != io.ErrNoProgress {
		t.Errorf("no progress: %v", err)
	}
	for _, size := range []int{0, 1, 100, 1 << 20, 3 << 20} {
		long := strings.NewReader(strings.Repeat("x", 4<<20))
		if _, err := readAllMaps(long, make([]byte, size)); !errors.Is(err, ErrTooBig) {
			t.Errorf("endless line into %d: %v", size, err)
		}
	}
}

// oneLine reads the same line for ever.
type oneLine []byte

func (r oneLine) Read(b []byte) (int, error) { return copy(b, r), nil }

// A text without end is too big, even if all its lines are good.
func TestReadMapsEndless(t *testing.T) {
	line := oneLine("00400000-00401000 r-xp 00001000 fe:00 997 /" + strings.Repeat("x", streamLine/2) + "\n")
	n := 0
	err := ReadMaps(line, make([]byte, len(line)), func(*Mapping) error { n++; return nil })
	if !errors.Is(err, ErrTooBig) || n < 1000 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestMapsYieldError(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	stop := errors.New("stop")
	for name, fn := range map[string]func() error{
		"EachMapping": func() error { return p.EachMapping(func(*Mapping) error { return stop }) },
		"EachSmap":    func() error { return p.EachSmap(func(*Smap) error { return stop }) },
	} {
		leaksNothing(t, name, func() {
			if err := fn(); err != stop {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	// One reading within another does not disturb it.
	n := 0
	err := p.EachMapping(func(m *Mapping) error {
		before := m.plain()
		n++
		err := p.EachSmap(func(*Smap) error { return stop })
		if m.plain() != before {
			return fmt.Errorf("%q became %q", before, m.plain())
		}
		if err != stop {
			return err
		}
		return nil
	})
	if err != nil || n < 5 {
		t.Errorf("%d, %v", n, err)
	}
}

// A thread shows what its process has.
func TestMapsOfTask(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	task, err := p.Task(c.tid)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	var rollup Smap
	if err := task.SmapsRollup(&rollup); err != nil || rollup.RSS == 0 || rollup.Kind() != MapRollup {
		t.Errorf("%+v, %v", rollup, err)
	}
	found := false
	err = task.EachMapping(func(m *Mapping) error {
		found = found || m.Start <= uint64(c.pages) && uint64(c.pages) < m.End
		return nil
	})
	if err != nil || !found {
		t.Errorf("%v, %v", found, err)
	}
}

func FuzzReadMaps(f *testing.F) {
	for i, name := range caseNames(f) {
		f.Add(caseText(f, name, "maps"), uint32(i), uint16(i*100))
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint32, size uint16) {
		original := slices.Clone(text)
		want, wantErr := ParseMaps(text)
		if wantErr != nil {
			lawful(t, want, wantErr)
		}
		got, err := readAllMaps(&chunks{text, seed}, make([]byte, size))
		if (err == nil) != (wantErr == nil) || err == nil && !slices.Equal(plainMaps(got), plainMaps(want)) {
			t.Fatalf("in chunks: %+v, %v\nat once: %+v, %v", got, err, want, wantErr)
		}
		if !bytes.Equal(text, original) {
			t.Fatal("the text was changed")
		}
	})
}

// A list of mappings with the longest paths ends at its bound, and is none.
func TestMapsListBound(t *testing.T) {
	var all mappingList
	path := bytes.Repeat([]byte("x"), 4096)
	for n := range 1 << 20 {
		binary.LittleEndian.PutUint64(path, uint64(n)) // each its own
		err := all.add(&Mapping{Path: path})
		if err == nil {
			continue
		}
		if kept := n * len(path); !errors.Is(err, ErrTooBig) || kept > listMost || kept < listMost/2 {
			t.Errorf("after %d bytes: %v", kept, err)
		}
		return
	}
	t.Error("no bound")
}
