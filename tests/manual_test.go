package tests

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pages are the manual pages, as they are in the repository.
var pages = []string{"../dist/man/procfs.5", "../dist/man/procfsd.8"}

func needTool(t *testing.T, name, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		lack(t, "no "+name+" (Debian: apt-get install "+pkg+")")
	}
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestManualMade: procfsd(8) is what the program makes of its template now.
func TestManualMade(t *testing.T) {
	goDirectory(t)
	made := filepath.Join(directory(t), "procfsd.8")
	cmd := exec.Command("go", "run", "-tags", "manual", "../cmd/procfsd", "manual", "../dist/man/procfsd.8.in", made)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	got, want := readPage(t, made), readPage(t, "../dist/man/procfsd.8")
	if got != want {
		t.Errorf("make it anew (go generate -tags manual ./cmd/procfsd):\n%s", strings.Join(differing(got, want), "\n"))
	}
}

// TestManualFormatted: two formatters have nothing to say about the pages, and
// both show them.
func TestManualFormatted(t *testing.T) {
	needTool(t, "mandoc", "mandoc")
	needTool(t, "man", "man-db")
	for _, page := range pages {
		if out, err := exec.Command("mandoc", "-T", "lint", "-W", "warning", page).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("mandoc: %v\n%s", err, out)
		}
		var shown, warned bytes.Buffer
		cmd := exec.Command("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page)
		cmd.Env = append(os.Environ(), "LC_ALL=C", "MANROFFSEQ=", "MANWIDTH=80")
		cmd.Stdout, cmd.Stderr = &shown, &warned
		if err := cmd.Run(); err != nil || warned.Len() > 0 || bytes.Count(shown.Bytes(), []byte("\n")) < 100 {
			t.Errorf("man %s: %v\n%s%.500s", page, err, &warned, &shown)
		}
	}
}

// TestManualFound: beside Linux's page of the same name, ours is found by its
// section.
func TestManualFound(t *testing.T) {
	needTool(t, "man", "man-db")
	dir := directory(t)
	for file, text := range map[string]string{"man5/procfs.5": "Linux's\n", "man5/procfs.5freebsd": readPage(t, pages[0]), "man8/procfsd.8": readPage(t, pages[1])} {
		path := filepath.Join(dir, file)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for args, want := range map[string]string{"5freebsd procfs": "man5/procfs.5freebsd", "5 procfs": "man5/procfs.5", "procfsd": "man8/procfsd.8"} {
		cmd := exec.Command("man", append([]string{"-M", dir, "-w"}, strings.Fields(args)...)...)
		out, err := cmd.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != filepath.Join(dir, want) {
			t.Errorf("man %s: %q, %v; want %s", args, got, err, want)
		}
	}
	if !strings.Contains(readPage(t, pages[1]), "\n.Dl man 5freebsd procfs\n") {
		t.Error("procfsd(8) does not say how to reach procfs(5)")
	}
}

// TestManualDiagnostics: every message that procfsd(8) explains stands in the
// source of the program.
func TestManualDiagnostics(t *testing.T) {
	literals := sourceStrings(t, "../cmd/procfsd", "../fs")
	explained := regexp.MustCompile(`\{\{diag ("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(readPage(t, "../dist/man/procfsd.8.in"), -1)
	if len(explained) < 20 {
		t.Fatalf("%d messages", len(explained))
	}
	for _, found := range explained {
		message, err := strconv.Unquote(found[1])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(literals, func(s string) bool { return strings.Contains(s, message) }) {
			t.Errorf("no such message: %q", message)
		}
	}
}

// sourceStrings are the string constants of packages, without their tests.
func sourceStrings(t *testing.T, dirs ...string) (list []string) {
	t.Helper()
	for _, dir := range dirs {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				list = append(list, fileStrings(t, file)...)
			}
		}
	}
	return list
}

func fileStrings(t *testing.T, path string) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, text)
		}
		return true
	})
	return list
}
