package provider

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// checkQuery asks for each mapping of the text.
func checkQuery(p *Process) error {
	f, err := p.OpenMaps()
	if err != nil {
		return err
	}
	defer f.Close()
	return steady(p, "maps", func(raw []byte) error {
		all, err := ParseMaps(raw)
		if err != nil {
			return err
		}
		var m FoundMapping
		for i := range all {
			if all[i].Kind() == MapVsyscall {
				continue
			}
			if ok, err := f.Query(all[i].Start, QueryName, &m); err != nil || !ok {
				return errors.Join(err, errDiffers)
			}
			all[i].Path = all[i].AppendPath(nil)
			if m.plain() != all[i].plain() {
				return fmt.Errorf("%w: %s, the text says %s", errDiffers, m.plain(), all[i].plain())
			}
		}
		return nil
	})
}

func openOwnMaps(t *testing.T, pid int) (*MapsFile, []Mapping) {
	t.Helper()
	p := pin(t, openProc(t), pid)
	f, err := p.OpenMaps()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	_, err = f.Query(0, QueryOrNext, new(FoundMapping))
	if kernelBefore(t, 6, 11) {
		if !errors.Is(err, ErrNotSupported) {
			t.Fatalf("before 6.11: %v", err)
		}
		cannot(t, "before Linux 6.11, where it has been seen to say so")
	}
	all, err2 := p.Maps()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return f, all
}

// By walking from one to the next, a child's mappings are those of the text.
// A walk finds what the text says, where the process has not mapped anything
// between the two: its runtime may at any time.
func TestProcmapQueryWalk(t *testing.T) {
	c := start(t)
	for range 20 {
		f, all := openOwnMaps(t, c.pid)
		err := walksLike(t, f, all)
		if err == nil {
			return
		}
		same := func(a, b Mapping) bool { return a.plain() == b.plain() }
		if _, after := openOwnMaps(t, c.pid); slices.EqualFunc(after, all, same) {
			t.Fatal(err)
		}
	}
	t.Error("its mappings never stay the same")
}

func walksLike(t *testing.T, f *MapsFile, all []Mapping) (differs error) {
	t.Helper()
	for name, want := range map[string]struct {
		flags MapsQuery
		match func(*Mapping) bool
	}{
		"all":        {0, func(m *Mapping) bool { return true }},
		"writable":   {QueryWritable, func(m *Mapping) bool { return m.Perms&PermWrite != 0 }},
		"executable": {QueryExecutable | QueryReadable, func(m *Mapping) bool { return m.Perms&PermExecute != 0 }},
		"files":      {QueryFileBacked, func(m *Mapping) bool { return m.Inode != 0 }},
		"shared":     {QueryShared, func(m *Mapping) bool { return m.Perms&PermShared != 0 }},
	} {
		var texts []string
		for _, m := range all {
			if want.match(&m) && m.Kind() != MapVsyscall {
				texts = append(texts, m.plain())
			}
		}
		var got []string
		var m FoundMapping
		for address := uint64(0); ; address = m.End {
			ok, err := f.Query(address, want.flags|QueryOrNext|QueryName, &m)
			if err != nil {
				t.Fatal(name, err)
			}
			if !ok {
				break
			}
			got = append(got, m.plain())
		}
		differs = errors.Join(differs, differ(name, got, texts))
	}
	return differs
}

func TestProcmapQuery(t *testing.T) {
	c := start(t)
	f, all := openOwnMaps(t, c.pid)
	page := uint64(os.Getpagesize())
	m := FoundMapping{PageSize: 1, Mapping: Mapping{Path: []byte("old"), Start: 1}, BuildID: []byte{1}}
	hole := uint64(c.pages) + page
	if ok, err := f.Query(hole, QueryName|QueryBuildID, &m); ok || err != nil || m.Start|m.PageSize != 0 || m.Path != nil || m.BuildID != nil {
		t.Errorf("in a hole: %v, %+v, %v", ok, m, err)
	}
	if ok, err := f.Query(hole, QueryOrNext, &m); !ok || err != nil || m.Start != hole+page || m.PageSize != page || m.Path != nil {
		t.Errorf("after the hole: %v, %+v, %v", ok, m, err)
	}
	if ok, err := f.Query(hole-1, QueryShared, &m); ok || err != nil {
		t.Errorf("a shared one: %v, %v", ok, err)
	}
	for _, address := range []uint64{0, math.MaxUint64, 0xffffffffff600000} {
		if ok, err := f.Query(address, 0, &m); ok || err != nil {
			t.Errorf("%x: %v, %v", address, ok, err)
		}
	}
	if ok, err := f.Query(all[0].Start, 1<<40, &m); ok || err == nil || m.Start != 0 {
		t.Errorf("an unknown flag: %v, %v", ok, err)
	}
}

// The build id is the one in the file's own notes, of a program of the system.
func TestProcmapQueryBuildID(t *testing.T) {
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleep.Wait()
	defer sleep.Process.Kill()
	f, all := openOwnMaps(t, sleep.Process.Pid)
	ids := map[string]string{}
	for _, mapping := range all {
		var m FoundMapping
		ok, err := f.Query(mapping.Start, QueryBuildID|QueryName, &m)
		if err != nil || !ok && mapping.Kind() != MapVsyscall {
			t.Fatalf("%s: %v, %v", mapping.plain(), ok, err)
		}
		if want := gnuBuildID(string(m.Path)); !bytes.Equal(m.BuildID, want) {
			t.Errorf("%s: %x, the file says %x", mapping.plain(), m.BuildID, want)
		}
		ids[string(m.Path)] = string(m.BuildID)
	}
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", sleep.Process.Pid)); err != nil || len(ids[exe]) != 20 {
		t.Errorf("%s: %x, %v", exe, ids[exe], err)
	}
}

// gnuBuildID finds NT_GNU_BUILD_ID in the note segments of a file, as the
// kernel does; nil where there is none.
func gnuBuildID(path string) []byte {
	f, err := elf.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	for _, segment := range f.Progs {
		if segment.Type != elf.PT_NOTE {
			continue
		}
		b := make([]byte, segment.Filesz)
		if _, err := segment.ReadAt(b, 0); err != nil {
			return nil
		}
		if i := bytes.Index(b, []byte("\x14\x00\x00\x00\x03\x00\x00\x00GNU\x00")); i >= 4 {
			return b[i+12 : i+32]
		}
	}
	return nil
}
