package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseIDMap(t *testing.T) {
	list, err := ParseIDMap([]byte("         0     100000      65536\n 65536 0\t1\n4294967294 4294967295 4294967295\n"))
	if want := (IDMap{{0, 100000, 65536}, {65536, 0, 1}, {4294967294, NoID, 4294967295}}); err != nil || !slices.Equal(list, want) {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := ParseIDMap(nil); list != nil || err != nil {
		t.Errorf("not set yet: %v, %v", list, err)
	}
	malformedText(t, ParseIDMap, "\n", "0 0 1", "0 0\n", "0 0 4294967296\n", "0 0 1 1\n", "0 0 -1\n", "0 0 x\n", "0 0 1\n\n", "0 0 1 \n")
}

func TestIDMapTranslates(t *testing.T) {
	whole := IDMap{{0, 0, NoID}}
	parts := IDMap{{0, 1000, 1}, {1, 100000, 65535}, {4294967000, 200000, 295}, {70000, NoID, 10}}
	over := IDMap{{10, 4294967290, 100}} // no kernel writes that
	for _, c := range []struct {
		l           IDMap
		inside, out uint32
		ok          bool
	}{
		{whole, 0, 0, true}, {whole, 4294967294, 4294967294, true}, {whole, NoID, NoID, false},
		{parts, 0, 1000, true}, {parts, 1, 100000, true}, {parts, 65535, 165534, true}, {parts, 65536, NoID, false},
		{parts, 4294967294, 200294, true}, {parts, 4294966999, NoID, false}, {parts, 70001, NoID, false},
		{over, 14, 4294967294, true}, {over, 15, NoID, false}, {over, 16, NoID, false}, {nil, 0, NoID, false},
	} {
		if out, ok := c.l.ToOutside(c.inside); out != c.out || ok != c.ok {
			t.Errorf("%v: %d is %d, %v outside; want %d, %v", c.l, c.inside, out, ok, c.out, c.ok)
		}
		if in, ok := c.l.ToInside(c.out); c.ok && (in != c.inside || !ok) {
			t.Errorf("%v: %d is %d, %v inside", c.l, c.out, in, ok)
		}
	}
	if in, ok := parts.ToInside(NoID); ok || in != NoID {
		t.Errorf("nobody is %d", in)
	}
}

// What is written for the kernel is the same list again, and translates back.
func FuzzParseIDMap(f *testing.F) {
	f.Add(caseText(f, "plain", "uid_map"), uint32(7))
	f.Add([]byte("0 4294967290 100\n1 2 3\n"), uint32(99))
	f.Fuzz(func(t *testing.T, b []byte, id uint32) {
		list, err := ParseIDMap(b)
		if len(b) > 0 {
			lawful(t, list, err)
		}
		var text []byte
		for _, e := range list {
			text = e.append(text)
		}
		if again, err := ParseIDMap(text); err != nil || !slices.Equal(again, list) {
			t.Fatalf("%v became %v, %v", list, again, err)
		}
		out, ok := list.ToOutside(id)
		if ok == (out == NoID) {
			t.Fatalf("%d is %d, %v", id, out, ok)
		}
		if in, back := list[:min(len(list), 1)].ToInside(out); len(list) == 1 && ok && (!back || in != id) {
			t.Fatalf("%d is %d is %d", id, out, in)
		}
	})
}

// A user namespace of a child, which is given its maps from outside.
func TestSetIDMaps(t *testing.T) {
	needRoot(t)
	c := start(t, flags(syscall.CLONE_NEWUSER))
	p := pin(t, openProc(t), c.pid)
	task, err := p.MainTask()
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	for name, m := range map[string]struct {
		get func() (IDMap, error)
		set func(IDMap) error
	}{
		"uid_map": {p.UIDMap, p.SetUIDMap}, "gid_map": {task.GIDMap, p.SetGIDMap}, "projid_map": {p.ProjIDMap, p.SetProjIDMap},
	} {
		if list, err := m.get(); list != nil || err != nil {
			t.Errorf("%s before: %v, %v", name, list, err)
		}
		if err := m.set(nil); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%s, nothing: %v", name, err)
		}
		if err := m.set(IDMap{{0, 0, 0}}); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%s, an empty range: %v", name, err)
		}
		want := IDMap{{0, 0, 1}, {1, 71001, 5}, {4294967000, 4294967000, 294}}
		if err := m.set(want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if list, err := m.get(); !slices.Equal(list, want) || err != nil {
			t.Errorf("%s: %v, %v", name, list, err)
		}
		if err := m.set(want); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s, a second time: %v", name, err)
		}
	}
	c.end()
	if _, err := p.UIDMap(); !errors.Is(err, ErrGone) {
		t.Errorf("after the end: %v", err)
	}
	if err := p.SetUIDMap(IDMap{{0, 0, 1}}); !errors.Is(err, ErrGone) {
		t.Errorf("after the end: %v", err)
	}
}

// The kernel takes less than a page of text, and 340 ranges.
func TestSetIDMapLimits(t *testing.T) {
	needRoot(t)
	c := start(t, flags(syscall.CLONE_NEWUSER))
	p := pin(t, openProc(t), c.pid)
	var l IDMap
	for i := range uint32(340) {
		l = append(l, IDMapEntry{i, i, 1})
	}
	wide := slices.Clone(l)
	for i := range wide {
		wide[i].Inside, wide[i].Outside = 1000000+wide[i].Inside, 1000000+wide[i].Outside
	}
	if err := p.SetUIDMap(wide); !errors.Is(err, ErrTooBig) {
		t.Errorf("%d ranges: %v", len(wide), err)
	}
	if err := p.SetUIDMap(append(l, IDMapEntry{5000, 5000, 1})); !errors.Is(err, unix.EINVAL) {
		t.Errorf("341 ranges: %v", err)
	}
	if err := p.SetUIDMap(l); err != nil {
		t.Errorf("340 ranges: %v", err)
	}
	if got, err := p.UIDMap(); err != nil || len(got) != 340 {
		t.Errorf("%d ranges, %v", len(got), err)
	}
}

// A zombie still is of its user namespace.
func TestIDMapOfZombie(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	alive, err := p.UIDMap()
	c.zombie()
	if list, zombieErr := p.UIDMap(); err != nil || zombieErr != nil || !slices.Equal(list, alive) {
		t.Errorf("%v, %v; alive %v, %v", list, zombieErr, alive, err)
	}
}

func checkIDMaps(p *Process) error {
	for file, get := range map[string]func() (IDMap, error){"uid_map": p.UIDMap, "gid_map": p.GIDMap, "projid_map": p.ProjIDMap} {
		err := steadyUntilExit(p, file, func(raw []byte) error {
			list, err := get()
			if err != nil {
				return err
			}
			var text strings.Builder
			for _, e := range list {
				fmt.Fprintf(&text, "%10d %10d %10d\n", e.Inside, e.Outside, e.Count)
			}
			return same(file, text.String(), string(raw))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
