package nodes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFile: the executable's path while it has one.
func TestFile(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	dir := t.TempDir()
	run := func(path string) *Query {
		t.Helper()
		copyFile(t, path, "/proc/self/exe")
		c := startAs(t, "plain", path, uint32(os.Getuid()), uint32(os.Getgid()))
		return find(t, c.asks(tree), c.pid)
	}
	want := func(q *Query, path string) {
		t.Helper()
		for _, name := range []string{"file", "exe"} {
			if got := processText(t, q, name); got != path {
				t.Errorf("%s: %q, want %q", name, got, path)
			}
		}
	}
	plain := filepath.Join(dir, "a  blank")
	q := run(plain)
	want(q, plain)
	remove(t, plain)
	want(q, "unknown")

	odd := filepath.Join(dir, "x (deleted)")
	q = run(odd)
	want(q, odd)
	if got := processText(t, q, "map"); !strings.Contains(got, " vnode "+odd+" ") {
		t.Errorf("map without %s:\n%s", odd, got)
	}
	remove(t, odd)
	want(q, "unknown")
	copyFile(t, odd, "/proc/self/exe") // another file of that name
	copyFile(t, odd+" (deleted)", "/proc/self/exe")
	want(q, "unknown")
	if got := processText(t, q, "map"); strings.Contains(got, "deleted") {
		t.Errorf("map with a deleted file's name:\n%s", got)
	}

	moved := filepath.Join(dir, "moved")
	q = run(moved)
	if err := os.Rename(moved, moved+" again"); err != nil {
		t.Fatal(err)
	}
	want(q, moved+" again")
}

// TestFileLinked: a file with a second name is not one without: its first name
// is still unknown, for the link says deleted.
func TestFileLinked(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	path := filepath.Join(t.TempDir(), "first")
	copyFile(t, path, "/proc/self/exe")
	if err := os.Link(path, path+" second"); err != nil {
		t.Fatal(err)
	}
	c := startAs(t, "plain", path, uint32(os.Getuid()), uint32(os.Getgid()))
	remove(t, path)
	if got := processText(t, find(t, c.asks(tree), c.pid), "file"); got != "unknown" {
		t.Errorf("%q", got)
	}
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
