package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/fs"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		line string
	}{
		{nil, 0, ""},
		{exitStatus(0), 0, ""},
		{exitStatus(137), 137, ""},
		{failf(exitUsage, "two\nlines"), 1, "procfsd: two; lines\n"},
		{fmt.Errorf("move_mount: %w", fs.ErrMount), 32, "procfsd: move_mount: " + fs.ErrMount.Error() + "\n"},
		{failf(exitMount, "no %w", errors.New("device")), 32, "procfsd: no device\n"},
		{errors.New("other"), 2, "procfsd: other\n"},
	} {
		var w strings.Builder
		if code := report(&w, c.err); code != c.code || w.String() != c.line {
			t.Errorf("report(%v) = %d, %q; want %d, %q", c.err, code, w.String(), c.code, c.line)
		}
	}
}

// What the daemon sends is what the launcher reports.
func TestOutcomeRoundTrip(t *testing.T) {
	for _, err := range []error{nil, failf(exitMount, "mountpoint /a b does not exist"), failf(exitUsage, ""), errors.New("5 x")} {
		var pipe strings.Builder
		if err := sendOutcome(&pipe, err); err != nil {
			t.Fatal(err)
		}
		got := receiveOutcome(strings.NewReader(pipe.String()))
		if exitCode(got) != exitCode(err) || (err != nil && got.Error() != err.Error()) {
			t.Errorf("%v came back as %v", err, got)
		}
	}
}

func TestNoOutcome(t *testing.T) {
	for _, word := range []string{"", "ok", "x y", "0"} {
		if err := receiveOutcome(strings.NewReader(word)); !errors.Is(err, errNoOutcome) {
			t.Errorf("%q: %v, want %v", word, err, errNoOutcome)
		}
	}
}
