package nodes

import (
	"encoding/binary"
	"errors"
	"flag"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/provider"
)

var update = flag.Bool("update", false, "rewrite testdata/golden from what the rows give now")

const (
	fixtures = "../provider/testdata/proc"
	goldens  = "testdata/golden"
)

// hiddenCases must not be in the tree at all.
var hiddenCases = []string{"zombie"}

// TestGolden runs every Text and Link row over every captured process. What a
// row refuses is in its golden as "!" and the class of the error.
func TestGolden(t *testing.T) {
	var used []string
	for _, name := range cases(t) {
		dir := filepath.Join(fixtures, name)
		tree, pid := captured(t, dir)
		q := ourselves(t, tree)
		if slices.Contains(hiddenCases, name) {
			if err := q.Find(pid); !errors.Is(err, ErrHidden) {
				t.Errorf("%s: found: %v", name, err)
			}
			continue
		}
		find(t, q, pid)
		for i := range processRows {
			row := &processRows[i]
			if row.Fill == nil && row.Read == nil || row.Kind == Link && name == "deletedexe" {
				continue // a captured link leads nowhere; TestFile has real ones
			}
			file := filepath.Join(name, row.Name)
			used = append(used, file)
			t.Run(file, func(t *testing.T) {
				if row.Name == "map" && os.Getpagesize() != 4096 {
					if os.Getenv("CI") != "" {
						t.Fatal("cannot run: the goldens count pages of 4096 bytes")
					}
					t.Skip("skipped: the goldens count pages of 4096 bytes")
				}
				asked := q
				if row.Name == "etype" || row.Name == "osrel" {
					asked = withELF(t, dir)
				}
				compare(t, file, answer(t, asked, row))
			})
		}
	}
	noOthers(t, append(used, "status"))
}

// TestGoldenTable is the root's status over all captured processes at once.
func TestGoldenTable(t *testing.T) {
	root := t.TempDir()
	for _, name := range cases(t) {
		copyTree(t, root, filepath.Join(fixtures, name))
	}
	tree, _ := captured(t, root)
	got := answer(t, ourselves(t, tree), ByName(rootRows, "status"))
	compare(t, "status", got)
	last := 0
	for line := range strings.Lines(got) {
		words := strings.Fields(line)
		if len(words) != 15 {
			t.Fatalf("%d words: %q", len(words), line)
		}
		pid, err := strconv.Atoi(words[1])
		if err != nil || pid <= last {
			t.Errorf("after %d: %q", last, line)
		}
		last = pid
	}
	if n, want := strings.Count(got, "\n"), len(cases(t))-len(hiddenCases); n != want {
		t.Errorf("%d lines, want %d", n, want)
	}
}

func answer(t *testing.T, q *Query, row *Row) string {
	t.Helper()
	got, err := text(q, row)
	if err != nil && got != "" {
		t.Errorf("%q with error %v", got, err)
	}
	if err != nil {
		return "!" + class(t, err) + "\n"
	}
	return got
}

func class(t *testing.T, err error) string {
	t.Helper()
	switch {
	case errors.Is(err, ErrHidden):
		return "hidden"
	case errors.Is(err, ErrGone):
		return "gone"
	case errors.Is(err, provider.ErrNotSupported):
		return "not there"
	}
	t.Fatalf("unexpected: %v", err)
	return ""
}

func cases(t *testing.T) (names []string) {
	t.Helper()
	all, err := os.ReadDir(fixtures)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		t.Fatal("no cases")
	}
	return names
}

// captured is a tree over a captured one, with everything fixed that differs
// from machine to machine, and the first process in it. Its callers are those
// of this machine.
func captured(t *testing.T, dir string) (*Tree, int) {
	t.Helper()
	tree := openTree(t, Options{GID: -1})
	root, err := provider.OpenFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	tree.proc = root
	tree.boot, tree.ticks, tree.objectID = 1_700_000_000_000_000, 10_000, fixedID
	pids, err := root.PIDs(nil)
	if err != nil || len(pids) == 0 {
		t.Fatalf("%s: %v, %v", dir, pids, err)
	}
	return tree, pids[0]
}

func fixedID(space, number uint64) uint64 {
	h := fnv.New64a()
	binary.Write(h, binary.LittleEndian, [2]uint64{space, number})
	return h.Sum64()
}

// withELF copies the tree and makes exe an ELF file: the captured link leads
// to a file of the machine that it is from. There is a mem as well, which
// whoever has debug rights can open.
func withELF(t *testing.T, dir string) *Query {
	t.Helper()
	root := t.TempDir()
	copyTree(t, root, dir)
	tree, pid := captured(t, root)
	dir = filepath.Join(root, strconv.Itoa(pid))
	if err := os.Remove(filepath.Join(dir, "exe")); err == nil {
		writeFile(t, filepath.Join(dir, "exe"), elfWithNote())
	}
	writeFile(t, filepath.Join(dir, "mem"), nil)
	return find(t, ourselves(t, tree), pid)
}

// elfWithNote is a header, a program header, and the note that makes it Linux
// 3.2.0's.
func elfWithNote() []byte {
	le := binary.LittleEndian
	b := make([]byte, 64+56, 64+56+32)
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint64(b[32:], 64) // e_phoff
	le.PutUint16(b[54:], 56) // e_phentsize
	le.PutUint16(b[56:], 1)  // e_phnum
	le.PutUint32(b[64:], 4)  // PT_NOTE
	le.PutUint64(b[64+8:], 64+56)
	le.PutUint64(b[64+32:], 32)
	for _, word := range []uint32{4, 16, 1, 'G' | 'N'<<8 | 'U'<<16, 0, 3, 2, 0} {
		b = le.AppendUint32(b, word)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyTree(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(goldens, name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./nodes -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// noOthers finds goldens that nothing is compared with any more.
func noOthers(t *testing.T, used []string) {
	t.Helper()
	err := filepath.WalkDir(goldens, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(goldens, path)
		if err == nil && !slices.Contains(used, name) {
			t.Errorf("%s: a golden of nothing", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
