//go:build faults

// Package faulttest makes system calls fail one after the other and looks at
// what each failure leaves behind, for the tests of the build with the tag
// faults. It knows neither provider nor what is tried.
package faulttest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// Before is asked before each system call: the errno with which it fails
// without being made, or 0.
type Before func(call string) unix.Errno

// Sweep tries an operation again and again.
type Sweep struct {
	T testing.TB
	// Put puts failures in force for all calls, nil for none.
	Put func(Before)
	// Spare names calls that do not fail; nil for none.
	Spare func(call string) bool
	// Most is how many calls of one operation fail at most, 0 for all of them.
	Most int
}

// Failure says what failed.
type Failure struct {
	Call  string // the name of the first call that failed
	Nth   int    // which it was of the operation's
	Errno unix.Errno
	On    bool // all that followed failed too
}

func (f Failure) String() string {
	more := ""
	if f.On {
		more = ", and all after it"
	}
	return fmt.Sprintf("%v of call %d, %s%s", f.Errno, f.Nth, f.Call, more)
}

// Each fails the first call of try, then the second, and so on until try makes
// no such call. After each, judge looks at the outcome, and the process must be
// as it was. It gives the number of failures.
func (s Sweep) Each(errno unix.Errno, on bool, try func() error, judge func(Failure, error)) int {
	s.T.Helper()
	try() // whatever is opened once and for all
	before := Look(s.T)
	for n := 1; s.Most == 0 || n <= s.Most; n++ {
		f := Failure{Nth: n, Errno: errno, On: on}
		err := s.once(&f, try)
		if f.Call == "" {
			return n - 1
		}
		judge(f, err)
		before.Want(s.T, f.String())
	}
	return s.Most
}

func (s Sweep) once(f *Failure, try func() error) error {
	var seen atomic.Int64
	var failed atomic.Pointer[string]
	s.Put(func(call string) unix.Errno {
		if s.Spare != nil && s.Spare(call) {
			return 0
		}
		switch nth := seen.Add(1); {
		case nth == int64(f.Nth):
			failed.Store(&call)
			return f.Errno
		case nth > int64(f.Nth) && f.On:
			return f.Errno
		}
		return 0
	})
	defer s.Put(nil)
	err := try()
	if call := failed.Load(); call != nil {
		f.Call = *call
	}
	return err
}

// Borrows reports a call that changes a thread's credentials.
func Borrows(call string) bool {
	switch call {
	case "setresuid", "setresgid", "capset":
		return true
	}
	return false
}
