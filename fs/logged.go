package fs

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// logged is what a log may say of an error: where it came up and of which class
// it is. Its text it may not: that quotes what targets have written.
func logged(err error) []any {
	var all []any
	var at *provider.Error
	if errors.As(err, &at) {
		all = append(all, "op", at.Op, "pid", at.PID, "file", at.File)
	}
	var panicked *panicked
	if errors.As(err, &panicked) {
		return append(all, "class", "panic", "value", panicked.value, "stack", panicked.stack)
	}
	return append(all, "class", classOf(err))
}

// classOf names an errno, a fault of the Go runtime's (an index, a nil pointer),
// or else a class of the provider's or, failing that, the type of the error.
func classOf(err error) string {
	var errno unix.Errno
	var fault runtime.Error
	switch {
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	case errors.As(err, &fault):
		return fault.Error()
	case errors.Is(err, provider.ErrMalformed):
		return provider.ErrMalformed.Error()
	}
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return fmt.Sprintf("%T", err)
}

// panicked is a panic where it was caught.
type panicked struct{ value, stack string }

func newPanicked(v any) error {
	p := &panicked{value: fmt.Sprintf("%T", v), stack: string(debug.Stack())}
	if fault, ok := v.(runtime.Error); ok {
		p.value = fault.Error()
	}
	return p
}

func (*panicked) Error() string { return errPanic.Error() }
func (*panicked) Unwrap() error { return errPanic }
