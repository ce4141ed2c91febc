package nodes

import (
	"context"

	"github.com/procfsd/procfsd/provider"
)

// Kind is what a node is to the file system.
type Kind uint8

const (
	Text   Kind = iota + 1 // a file whose text is made whole, then read
	Stream                 // a file that is read and written in place
	Link                   // a symbolic link
)

// Row is one node: its name, its looks and its functions.
type Row struct {
	Name  string
	Class uint8 // tells the nodes of one process apart in inode numbers
	Kind  Kind
	Mode  uint32 // permission bits

	// Visible is nil where everybody who sees the process sees the node; it
	// gives ErrHidden for those who do not.
	Visible func(*Query) error

	// MayBlock marks what can hang on somebody else's memory or file system:
	// it is done under a deadline, and never in the way of others.
	MayBlock bool

	// Stats marks what reads the process's stat, which tells whether it runs.
	Stats bool

	// Open takes what has to be opened under the opener's rights; such an open
	// file serves nobody but its opener. Nil where nothing has to be.
	Open func(q *Query, access Access) (File, error)

	Fill  func(q *Query, dst []byte) ([]byte, error) // Text: appends the whole text; nil where nothing is read
	Store func(q *Query, data []byte) error          // Text: takes one write, whole, whatever its offset; nil where nothing is written
	Read  func(*Query) (string, error)               // Link: its target
}

// Access is how a file is opened.
type Access struct{ Read, Write bool }

// File is what a row's Open took.
type File interface{ Close() error }

// StreamFile is the File of a Stream. Its errors go with zero bytes.
type StreamFile interface {
	File
	ReadAt(q *Query, b []byte, offset int64) (int, error)
	WriteAt(q *Query, b []byte, offset int64) (int, error)
}

// Query is one question: a caller asks about a target.
type Query struct {
	Context context.Context // ends when the caller no longer waits; may be Patient
	Tree    *Tree
	Caller  *provider.Caller
	Target  *Target // nil at the root
	File    File    // what Open took, if the row has an Open

	// Reserve asks for so many more bytes of memory before they are used.
	// What it granted is given back when the question is answered.
	Reserve func(bytes int) error

	// Glances bounds what looks at many processes; nil for bounds of its own.
	Glances *Glances

	// LeftOut is told why a process is missing from what lists many, but for
	// those that are stuck; nil where nobody wants to know.
	LeftOut func(error)

	hosts  *hosts  // host names found while filling one table
	shared bool    // somebody may still look at it when it is answered
	reused *reused // nil where it is not the tree's to use again
}

func (q *Query) reserve(bytes int) error {
	if q.Reserve == nil {
		return nil
	}
	return q.Reserve(bytes)
}

// Patient is a Context that gives more time to what gets on. Progress gives
// the Context's error.
type Patient interface{ Progress() error }

// getsOn tells whoever waits that there is progress, and asks whether anybody
// does.
func (q *Query) getsOn() error {
	if p, ok := q.Context.(Patient); ok {
		return p.Progress()
	}
	return q.Context.Err()
}

// store joins a parser with a setter.
func store[V any](parse func([]byte) (V, error), set func(*Query, V) error) func(*Query, []byte) error {
	return func(q *Query, data []byte) error {
		value, err := parse(data)
		if err != nil {
			return err
		}
		return set(q, value)
	}
}

// fill joins a collector with an appender.
func fill[V any](collect func(*Query) (V, error), appendTo func([]byte, *V) []byte) func(*Query, []byte) ([]byte, error) {
	return func(q *Query, dst []byte) ([]byte, error) {
		view, err := collect(q)
		if err != nil {
			return dst, err
		}
		return appendTo(dst, &view), nil
	}
}
