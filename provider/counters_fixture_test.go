package provider

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// counterText reads testdata/counters/CASE/file.
func counterText(tb testing.TB, name, file string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/counters", name, file))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// counterSeeds adds the texts of all cases.
func counterSeeds(f *testing.F, file string) {
	f.Helper()
	all, err := filepath.Glob("testdata/counters/*/" + file)
	if err != nil || len(all) == 0 {
		f.Fatal(file, err)
	}
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// zeroAfterError is lawful for what may be zero without an error.
func zeroAfterError(tb testing.TB, value any, err error) {
	tb.Helper()
	if err == nil {
		return
	}
	var e *Error
	if !reflect.ValueOf(value).IsZero() || !errors.Is(err, ErrMalformed) || !errors.As(err, &e) {
		tb.Fatalf("%+v with %v", value, err)
	}
}

// parses wants the parser to read each text so.
func parses[T any](t *testing.T, parse func([]byte) (T, error), want map[string]T) {
	t.Helper()
	for text, want := range want {
		if got, err := parse([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}
