package provider

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// caseText reads testdata/proc/CASE/PID/file of the one process of a case.
func caseText(tb testing.TB, name, file string) []byte {
	tb.Helper()
	all, err := filepath.Glob(filepath.Join("testdata/proc", name, "*", file))
	if err != nil || len(all) != 1 {
		tb.Fatalf("case %s: %d processes, %v", name, len(all), err)
	}
	b, err := os.ReadFile(all[0])
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// caseNames lists the cases.
func caseNames(tb testing.TB) (names []string) {
	tb.Helper()
	all, err := os.ReadDir("testdata/proc")
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range all {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// lawful checks that an error comes with the zero value and in its class, and
// success with another.
func lawful(tb testing.TB, value any, err error) {
	tb.Helper()
	zero := reflect.ValueOf(value).IsZero()
	if (err != nil) != zero {
		tb.Fatalf("error %v with %+v", err, value)
	}
	if err != nil && !errors.Is(err, ErrMalformed) {
		tb.Fatalf("error of another class: %v", err)
	}
}

// malformedText wants the parser to refuse each text.
func malformedText[T any](t *testing.T, parse func([]byte) (T, error), texts ...string) {
	t.Helper()
	for _, text := range texts {
		v, err := parse([]byte(text))
		if !errors.Is(err, ErrMalformed) || !reflect.ValueOf(v).IsZero() {
			t.Errorf("%q: %+v, %v; want ErrMalformed", text, v, err)
		}
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%q: %T is not an *Error", text, err)
		}
	}
}
