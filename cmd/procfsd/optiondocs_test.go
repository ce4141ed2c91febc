package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documented are the names in the table of options, and which of them people type.
func documented() (all, typed []string) {
	for _, d := range optionDocs() {
		all = append(all, d.Names...)
		if !d.ByMount {
			typed = append(typed, d.Names...)
		}
	}
	return all, typed
}

// What is documented is understood, and the other way round.
func TestOptionDocsAndParser(t *testing.T) {
	all, _ := documented()
	slices.Sort(all)
	if known := slices.Sorted(maps.Keys(knownOptions())); !slices.Equal(all, known) {
		t.Errorf("documented %q\nunderstood %q", all, known)
	}
	for _, d := range optionDocs() {
		if d.Manual == "" || d.Brief == "" && !d.ByMount {
			t.Errorf("%q: nothing is said", d.Names)
		}
		for _, name := range d.Names {
			checkDocumented(t, d, name)
		}
	}
}

// checkDocumented: a flag takes no value, the others need one, and take those
// that are named.
func checkDocumented(t *testing.T, d optionDoc, name string) {
	t.Helper()
	parses := func(item string) bool {
		_, err := parseOptions(defaultOptions(true), []string{item}, false)
		return err == nil
	}
	if d.ByMount {
		return
	}
	if flag := d.Arg == ""; parses(name) != flag || flag && parses(name+"=x") {
		t.Errorf("%s: a flag: %v", name, flag)
	}
	for _, value := range d.Values {
		if !parses(name+"="+value) || !strings.Contains(d.Brief, value) || !strings.Contains(d.Manual, value) {
			t.Errorf("%s=%s is not understood, or not documented", name, value)
		}
	}
}

// The README has the same options.
func TestOptionDocsAndReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(readme), "\n| option | |\n|---|---|\n")
	if !ok {
		t.Fatal("the README has no table of options")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var names []string
	for line := range strings.Lines(table) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		for _, found := range regexp.MustCompile("`([a-z_]+)=?`").FindAllStringSubmatch(first, -1) {
			names = append(names, found[1])
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "remount" }) // told where the table ends
	if _, typed := documented(); !slices.Equal(names, typed) {
		t.Errorf("in the README %q\ndocumented %q", names, typed)
	}
}

// The help fits a terminal and has every option.
func TestOptionHelp(t *testing.T) {
	help := optionHelp()
	for line := range strings.Lines(help) {
		if len(line) > helpWidth+1 {
			t.Errorf("%d characters: %q", len(line), line)
		}
	}
	if _, typed := documented(); slices.ContainsFunc(typed, func(name string) bool { return !strings.Contains(help, name) }) {
		t.Errorf("not all of %q in\n%s", typed, help)
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string][]string{
		"":                {""},
		"a b c":           {"a b", "c"},
		"abcd ef":         {"abcd", "ef"},
		"ab  cd\nefg":     {"ab", "cd", "efg"},
		"a very long one": {"a", "very", "long", "one"},
	} {
		if got := wrap(text, 3); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
