package main

import "github.com/procfsd/procfsd/provider"

// record makes the implementation of a method that reads into a reused T.
func record[T any](method func(*provider.Process, *T) error, tell func(*T) facts) impl {
	return func(t *target) *probe {
		into := new(T)
		return of(func() (*T, error) { return into, method(t.own, into) }, tell)
	}
}

// sampled is record for a method of a Sampler.
func sampled[T any](method func(*provider.Sampler, *T) error, tell func(*T) facts) impl {
	return func(t *target) *probe {
		into := new(T)
		return of(func() (*T, error) { return into, method(t.sampler, into) }, tell)
	}
}

// value makes that of a method that gives a value.
func value[T any](method func(*provider.Process) (T, error), tell func(T) facts) impl {
	return func(t *target) *probe {
		return of(func() (T, error) { return method(t.own) }, tell)
	}
}

// each makes that of a method that calls back: add is called for each element,
// with the sum that tell is given in the end.
func each[T, S any](method func(*provider.Process, func(T) error) error, add func(*S, T), tell func(*S) facts) impl {
	return func(t *target) *probe {
		sum, zero := new(S), *new(S)
		one := func(v T) error {
			add(sum, v)
			return nil
		}
		return of(func() (*S, error) {
			*sum = zero
			return sum, method(t.own, one)
		}, tell)
	}
}
