package provider

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The table of doc.go names for each item of the Rust module what is exported
// here, and leaves none out.
func TestRustTable(t *testing.T) {
	names := exportedNames(t)
	table := rustTable(t)
	for item, ours := range table {
		for _, name := range ours {
			if !names[name] {
				t.Errorf("%s: %s is not exported", item, name)
			}
		}
	}
	items := rustItems(t)
	for owner, want := range map[string]int{"method Process": 57, "method Task": 7} {
		if got := len(items[owner]); got != want {
			t.Errorf("%s: %d, want %d", owner, got, want)
		}
	}
	all := slices.Concat(slices.Collect(maps.Values(items))...)
	for _, item := range all {
		if len(table[item]) == 0 {
			t.Errorf("%s is not in the table", item)
		}
	}
	for item := range table {
		if !slices.Contains(all, item) {
			t.Errorf("%s is no item of the Rust module", item)
		}
	}
}

// rustItems reads the list of what the Rust module has, by kind and type: lines
// such as "method Process.cmdline".
func rustItems(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/rust-items.txt")
	if err != nil {
		t.Fatal(err)
	}
	items := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		kind, item, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			t.Fatalf("%q", line)
		}
		owner, _, _ := strings.Cut(item, ".")
		items[kind+" "+owner] = append(items[kind+" "+owner], item)
	}
	return items
}

// rustTable reads the table: indented entries "Rust = Go Go: rust Go, rust Go",
// whose members may go on in lines indented twice. A member's Go name is one of
// the first Go name before the colon, unless it has a dot: ".Name" stands on its
// own, "Type.Name" is as it says.
func rustTable(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n// # From Rust\n")
	if !ok {
		t.Fatal("doc.go has no table")
	}
	table := map[string][]string{}
	rest = strings.ReplaceAll(rest, "\n//\t  ", " ")
	for line := range strings.Lines(rest) {
		entry, ok := strings.CutPrefix(line, "//\t")
		head, members, _ := strings.Cut(entry, ": ")
		rust, ours, _ := strings.Cut(head, " = ")
		if !ok {
			continue
		}
		table[rust] = strings.Fields(ours)
		for pair := range strings.SplitSeq(strings.TrimSpace(members), ", ") {
			words := strings.Fields(pair)
			for i := 1; i < len(words); i++ {
				item := rust + "." + words[0]
				table[item] = append(table[item], qualified(table[rust][0], words[i]))
			}
		}
	}
	return table
}

func qualified(owner, name string) string {
	if rest, ok := strings.CutPrefix(name, "."); ok {
		return rest
	}
	if strings.Contains(name, ".") {
		return name
	}
	return owner + "." + name
}

// exportedNames holds "Name" for each exported name of the package, and
// "Type.Member" for the fields and methods, those of embedded types included.
func exportedNames(t *testing.T) map[string]bool {
	t.Helper()
	members, embedded := map[string][]string{}, map[string][]string{}
	names := map[string]bool{}
	for _, file := range packageFiles(t) {
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names[d.Name.Name] = true
				} else {
					owner := receiver(d.Recv.List[0].Type)
					members[owner] = append(members[owner], d.Name.Name)
				}
			case *ast.GenDecl:
				declared(d, names, members, embedded)
			}
		}
	}
	for owner := range members {
		for _, member := range promoted(owner, members, embedded) {
			names[owner+"."+member] = true
		}
	}
	for name := range names {
		if last := name[strings.LastIndex(name, ".")+1:]; !ast.IsExported(name) || !ast.IsExported(last) {
			delete(names, name)
		}
	}
	return names
}

func packageFiles(t *testing.T) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// declared notes the types with their fields, the constants and variables.
func declared(d *ast.GenDecl, names map[string]bool, members, embedded map[string][]string) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.ValueSpec:
			for _, name := range s.Names {
				names[name.Name] = true
			}
		case *ast.TypeSpec:
			names[s.Name.Name] = true
			members[s.Name.Name] = append(members[s.Name.Name], "")
			fields(s, members, embedded)
		}
	}
}

func fields(s *ast.TypeSpec, members, embedded map[string][]string) {
	structure, ok := s.Type.(*ast.StructType)
	if !ok {
		return
	}
	owner := s.Name.Name
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			members[owner] = append(members[owner], name.Name)
		}
		if len(field.Names) == 0 {
			embedded[owner] = append(embedded[owner], receiver(field.Type))
		}
	}
}

func receiver(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

func promoted(owner string, members, embedded map[string][]string) []string {
	all := slices.Clone(members[owner])
	for _, inner := range embedded[owner] {
		all = append(all, promoted(inner, members, embedded)...)
	}
	return all
}
