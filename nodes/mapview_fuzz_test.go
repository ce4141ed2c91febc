package nodes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// FuzzMap: any entry makes one line with flags that clients can scan, and no
// object where there is none.
func FuzzMap(f *testing.F) {
	for _, path := range []string{"", "[vdso]", "[heap]", "/bin/sh", "/dev/mem", "/SYSV00000000 (deleted)", "/memfd:a (deleted)",
		"/dev/shm/x", "anon_inode:[x]", "[anon_shmem:x]", "/x (deleted)"} {
		for _, flags := range []uint64{0, uint64(provider.VMPFNMap | provider.VMIO), uint64(provider.VMAccount)} {
			f.Add([]byte(path), uint8(3), uint64(1), flags, uint64(4096), uint64(4096), uint64(0), uint64(4096))
		}
	}
	f.Fuzz(func(t *testing.T, path []byte, perms uint8, inode, flags, rss, anonymous, shared, private uint64) {
		m := provider.Smap{
			Mapping: provider.Mapping{Start: 4096, End: 8192, Perms: provider.Perms(perms), Inode: inode, Path: path},
			RSS:     rss, Anonymous: anonymous, SharedDirty: shared, PrivateDirty: private, VMFlags: provider.VMFlags(flags),
		}
		v := mapView{objectID: keyedID(), named: func(*provider.Mapping) bool { return false }}
		var e render.MapEntry
		v.translate(&m, &e)
		if hex := fmt.Sprintf("%x", uint32(e.Flags)); strings.Trim(hex, "0123456789") != "" {
			t.Errorf("flags 0x%s", hex)
		}
		none := e.Type == render.TypeNone
		lines := mapLines{reserve: func(int) error { return nil }}
		if err := lines.add(&e); err != nil {
			t.Fatal(err)
		}
		if !none {
			e.RefCount = 1
		}
		if none != (e.Object == 0) || none && (e.Flags != 0 || e.Resident != 0) {
			t.Errorf("%+v", e)
		}
		if e.NeedsCopy && !e.CopyOnWrite || e.ShadowCount != 0 && (!e.CopyOnWrite || e.NeedsCopy) {
			t.Errorf("copying: %+v", e)
		}
		if e.Path != "" && e.Path[0] != '/' {
			t.Errorf("path %q", e.Path)
		}
		line := render.AppendMap(nil, []render.MapEntry{e})
		if strings.Count(string(line), "\n") != 1 {
			t.Errorf("%q", line)
		}
		if got := lines.appendTo(nil); string(got) != string(line) {
			t.Errorf("got  %q\nwant %q", got, line)
		}
	})
}
