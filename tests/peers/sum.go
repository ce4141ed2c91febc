package main

import "github.com/procfsd/procfsd/provider"

// What is gathered of the elements of a list as they come by.

// mappingSum gathers what mapsFacts tells.
type mappingSum struct {
	mappings, paths int
	last            uint64
}

func (s *mappingSum) add(start uint64, path bool) {
	s.mappings++
	s.last = start
	if path {
		s.paths++
	}
}

func (s *mappingSum) addOurs(m *provider.Mapping) { s.add(m.Start, len(m.Path) > 0) }

func (s *mappingSum) facts() facts {
	return facts{"mappings": s.mappings, "paths": s.paths, "last": s.last}
}

// smapSum gathers what smapsFacts tells.
type smapSum struct {
	mappings int
	rss      uint64 // kB
}

func (s *smapSum) add(rss uint64) {
	s.mappings++
	s.rss += rss
}

func (s *smapSum) addOurs(m *provider.Smap) { s.add(m.RSS / 1024) }

func (s *smapSum) facts() facts { return facts{"mappings": s.mappings, "rss": s.rss} }

// mountSum gathers some of what mountinfoFacts tells.
type mountSum struct{ mounts, last int }

func (s *mountSum) facts() facts { return facts{"mounts": s.mounts, "last": s.last} }
