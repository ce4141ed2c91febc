package nodes

import (
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// maxMap bounds the number of mappings in one map; the kernel's own default
// bound (vm.max_map_count) is 65,530.
const maxMap = 1 << 17

// mapFile is an open map.
type mapFile struct {
	*provider.SmapsFile
	giant bool // a text was so long that its memory is worth giving back
}

func openMap(q *Query, _ Access) (File, error) {
	f, err := q.Caller.OpenSmaps(q.Target.Process)
	if err != nil {
		return nil, err // and not a File that holds a nil
	}
	return &mapFile{SmapsFile: f}, nil
}

// Close closes it; its text is garbage soon after.
func (f *mapFile) Close() error {
	if f.giant {
		giveBackSoon()
	}
	return f.SmapsFile.Close()
}

// fillMap appends the address space, one line a mapping, from one pass over
// smaps.
func fillMap(q *Query, dst []byte) ([]byte, error) {
	if err := q.Target.loadStatus(); err != nil {
		return dst, err
	}
	view := mapView{objectID: q.Tree.objectID, image: q.Target.ID(), uid: q.Target.status.UID.Real, named: q.named, shown: q.Caller.Path}
	lines := mapLines{reserve: q.reserve}
	f := q.File.(*mapFile)
	err := f.Each(func(m *provider.Smap) error {
		var e render.MapEntry
		view.translate(m, &e)
		if err := lines.add(&e); err != nil {
			return err
		}
		return q.getsOn()
	})
	if err != nil {
		return dst, err
	}
	f.giant = f.giant || lines.size >= giantMap
	return lines.appendTo(dst), nil
}

// named tells a file whose name really ends like a deleted one's.
func (q *Query) named(m *provider.Mapping) bool {
	return q.Caller.FileNamed(q.Target.Process, string(m.Path), m.Dev, m.Inode)
}
