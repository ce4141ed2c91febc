package render

import "errors"

// The classes of errors about what is written. All but ErrTooLong are EINVAL
// on FreeBSD; a parser that returns one returns the zero value with it.
var (
	// ErrSyntax says that the bytes are not of the node's form.
	ErrSyntax = errors.New("written bytes are not of the node's form")
	// ErrRange says that a register may not have the value: EINVAL.
	ErrRange = errors.New("value not allowed in a register")
	// ErrTooLong says that a message is longer than the node takes: EMSGSIZE.
	ErrTooLong = errors.New("message too long")
)
