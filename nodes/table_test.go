package nodes

import (
	"slices"
	"testing"
)

// TestRows are the rows of procfs(5) that are served, and no others: clients
// probe for a name of Linux's to tell the systems apart.
func TestRows(t *testing.T) {
	root := []string{"curproc link 0444", "self link 0444", "status text 0444"}
	process := []string{
		"cmdline text 0444", "dbregs stream 0600", "etype text 0444", "fpregs stream 0600", "map text 0444", "mem stream 0600",
		"note text 0200", "notepg text 0200", "regs stream 0600", "rlimit text 0444", "status text 0444", "osrel text 0600",
		"file link 0444", "exe link 0444",
	}
	if got := looks(RootRows()); !slices.Equal(got, root) {
		t.Errorf("root: %q, want %q", got, root)
	}
	if got := looks(ProcessRows()); !slices.Equal(got, process) {
		t.Errorf("process: %q, want %q", got, process)
	}
	for _, name := range []string{"maps", "stat", "smaps", "fd", "task", "cwd", "root", "environ", "ns", "ctl", "", ".", ".."} {
		if ByName(ProcessRows(), name) != nil {
			t.Errorf("a process has %q", name)
		}
	}
	for _, name := range []string{"cpuinfo", "uptime", "sys", "stat", "mounts", "thread-self", "1", ""} {
		if ByName(RootRows(), name) != nil {
			t.Errorf("the root has %q", name)
		}
	}
}

// debugNames are the nodes that need debug rights.
var debugNames = []string{"dbregs", "fpregs", "mem", "note", "notepg", "osrel", "regs"}

func looks(rows []Row) (all []string) {
	kinds := map[Kind]string{Text: "text", Stream: "stream", Link: "link"}
	for i := range rows {
		r := &rows[i]
		mode := string([]byte{'0', '0' + byte(r.Mode>>6), '0' + byte(r.Mode>>3&7), '0' + byte(r.Mode&7)})
		all = append(all, r.Name+" "+kinds[r.Kind]+" "+mode)
	}
	return all
}

// TestClasses: FreeBSD's file numbers, which fit a node id and say one thing.
func TestClasses(t *testing.T) {
	want := map[string]uint8{
		"curproc": 3, "self": 4, "/status": 20,
		"cmdline": 6, "dbregs": 7, "etype": 8, "fpregs": 9, "map": 10, "mem": 11, "note": 12, "notepg": 13, "regs": 14,
		"rlimit": 15, "status": 16, "osrel": 17, "file": 18, "exe": 19,
	}
	seen := map[uint8]string{ClassRoot: "/", ClassDirectory: "process"}
	check := func(prefix string, rows []Row) {
		for i := range rows {
			row := &rows[i]
			name := row.Name
			if _, shared := want[prefix+name]; shared {
				name = prefix + name
			}
			if other, twice := seen[row.Class]; twice || row.Class >= 64 {
				t.Errorf("%s: class %d, as %q", name, row.Class, other)
			}
			seen[row.Class] = name
			if row.Class != want[name] {
				t.Errorf("%s: class %d, want %d", name, row.Class, want[name])
			}
			if ByClass(rows, row.Class) != row || ByName(rows, row.Name) != row {
				t.Errorf("%s is not found", name)
			}
		}
	}
	check("/", RootRows())
	check("", ProcessRows())
	if len(seen) != len(want)+2 {
		t.Errorf("%d classes, want %d", len(seen), len(want)+2)
	}
	if ByClass(ProcessRows(), ClassDirectory) != nil || ByClass(ProcessRows(), 0) != nil || ByClass(RootRows(), ClassRoot) != nil {
		t.Error("a class without a row has one")
	}
}

// TestRowFunctions: each kind has its functions and no others'.
func TestRowFunctions(t *testing.T) {
	for _, row := range append(slices.Clone(RootRows()), ProcessRows()...) {
		fill, store, open, read := row.Fill != nil, row.Store != nil, row.Open != nil, row.Read != nil
		ok := map[Kind]bool{
			Text:   fill == (row.Mode&0o444 != 0) && store == (row.Mode&0o222 != 0) && (fill || store) && !read,
			Stream: open && !fill && !store && !read,
			Link:   read && !fill && !store && !open,
		}[row.Kind]
		if !ok {
			t.Errorf("%s: fill %v, store %v, open %v, read %v", row.Name, fill, store, open, read)
		}
		if store && !open { // only an open file that has something serves its opener alone
			t.Errorf("%s: who opened it may hand it to others to write", row.Name)
		}
		if row.Kind == Link && row.Mode&0o222 != 0 || row.Mode&^0o666 != 0 {
			t.Errorf("%s: mode %o", row.Name, row.Mode)
		}
		if row.Mode&0o077 == 0 && row.Visible == nil { // fs takes who sees such a node for its owner
			t.Errorf("%s: its owner's alone, and everybody sees it", row.Name)
		}
	}
	for _, name := range []string{"cmdline", "dbregs", "etype", "fpregs", "map", "mem", "osrel", "regs", "file", "exe"} {
		if row := ByName(ProcessRows(), name); !row.MayBlock {
			t.Errorf("%s can hang on what is not ours, and is done in line", name)
		}
	}
	for _, name := range append([]string{"map", "file", "exe"}, debugNames...) {
		if row := ByName(ProcessRows(), name); row.Visible == nil {
			t.Errorf("%s: kernel threads have it", name)
		}
	}
}
