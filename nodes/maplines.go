package nodes

import (
	"slices"
	"strconv"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// mapLines are the lines of a map under way. Each is rendered as soon as its
// mapping is known, but for one column: how many mappings hold its object is
// known at the end.
type mapLines struct {
	reserve func(bytes int) error
	objects objects
	pieces  []mapPiece // each larger than the last one, up to a bound
	count   int        // of lines
	size    int        // of their text
}

// mapPiece is some of the lines, one after the other.
type mapPiece struct {
	text []byte
	gaps []gap
}

// gap is where in the text a reference count is missing, and whose.
type gap struct{ at, object uint32 }

const (
	leastPiece = 4 << 10
	mostPiece  = 64 << 10

	// shortLine is no longer than a line, longLine no shorter than one but for
	// its path.
	shortLine = 48
	longLine  = 192

	// gapMemory is the most that a line takes beside its text: the gap, two
	// places in the list of objects and eight in their table, and once more what
	// was there before those grew.
	gapMemory = 8 + 3*16 + 10*4
)

func (l *mapLines) add(e *render.MapEntry) error {
	if l.count >= maxMap {
		return provider.ErrTooBig
	}
	room := longLine + 4*len(e.Path) // as if all of it were newlines
	if n := len(l.pieces); n == 0 || cap(l.pieces[n-1].text)-len(l.pieces[n-1].text) < room {
		if err := l.grow(room); err != nil {
			return err
		}
	}
	p := &l.pieces[len(l.pieces)-1]
	before := len(p.text)
	p.text = render.AppendMapHead(p.text, e)
	p.gaps = append(p.gaps, gap{uint32(len(p.text)), l.objects.hold(e.Object)})
	p.text = render.AppendMapTail(p.text, e)
	l.count++
	l.size += len(p.text) - before
	return nil
}

// grow adds a piece, whose text is needed twice: appendTo makes a copy.
func (l *mapLines) grow(room int) error {
	size := leastPiece
	if n := len(l.pieces); n > 0 {
		size = min(4*cap(l.pieces[n-1].text), mostPiece)
	}
	size = max(size, room)
	if err := l.reserve(2*size + size/shortLine*gapMemory); err != nil {
		return err
	}
	l.pieces = append(l.pieces, mapPiece{make([]byte, 0, size), make([]gap, 0, size/shortLine)})
	return nil
}

// appendTo appends the lines, whole.
func (l *mapLines) appendTo(dst []byte) []byte {
	dst = slices.Grow(dst, l.size+l.objects.digits(l.count))
	for i := range l.pieces {
		dst = l.pieces[i].appendTo(dst, &l.objects)
	}
	return dst
}

func (p *mapPiece) appendTo(dst []byte, o *objects) []byte {
	from := uint32(0)
	for _, g := range p.gaps {
		dst = append(dst, p.text[from:g.at]...)
		dst = strconv.AppendUint(dst, uint64(o.held[g.object].count), 10)
		from = g.at
	}
	return append(dst, p.text[from:]...)
}
