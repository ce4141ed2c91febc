package provider

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"testing"
)

// unchecked are the methods of a Process that no check calls, and why.
var unchecked = map[string]string{
	"ClearRefs": "writes", "DenySetgroups": "writes", "SetAutogroupNice": "writes", "SetComm": "writes",
	"SetCoredumpFilter": "writes", "SetGIDMap": "writes", "SetOOMScoreAdj": "writes", "SetProjIDMap": "writes",
	"SetTimensOffsets": "writes", "SetTimerslackNS": "writes", "SetUIDMap": "writes",
	"Wait": "waits", "Reap": "waits",
	"Clone": "checkPatiently calls it", "Hostname": "costs a thread", "Unlinked": "looks into other file systems",
	"Exe": "is Link", "Cwd": "is Link", "Root": "is Link", "UnixSockets": "is Unix",
}

// Each method that reads has a check: one of the functions that checks names,
// or one that those call, calls it.
func TestEveryMethodHasACheck(t *testing.T) {
	calls := callsOfTests(t)
	called := map[string]bool{}
	reach(calls, "checks", called)
	for i := range reflect.TypeFor[*Process]().NumMethod() {
		name := reflect.TypeFor[*Process]().Method(i).Name
		if unchecked[name] == "" && !called["."+name] {
			t.Errorf("no check calls %s", name)
		}
	}
}

func reach(calls map[string][]string, from string, seen map[string]bool) {
	for _, name := range calls[from] {
		if !seen[name] {
			seen[name] = true
			reach(calls, name, seen)
		}
	}
}

// callsOfTests gives the names that each function of the tests mentions, and
// those that the table of checks does; the names of methods begin with a dot.
func callsOfTests(t *testing.T) map[string][]string {
	files, err := filepath.Glob("*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	calls := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			owner, names := mentions(d)
			calls[owner] = append(calls[owner], names...)
		}
	}
	return calls
}

// mentions gives a declaration's name and the names in it.
func mentions(d ast.Decl) (owner string, names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		owner = d.Name.Name
	case *ast.GenDecl:
		if v, ok := d.Specs[0].(*ast.ValueSpec); ok {
			owner = v.Names[0].Name
		}
	}
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			names = append(names, "."+n.Sel.Name)
		case *ast.Ident:
			names = append(names, n.Name)
		}
		return true
	})
	return owner, names
}
