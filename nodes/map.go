package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// maxMap bounds the number of mappings in one map; the kernel's own default
// bound (vm.max_map_count) is 65,530.
const maxMap = 1 << 17

func openMap(q *Query, _ Access) (File, error) {
	f, err := q.Caller.OpenSmaps(q.Target.Process)
	if err != nil {
		return nil, err // and not a File that holds a nil
	}
	return f, nil
}

func appendMap(dst []byte, entries *[]render.MapEntry) []byte {
	return render.AppendMap(dst, *entries)
}

// vmMap is the address space, one entry a mapping, from one pass over smaps.
func vmMap(q *Query) ([]render.MapEntry, error) {
	if err := q.Target.loadStatus(); err != nil {
		return nil, err
	}
	view := mapView{objectID: q.Tree.objectID, image: q.Target.ID(), uid: q.Target.status.UID.Real, named: q.named, shown: q.Caller.Path}
	err := q.File.(*provider.SmapsFile).Each(func(m *provider.Smap) error {
		if len(view.entries)%reserveEntries == 0 {
			if err := q.room(len(view.entries)); err != nil {
				return err
			}
		}
		view.add(m)
		return q.Context.Err()
	})
	if err != nil {
		return nil, err
	}
	return view.finish(), nil
}

// A map is made of entries and of their lines, 256 bytes each with a usual
// path; memory is reserved for so many entries at a time.
const (
	reserveEntries = 1024
	entryMemory    = 400
)

func (q *Query) room(entries int) error {
	if entries >= maxMap {
		return provider.ErrTooBig
	}
	return q.reserve(reserveEntries * entryMemory)
}

// named tells a file whose name really ends like a deleted one's.
func (q *Query) named(m *provider.Mapping) bool {
	return q.Caller.FileNamed(q.Target.Process, string(m.Path), m.Dev, m.Inode)
}
