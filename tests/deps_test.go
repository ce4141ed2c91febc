package tests

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/procfsd/procfsd"
	goFuse = "github.com/hanwen/go-fuse/v2"
)

type depsPackage struct {
	ImportPath    string
	Standard      bool
	Imports, Deps []string
}

// packages gives every package of the product and all that they need.
func packages(t *testing.T) map[string]depsPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	all := make(map[string]depsPackage)
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p depsPackage
		err := in.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// within says whether path is the package, or one below it.
func within(path, pkg string) bool { return path == pkg || strings.HasPrefix(path, pkg+"/") }

// TestDirections: cmd → fs → nodes → {provider, render}. Each room may import
// of the others only what is depsPackage here.
func TestDirections(t *testing.T) {
	all := packages(t)
	rooms := map[string][]string{
		"provider": {"provider"}, // its examples
		"render":   nil,
		"nodes":    {"provider", "render"},
		"fs":       {"nodes", "provider"},
		"cmd":      {"fs", "cmd"},
	}
	seen := map[string]bool{}
	for path, p := range all {
		if !within(path, module) {
			continue
		}
		room, _, _ := strings.Cut(strings.TrimPrefix(path, module+"/"), "/")
		allowed, known := rooms[room]
		if !known {
			if room != "tests" {
				t.Errorf("%s: no such room", path)
			}
			continue
		}
		seen[room] = true
		for _, other := range p.Imports {
			ours, ok := strings.CutPrefix(other, module+"/")
			if first, _, _ := strings.Cut(ours, "/"); ok && !slices.Contains(allowed, first) {
				t.Errorf("%s imports %s", path, other)
			}
		}
	}
	for room := range rooms {
		if room != "cmd" && !seen[room] {
			t.Errorf("%s is not among the packages", room)
		}
	}
}

// TestKnowledge: who may know of FUSE, and what render may know at all.
func TestKnowledge(t *testing.T) {
	all := packages(t)
	for _, room := range []string{"provider", "render", "nodes"} {
		for _, dep := range all[module+"/"+room].Deps {
			if within(dep, goFuse) {
				t.Errorf("%s needs %s", room, dep)
			}
		}
	}
	if !slices.Contains(all[module+"/fs"].Imports, goFuse+"/fuse") {
		t.Errorf("fs does not import %s/fuse", goFuse)
	}
	for path, p := range all {
		if !within(path, module) || within(path, module+"/fs") || within(path, module+"/cmd") || within(path, module+"/tests") {
			continue
		}
		for _, other := range p.Imports {
			if within(other, goFuse) {
				t.Errorf("%s imports %s", path, other)
			}
		}
	}
	for _, dep := range all[module+"/render"].Deps {
		if p := all[dep]; !p.Standard {
			t.Errorf("render needs %s, which is not of the standard library", dep)
		}
	}
	if slices.Contains(all[module+"/render"].Imports, "os") || slices.Contains(all[module+"/render"].Imports, "syscall") {
		t.Error("render does I/O")
	}
}

var errnoSelector = regexp.MustCompile(`^(E[A-Z0-9]+|Errno)$`)

// TestNoErrno: nodes speaks of classes of errors; errnos are for fs alone.
func TestNoErrno(t *testing.T) {
	files, err := filepath.Glob("../nodes/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if spec.Path.Value == `"syscall"` {
				t.Errorf("%s imports syscall", name)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "unix" && errnoSelector.MatchString(sel.Sel.Name) {
				t.Errorf("%s: %s.%s", set.Position(sel.Pos()), pkg.Name, sel.Sel.Name)
			}
			return true
		})
	}
}
