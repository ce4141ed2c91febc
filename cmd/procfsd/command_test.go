package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func writeFile(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 3\n"), mode); err != nil {
		t.Fatal(err)
	}
}

func TestFindCommand(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeFile(t, "a/plain", 0o644)
	writeFile(t, "b/plain", 0o755)
	writeFile(t, "a/only", 0o644)
	writeFile(t, "here", 0o755)
	if err := os.MkdirAll("a/dir", 0o755); err != nil {
		t.Fatal(err)
	}
	path := dir + "/a:" + dir + "/b"
	for _, c := range []struct {
		name, path, want string
		err              error
	}{
		{"plain", path, dir + "/b/plain", nil},
		{"only", path, "", syscall.EACCES},
		{"dir", path, "", syscall.ENOENT},
		{"none", path, "", syscall.ENOENT},
		{"here", path, "", syscall.ENOENT},
		{"here", path + ":", "./here", nil},
		{"a/only", path, "a/only", nil},
	} {
		got, err := findCommand(c.name, c.path)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// The exit status of COMMAND is ours.
func TestRunCommandStatus(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/closed", 0o644)
	writeFile(t, dir+"/three", 0o755)
	for _, c := range []struct {
		argv []string
		want int
	}{
		{[]string{"true"}, 0},
		{[]string{dir + "/three"}, 3},
		{[]string{"sh", "-c", "exit 255"}, 255},
		{[]string{"sh", "-c", "kill -KILL $$"}, 137},
		{[]string{"sh", "-c", "kill -TERM $$"}, 143},
		{[]string{dir + "/closed"}, 126},
		{[]string{dir}, 126},
		{[]string{dir + "/closed/x"}, 127},
		{[]string{dir + "/none"}, 127},
		{[]string{"no-such-command-here"}, 127},
	} {
		if got := exitCode(runCommand(c.argv)); got != c.want {
			t.Errorf("%q: %d, want %d", c.argv, got, c.want)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		path, dir string
		want      bool
	}{
		{"/proc", "/proc", true},
		{"/proc/1", "/proc", true},
		{"/process", "/proc", false},
		{"/", "/proc", false},
		{"/tmp", "/", true},
	} {
		if got := below(c.path, c.dir); got != c.want {
			t.Errorf("below(%q, %q) = %v", c.path, c.dir, got)
		}
	}
}
