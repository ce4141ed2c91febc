package provider

import (
	"errors"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

// Classes of failure. Every error of this package is an *Error that wraps one
// of these, one of io/fs's, or the plain errno; test with errors.Is.
var (
	// ErrGone: the process has exited (or, for something opened earlier, has
	// replaced its image). It answers to fs.ErrNotExist too.
	ErrGone error = goneError{}

	// ErrNotSupported: this kernel, or this kind of process, has no such file.
	ErrNotSupported = errors.New("not supported by this kernel or process")

	// ErrMalformed: the kernel's text is not of the documented form.
	ErrMalformed = errors.New("malformed")

	// ErrTooBig: the text is beyond the bound that the caller set, or that the
	// method tells.
	ErrTooBig = errors.New("too big")

	// ErrBusy: the process cannot be had now: it runs and must not be stopped,
	// another traces it, it does not stop, or it is we. It answers to
	// unix.EBUSY too.
	ErrBusy error = busyError{}
)

type goneError struct{}

func (goneError) Error() string        { return "process is gone" }
func (goneError) Is(target error) bool { return target == fs.ErrNotExist }

type busyError struct{}

func (busyError) Error() string        { return "process is busy" }
func (busyError) Is(target error) bool { return target == unix.EBUSY }

// Error says what was tried on which file of which process.
type Error struct {
	Op   string // "open", "read", "readlink", "parse" …
	PID  int    // 0 where no process is meant
	File string // the file below /proc/PID, or below /proc
	Err  error  // the class, or the errno
}

// Error gives all of it: "read 42/maps: permission denied".
func (e *Error) Error() string {
	where := e.File
	if e.PID != 0 {
		where = strconv.Itoa(e.PID)
		if e.File != "" {
			where += "/" + e.File
		}
	}
	return e.Op + " " + where + ": " + e.Err.Error()
}

// Unwrap gives the class or the errno.
func (e *Error) Unwrap() error { return e.Err }

// classify turns the errnos with which /proc says "gone" into ErrGone. Inside
// a pinned process directory ENOENT is told apart by the caller, who knows
// whether the file always exists.
func classify(err error) error {
	if err == unix.ESRCH {
		return ErrGone
	}
	return err
}

// IsShortage reports whether an error is of what we lack ourselves, descriptors
// or memory: it says nothing about the process, which must not seem to be absent
// for it, or other than it is.
func IsShortage(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}
