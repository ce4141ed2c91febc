//go:build !race

package provider

import (
	"testing"
)

func allocations(t *testing.T, name string, most float64, fn func() error) {
	t.Helper()
	if err := fn(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if n := testing.AllocsPerRun(50, func() { _ = fn() }); n > most {
		t.Errorf("%s: %v allocations, want at most %v", name, n, most)
	}
}

func TestMapsAllocations(t *testing.T) {
	p := manyMappings(t, 100)
	allocations(t, "EachMapping", 0, func() error { return p.EachMapping(func(*Mapping) error { return nil }) })
	allocations(t, "EachSmap", 0, func() error { return p.EachSmap(func(*Smap) error { return nil }) })
	var rollup Smap
	allocations(t, "SmapsRollup", 0, func() error { return p.SmapsRollup(&rollup) })
	var ksm KSMStat
	allocations(t, "KSMStat", 0, func() error { return p.KSMStat(&ksm) })
	all, err := p.Maps()
	if err != nil {
		t.Fatal(err)
	}
	distinct := map[string]bool{}
	for _, m := range all {
		distinct[string(m.Path)] = true
	}
	most := float64(len(distinct)) + 9 // the list itself grows
	allocations(t, "Maps", most, func() error { _, err := p.Maps(); return err })
	allocations(t, "Smaps", most, func() error { _, err := p.Smaps(); return err })
	f, err := p.OpenMaps()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	allocations(t, "MapsFile.Each", 0, func() error { return f.Each(func(*Mapping) error { return nil }) })
	var m FoundMapping
	if _, err := f.Query(all[0].Start, 0, &m); err == nil {
		allocations(t, "Query", 0, func() error { _, err := f.Query(all[0].Start, QueryName|QueryBuildID, &m); return err })
	}
	allocations(t, "Kind", 0, func() error {
		for i := range all {
			all[i].Kind()
		}
		return nil
	})
}

func TestPagemapAllocations(t *testing.T) {
	p := manyMappings(t, 1)
	m, err := p.OpenPagemap()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var dst [64]PageInfo
	allocations(t, "Infos", 0, func() error { _, err := m.Infos(dst[:], 0x400); return err })
	allocations(t, "Info", 0, func() error { _, err := m.Info(0x400); return err })
	if _, _, err := m.Scan(PagemapScan{End: 1 << 30}, make([]PageRegion, 1)); err == nil {
		allocations(t, "Scan", 0, func() error {
			var regions [4]PageRegion
			_, _, err := m.Scan(PagemapScan{End: 1 << 30, Return: PageIsPresent}, regions[:])
			return err
		})
	}
}
