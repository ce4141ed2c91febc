package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/procfsd/procfsd/fs"
)

// Exit codes: the first four are mount(8)'s, the last three the shell's for a
// command run by `procfsd exec`.
const (
	exitOK            = 0
	exitUsage         = 1
	exitSystem        = 2
	exitMount         = 32
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128 // plus the number of the signal
)

// A failure is an error that knows its exit code. One without an error ends
// the program silently: what there was to say has been said.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

func failf(code int, format string, args ...any) error {
	return &failure{code, fmt.Errorf(format, args...)}
}

// exitStatus ends the program with code and without a word.
func exitStatus(code int) error {
	if code == exitOK {
		return nil
	}
	return &failure{code: code}
}

// withCode makes err a failure, that is, no complaint of cobra's about usage.
func withCode(err error) error {
	var f *failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &failure{exitCode(err), err}
}

// exitCode is the code that err ends the program with.
func exitCode(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, fs.ErrMount):
		return exitMount
	}
	return exitSystem
}

// report writes err as one line and returns the exit code.
func report(w io.Writer, err error) int {
	var f *failure
	if silent := errors.As(err, &f) && f.err == nil; err != nil && !silent {
		fmt.Fprintf(w, "procfsd: %s\n", oneLine(err.Error()))
	}
	return exitCode(err)
}

// oneLine keeps a message in one line whatever names it quotes, and those from
// steering a terminal.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
