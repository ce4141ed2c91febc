package nodes

import (
	"errors"
	"io/fs"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
	"golang.org/x/sys/unix"
)

// openDebug is for what keeps nothing open, and yet serves its opener alone.
func openDebug(*Query, Access) (File, error) { return stateless{}, nil }

type stateless struct{}

func (stateless) Close() error { return nil }

// openNote asks beforehand what each write is asked again: may the caller
// signal the process?
func openNote(q *Query, _ Access) (File, error) {
	if err := q.Caller.Signal(q.Target.Process, 0); err != nil {
		return nil, err
	}
	return stateless{}, nil
}

// post sends the note as a signal, from the caller.
func post(q *Query, note render.Note) error {
	if err := canDebug(q); err != nil {
		return err
	}
	number, err := signalOf(note)
	if err != nil {
		return err
	}
	return q.Caller.Signal(q.Target.Process, number)
}

// signalOf finds this host's number for the names that the host has.
func signalOf(note render.Note) (int, error) {
	if note.Name == "" {
		return note.Number, nil
	}
	number := unix.SignalNum(note.Name)
	if number == 0 {
		return 0, render.ErrSyntax
	}
	return int(number), nil
}

// postGroup sends the note to every process of the target's process group that
// the caller may debug and signal, as killpg(2) does for the caller: one is
// enough, and where there is none it is ErrDenied, or why it could not be sent.
func postGroup(q *Query, note render.Note) error {
	if err := canDebug(q); err != nil {
		return err
	}
	number, err := signalOf(note)
	if err != nil {
		return err
	}
	if err := q.Target.loadStat(); err != nil {
		return err
	}
	posted, refused := 0, error(ErrDenied)
	for member, err := range q.Tree.proc.Group(q.Target.stat.PGRP) {
		if err == nil {
			err = q.postMember(member, number)
		}
		switch {
		case err == nil:
			posted++
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			refused = err
		}
	}
	if posted == 0 {
		return refused
	}
	return nil
}

func (q *Query) postMember(member *provider.Process, number int) error {
	if err := q.Caller.MayAttach(member); err != nil {
		return err
	}
	return q.Caller.Signal(member, number)
}
