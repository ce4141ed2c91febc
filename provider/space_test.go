package provider

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A kernel thread has no mappings; it is not gone.
func TestMapsKernelThread(t *testing.T) {
	p, err := openProc(t).Open(2)
	var s Stat
	if err != nil || p.Stat(&s) != nil || !s.KernelThread() {
		cannot(t, "2 is no kernel thread here")
	}
	defer p.Close()
	needRoot(t)
	own, stop := pin(t, p.fs, os.Getpid()), errors.New("stop")
	if err := own.EachMapping(func(*Mapping) error { return stop }); err != stop { // which nobody else may get
		t.Errorf("%v", err)
	}
	if all, err := p.Maps(); all != nil || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := p.Smaps(); all != nil || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := p.NUMAMaps(); all != nil || err != nil && !errors.Is(err, ErrNotSupported) {
		t.Errorf("%v, %v", all, err)
	}
	for m, err := range p.MapFiles() {
		t.Errorf("%v, %v", m, err)
	}
	for name, method := range spaceMethods(p) {
		leaksNothing(t, name, func() {
			if err := method(); !errors.Is(err, ErrNotSupported) || errors.Is(err, ErrGone) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// spaceMethods are those that fail where there is no address space.
func spaceMethods(p *Process) map[string]func() error {
	return map[string]func() error{
		"SmapsRollup":     func() error { return p.SmapsRollup(new(Smap)) },
		"KSMStat":         func() error { return p.KSMStat(new(KSMStat)) },
		"KSMMergingPages": func() error { _, err := p.KSMMergingPages(); return err },
		"OpenMaps":        func() error { f, err := p.OpenMaps(); return errors.Join(err, closing(f)) },
		"OpenPagemap":     func() error { f, err := p.OpenPagemap(); return errors.Join(err, closing(f)) },
		"OpenMemory":      func() error { f, err := p.OpenMemory(unix.O_RDWR); return errors.Join(err, closing(f)) },
	}
}

// closing closes what was opened.
func closing[T interface {
	comparable
	Close() error
}](f T) error {
	var none T
	if f == none {
		return nil
	}
	return f.Close()
}

// allSpaceMethods are those and the lists.
func allSpaceMethods(p *Process) map[string]func() error {
	all := spaceMethods(p)
	all["Maps"] = func() error { _, err := p.Maps(); return err }
	all["Smaps"] = func() error { _, err := p.Smaps(); return err }
	all["NUMAMaps"] = func() error { _, err := p.NUMAMaps(); return err }
	all["MapFiles"] = func() error {
		for _, err := range p.MapFiles() {
			return err
		}
		return nil
	}
	return all
}

// What has no address space any more is gone, reaped or not.
func TestSpaceGone(t *testing.T) {
	for name, end := range map[string]func(*child){"zombie": (*child).zombie, "exit": (*child).end} {
		c := start(t)
		p := pin(t, openProc(t), c.pid)
		for method, fn := range allSpaceMethods(p) {
			if err := fn(); err != nil && !errors.Is(err, ErrNotSupported) {
				t.Errorf("%s of a living one: %v", method, err)
			}
		}
		end(c)
		for method, fn := range allSpaceMethods(p) {
			leaksNothing(t, method, func() {
				if err := fn(); !errors.Is(err, ErrGone) {
					t.Errorf("%s after %s: %v", method, name, err)
				}
			})
		}
	}
}

// An address space that goes while it is read must not look like a small one,
// unless all had been read; and what is opened stays bound to it.
func TestMapsGoneHalfway(t *testing.T) {
	for name, end := range map[string]func(*child){"exec": (*child).exec, "zombie": (*child).zombie, "exit": (*child).end} {
		c := start(t)
		p := pin(t, openProc(t), c.pid)
		f, err := p.OpenMaps()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := p.Maps()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = p.EachSmap(func(*Smap) error { // one that takes many reads
			if n++; n == 1 {
				end(c)
			}
			return nil
		})
		if !errors.Is(err, ErrGone) || n >= len(all) {
			t.Errorf("%s meanwhile: %d of %d, %v", name, n, len(all), err)
		}
		if err := f.Each(func(*Mapping) error { return nil }); !errors.Is(err, ErrGone) {
			t.Errorf("after %s: %v", name, err)
		}
		if _, err := f.Query(0, QueryOrNext, new(FoundMapping)); !errors.Is(err, ErrGone) && !errors.Is(err, ErrNotSupported) {
			t.Errorf("query after %s: %v", name, err)
		}
	}
}
