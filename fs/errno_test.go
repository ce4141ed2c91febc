package fs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

func TestErrno(t *testing.T) {
	const absent = unix.ESRCH
	for _, test := range []struct {
		err  error
		want unix.Errno
	}{
		{nil, 0},
		{nodes.ErrHidden, absent},
		{nodes.ErrGone, absent},
		{provider.ErrGone, absent},
		{nodes.ErrStale, unix.ESTALE},
		{nodes.ErrDenied, unix.EPERM},
		{nodes.ErrTooBig, unix.ENOMEM},
		{nodes.ErrSyntax, unix.EINVAL},
		{nodes.ErrRange, unix.EINVAL},
		{nodes.ErrTooLong, unix.EMSGSIZE},
		{provider.ErrBusy, unix.EBUSY},
		{provider.ErrMalformed, unix.EIO},
		{provider.ErrNotSupported, unix.EOPNOTSUPP},
		{errBusy, unix.EBUSY},
		{errDeadline, unix.ETIMEDOUT},
		{errNoMemory, unix.ENOMEM},
		{errTooMany, unix.ENFILE},
		{errPanic, unix.EIO},
		{context.Canceled, unix.EINTR},
		{iofs.ErrPermission, unix.EACCES},
		{unix.EACCES, unix.EACCES},
		{unix.EPERM, unix.EPERM},
		{unix.EFAULT, unix.EFAULT},
		{unix.EINVAL, unix.EINVAL},
		{unix.EBADF, unix.EBADF},
		{unix.ENOTDIR, unix.ENOTDIR},
		{unix.ENAMETOOLONG, unix.ENAMETOOLONG},
		{unix.ENOMEM, unix.ENOMEM},
		{unix.EMFILE, unix.EMFILE},
		{unix.ENFILE, unix.ENFILE},
		{unix.EINTR, unix.EINTR},
		{unix.EBUSY, unix.EBUSY},
		{unix.EIO, unix.EIO},
		{unix.ENOSYS, unix.EIO}, // never: the kernel would not ask again
		{errors.New("unknown"), unix.EIO},
	} {
		wrapped := test.err
		if wrapped != nil {
			wrapped = &provider.Error{Op: "read", PID: 42, File: "stat", Err: test.err}
		}
		for _, err := range []error{test.err, wrapped} {
			if got := errnoOf(err, absent); got != test.want {
				t.Errorf("%v: %v, want %v", err, got, test.want)
			}
		}
	}
}

// TestHiddenIsAbsent: no errno tells what is hidden from what is not there.
func TestHiddenIsAbsent(t *testing.T) {
	r := newTestRaw(t, nodes.Options{GID: -1})
	for _, err := range []error{nodes.ErrHidden, nodes.ErrGone, fmt.Errorf("looking: %w", nodes.ErrHidden)} {
		if got := r.nameStatus(err); got != fuse.ENOENT {
			t.Errorf("a name: %v: %v", err, got)
		}
		if got := r.ioStatus(err); got != fuse.Status(unix.ESRCH) {
			t.Errorf("something open: %v: %v", err, got)
		}
	}
}

// TestErrnoTable: a class of the table is not swallowed by an earlier one.
func TestErrnoTable(t *testing.T) {
	for i, e := range errnos {
		if got := errnoOf(e.class, 0); got != e.errno {
			t.Errorf("line %d, %v: %v, want %v", i, e.class, got, e.errno)
		}
		if e.errno == unix.ENOSYS || e.errno == 0 {
			t.Errorf("line %d: %v", i, e.errno)
		}
	}
}

// TestUnexpectedIsLogged: once, and nothing that is expected.
func TestUnexpectedIsLogged(t *testing.T) {
	var log bytes.Buffer
	now := time.Now()
	r := &raw{log: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now }}
	for _, err := range []error{nil, nodes.ErrHidden, nodes.ErrStale, nodes.ErrDenied, errBusy, errDeadline, context.Canceled, unix.EIO} {
		r.nameStatus(err)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
	r.ioStatus(errors.New("a strange one"))
	if n := strings.Count(log.String(), "class=*errors.errorString"); n != 1 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("logged: %q", log.String())
	}
	log.Reset()
	for range 100 {
		r.ioStatus(errors.New("a strange one"))
	}
	if log.Len() > 0 {
		t.Errorf("logged within the second: %q", log.String())
	}
	now = now.Add(time.Second)
	r.ioStatus(errors.New("a strange one"))
	if n := strings.Count(log.String(), "unlogged=100"); n != 1 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("logged a second later: %q", log.String())
	}
}

// A process that a listing leaves out for a reason that nobody expects is
// logged; one that is gone, hidden or stuck is not.
func TestLeftOutLogs(t *testing.T) {
	for _, test := range []struct {
		err    error
		logged bool
	}{
		{nil, false}, {nodes.ErrHidden, false}, {nodes.ErrGone, false}, {context.Canceled, false},
		{provider.ErrMalformed, true}, {errors.New("odd"), true},
	} {
		var log bytes.Buffer
		r := newRaw(new(nodes.Tree), slog.New(slog.NewTextHandler(&log, nil)))
		r.query(&fuse.InHeader{}).LeftOut(test.err)
		if logged := log.Len() > 0; logged != test.logged {
			t.Errorf("%v: logged %v, %q", test.err, logged, log.String())
		}
	}
}
