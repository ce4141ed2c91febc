package main

import (
	"errors"
	"iter"

	"github.com/procfsd/procfsd/provider"
)

// What of package provider is more than one call of a method of a Process.

func ourOpenStat(t *target) *probe {
	into := new(provider.Stat)
	return of(func() (*provider.Stat, error) {
		p, err := provider.Open(t.pid)
		if err != nil {
			return nil, err
		}
		defer p.Close()
		return into, p.Stat(into)
	}, ourStat)
}

func ourMounts(p *provider.Process, into *mountSum) error {
	*into = mountSum{}
	for m, err := range p.MountLines() {
		if err != nil {
			return err
		}
		into.mounts++
		into.last = m.ID
	}
	return nil
}

func ourFDTargets(p *provider.Process, into *[]provider.FD) error {
	*into = (*into)[:0]
	for fd, err := range p.FDTargets() {
		if err != nil {
			return err
		}
		*into = append(*into, fd)
	}
	return nil
}

func ourFDModes(p *provider.Process, into *[]provider.FD) error {
	*into = (*into)[:0]
	for fd, err := range p.FDs() {
		if err != nil {
			return err
		}
		*into = append(*into, fd)
	}
	return nil
}

func ourNamespaces(p *provider.Process, into *[]provider.NamespaceEntry) error {
	*into = (*into)[:0]
	for ns, err := range p.Namespaces() {
		if err != nil {
			return err
		}
		*into = append(*into, ns)
	}
	return nil
}

// ourAddress opens maps, asks and closes.
func ourAddress(t *target) *probe {
	if !queries(t) {
		return nil
	}
	return found(func(m *provider.FoundMapping) error {
		maps, err := t.own.OpenMaps()
		if err != nil {
			return err
		}
		defer maps.Close()
		return query(t, maps, m)
	})
}

// ourAddressAgain asks a maps that is open.
func ourAddressAgain(t *target) *probe {
	if !queries(t) {
		return nil
	}
	return found(func(m *provider.FoundMapping) error { return query(t, t.maps, m) })
}

// queries reports whether the kernel can be asked for one mapping (6.11).
func queries(t *target) bool {
	_, err := t.maps.Query(t.address, 0, new(provider.FoundMapping))
	return !errors.Is(err, provider.ErrNotSupported)
}

// query asks for what a line of maps says.
func query(t *target, maps *provider.MapsFile, m *provider.FoundMapping) error {
	ok, err := maps.Query(t.address, provider.QueryName, m)
	if err == nil && !ok {
		err = errors.New("no mapping there")
	}
	return err
}

func found(get func(*provider.FoundMapping) error) *probe {
	m := new(provider.FoundMapping)
	return of(func() (*provider.FoundMapping, error) { return m, get(m) },
		func(m *provider.FoundMapping) facts { return facts{"start": m.Start, "end": m.End} })
}

func ourPIDs(t *target) *probe {
	var pids []int
	return of(func() (_ []int, err error) {
		pids, err = t.stage.own.PIDs(pids[:0])
		return pids, err
	}, t.crowdFacts)
}

// ourWalk goes over a file of every process, none of which is pinned; those
// that exit meanwhile are no error.
func ourWalk[T any](method func(*provider.FS, *T) iter.Seq2[int, error]) impl {
	return func(t *target) *probe {
		var seen []int
		into := new(T)
		return of(func() ([]int, error) {
			seen = seen[:0]
			for pid, err := range method(t.stage.own, into) {
				if errors.Is(err, provider.ErrGone) {
					continue
				}
				if err != nil {
					return nil, err
				}
				seen = append(seen, pid)
			}
			return seen, nil
		}, t.crowdFacts)
	}
}

// ourPinnedWalk pins every process and reads a record of it.
func ourPinnedWalk[T any](method func(*provider.Process, *T) error) impl {
	return func(t *target) *probe {
		var seen []int
		into := new(T)
		return of(func() ([]int, error) {
			seen = seen[:0]
			for p, err := range t.stage.own.All() {
				if err == nil {
					err = method(p, into)
				}
				if errors.Is(err, provider.ErrGone) {
					continue
				}
				if err != nil {
					return nil, err
				}
				seen = append(seen, p.PID())
			}
			return seen, nil
		}, t.crowdFacts)
	}
}

func (t *target) crowdFacts(seen []int) facts { return crowdFacts(t.stage, seen) }
