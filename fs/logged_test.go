package fs

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// TestLogged: where and of which class, never what a target wrote.
func TestLogged(t *testing.T) {
	const secret = "Zq7hush"
	index := func() (v any) {
		defer func() { v = recover() }()
		return []int{}[len(secret)]
	}()
	for _, c := range []struct {
		err  error
		want []string
	}{
		{&provider.Error{Op: "parse", PID: 42, File: "status", Err: fmt.Errorf("%w: %s", provider.ErrMalformed, secret)},
			[]string{"op=parse", "pid=42", "file=status", "class=malformed"}},
		{&provider.Error{Op: "read", PID: 42, File: "maps", Err: unix.EIO}, []string{"op=read", "class=EIO"}},
		{fmt.Errorf("%s: %w", secret, errors.New(secret)), []string{"class=*errors.errorString"}},
		{fmt.Errorf("panic: %w", index.(error)), []string{"index out of range [7]"}},
		{newPanicked(secret), []string{"class=panic", "value=string", "TestLogged"}},
		{newPanicked(index), []string{"class=panic", "index out of range [7]"}},
	} {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Error("unexpected error", logged(c.err)...)
		line := out.String()
		if strings.Contains(line, secret) || strings.Count(line, "\n") != 1 {
			t.Errorf("%v: %s", c.err, line)
		}
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%v: no %s in %s", c.err, want, line)
			}
		}
	}
}
