package main

import (
	"reflect"
	"strings"
	"testing"
)

// The spellings are those observed from mount(8) of util-linux 2.38.
func TestHelperArgs(t *testing.T) {
	for args, want := range map[string]helperArgs{
		"proc /proc -o rw":                      {Spec: "proc", Dir: "/proc", Lists: []string{"rw"}},
		"proc /proc -s -n -v -f -o rw":          {Spec: "proc", Dir: "/proc", Lists: []string{"rw"}, Sloppy: true, Verbose: true, Fake: true},
		"proc /proc -sfnv":                      {Spec: "proc", Dir: "/proc", Sloppy: true, Verbose: true, Fake: true},
		"proc /proc -o rw -t procfs.sub":        {Spec: "proc", Dir: "/proc", Lists: []string{"subtype=sub", "rw"}},
		"proc /proc -o rw,subtype=x -t procfs.": {Spec: "proc", Dir: "/proc", Lists: []string{"rw,subtype=x"}},
		"none /m -o rw -t fuse.procfsd":         {Spec: "none", Dir: "/m", Lists: []string{"subtype=procfsd", "rw"}},
		"-o ro none /m -o hidepid=2":            {Spec: "none", Dir: "/m", Lists: []string{"ro", "hidepid=2"}},
		"-n -- none /m":                         {Spec: "none", Dir: "/m"},
	} {
		got, err := parseHelperArgs(strings.Fields(args))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", args, got, err, want)
		}
	}
}

func TestBadHelperArgs(t *testing.T) {
	for _, args := range []string{"", "none", "a b c", "a b -N 5", "a b -o", "a b -x", "a b --nope"} {
		got, err := parseHelperArgs(strings.Fields(args))
		if exitCode(err) != exitUsage || !reflect.DeepEqual(got, helperArgs{}) {
			t.Errorf("%q: %+v, %v; want a usage error", args, got, err)
		}
	}
}

// -t type.subtype is only a default, whatever it holds.
func TestHelperSubtype(t *testing.T) {
	for args, want := range map[string]string{
		"a /m -t procfs.x":              "x",
		"a /m -t procfs.x,ro":           "x,ro",
		"a /m -t procfs":                "procfsd",
		"a /m -t procfs.x -o subtype=y": "y",
	} {
		h, err := parseHelperArgs(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		o, err := parseOptions(defaultOptions(true), h.Lists, false)
		if err != nil || o.Subtype != want {
			t.Errorf("%s: subtype %q, %v; want %q", args, o.Subtype, err, want)
		}
	}
}
