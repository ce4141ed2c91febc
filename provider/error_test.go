package provider

import (
	"errors"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"
)

func TestErrorText(t *testing.T) {
	for want, e := range map[string]Error{
		"open 42: process is gone":      {Op: "open", PID: 42, Err: ErrGone},
		"read 42/stat: malformed":       {Op: "read", PID: 42, File: "stat", Err: ErrMalformed},
		"open /x: permission denied":    {Op: "open", File: "/x", Err: unix.EACCES},
		"readlink self: too big":        {Op: "readlink", File: "self", Err: ErrTooBig},
		"read 7/ns/uts: " + notHere:     {Op: "read", PID: 7, File: "ns/uts", Err: ErrNotSupported},
		"setns 7/ns/uts: invalid " + at: {Op: "setns", PID: 7, File: "ns/uts", Err: unix.EINVAL},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

const notHere, at = "not supported by this kernel or process", "argument"

func TestErrorClasses(t *testing.T) {
	all := []error{ErrGone, ErrNotSupported, ErrMalformed, ErrTooBig, fs.ErrNotExist, fs.ErrPermission}
	for i, row := range []struct {
		err error
		is  []error
	}{
		{ErrGone, []error{ErrGone, fs.ErrNotExist}},
		{ErrNotSupported, []error{ErrNotSupported}},
		{ErrMalformed, []error{ErrMalformed}},
		{ErrTooBig, []error{ErrTooBig}},
		{unix.EACCES, []error{fs.ErrPermission}},
		{unix.EPERM, []error{fs.ErrPermission}},
		{unix.ENOENT, []error{fs.ErrNotExist}},
		{unix.ESRCH, nil},
		{classify(unix.ESRCH), []error{ErrGone, fs.ErrNotExist}},
		{classify(unix.EPERM), []error{fs.ErrPermission}},
	} {
		wrapped := &Error{Op: "read", PID: 1, File: "x", Err: row.err}
		for _, class := range all {
			want := false
			for _, is := range row.is {
				want = want || is == class
			}
			if got := errors.Is(wrapped, class); got != want {
				t.Errorf("row %d: %v is %v: %v", i, row.err, class, got)
			}
		}
	}
}

// An error is wrapped once, by whoever knew most.
func TestErrorWrappedOnce(t *testing.T) {
	p := &Process{dir{pid: 9}}
	inner := p.fail("open", "mem", unix.EACCES)
	if outer := p.fail("read", "", inner); outer != inner {
		t.Errorf("%v", outer)
	}
	var e *Error
	if !errors.As(p.fail("read", "mem", unix.ESRCH), &e) || *e != (Error{"read", 9, "mem", ErrGone}) {
		t.Errorf("%+v", e)
	}
}
