package fs

import (
	"context"
	"errors"
	iofs "io/fs"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"golang.org/x/sys/unix"
)

var (
	errBusy     = errors.New("too many calls that may block are under way")
	errDeadline = errors.New("the target did not answer in time")
	errLeft     = errors.New("the caller was interrupted")
	errNoMemory = errors.New("the memory for texts is used up")
	errTooMany  = errors.New("too many open files")
	errPanic    = errors.New("panic")
)

// classes of errors and what the kernel is told of them, first match wins.
// "Gone" and "hidden" depend on what was asked; see errnoOf.
var errnos = []struct {
	class error
	errno unix.Errno
}{
	{nodes.ErrStale, unix.ESTALE},
	{nodes.ErrDenied, unix.EPERM},
	{nodes.ErrTooBig, unix.ENOMEM},
	{nodes.ErrSyntax, unix.EINVAL},
	{nodes.ErrRange, unix.EINVAL},
	{nodes.ErrTooLong, unix.EMSGSIZE},
	{nodes.ErrNotSupported, unix.EOPNOTSUPP},
	{errBusy, unix.EBUSY},
	{errDeadline, unix.ETIMEDOUT},
	{errLeft, unix.EINTR},
	{errNoMemory, unix.ENOMEM},
	{errTooMany, unix.ENFILE},
	{context.Canceled, unix.EINTR},
	{context.DeadlineExceeded, unix.ETIMEDOUT},
	{unix.EAGAIN, unix.EAGAIN}, // of a signal, where the sender has too many pending
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
	{iofs.ErrPermission, unix.EACCES},
}

// errnoOf is what the kernel is told. What is gone and what is hidden look the
// same: absent is ENOENT for a name, ESRCH for something already open.
func errnoOf(err error, absent unix.Errno) unix.Errno {
	if err == nil {
		return 0
	}
	if errors.Is(err, nodes.ErrHidden) || errors.Is(err, nodes.ErrGone) {
		return absent
	}
	for _, e := range errnos {
		if errors.Is(err, e.class) {
			return e.errno
		}
	}
	return unix.EIO
}

// nameStatus answers a question about a name.
func (r *raw) nameStatus(err error) fuse.Status { return r.status(err, unix.ENOENT) }

// ioStatus answers a read or write of something open.
func (r *raw) ioStatus(err error) fuse.Status { return r.status(err, unix.ESRCH) }

func (r *raw) status(err error, absent unix.Errno) fuse.Status {
	errno := errnoOf(err, absent)
	if errno == unix.EIO && !errors.Is(err, unix.EIO) {
		if more, now := r.oddities.count(r.now()); now {
			r.log.Error("unexpected error", append(logged(err), "unlogged", more)...)
		}
	}
	return fuse.Status(errno)
}

// oddities are errors that nobody expects. Whoever finds a way to one could fill
// the log with it, so there is a line a second at most.
type oddities struct {
	mu   sync.Mutex
	last time.Time // one was logged
	more int       // since then
}

// count tells whether to log one, and how many were not before it.
func (o *oddities) count(now time.Time) (more int, log bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.last.IsZero() && now.Sub(o.last) < time.Second {
		o.more++
		return 0, false
	}
	more = o.more
	o.last, o.more = now, 0
	return more, true
}
