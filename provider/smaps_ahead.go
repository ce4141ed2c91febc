package provider

import (
	"io"
	"os"
	"sync/atomic"
)

// smapsFD reads the kernel's smaps so that nothing is made twice: the kernel
// puts entries into a page until it has as much as was asked for, and an entry
// that does not fit any more it makes again at the next read, with all the walk
// through its page tables. So ask for a page less the room of an entry.
type smapsFD int

// smapsEntry is more than nearly all entries take.
const smapsEntry = 1024

func (fd smapsFD) Read(b []byte) (int, error) {
	return fdReader(fd).Read(b[:min(len(b), os.Getpagesize()-smapsEntry)])
}

const (
	// smapsPiece is how much is handed over at once: less would be spent on waking
	// who waits for it, and more would be left to be parsed at the end, when there
	// is nothing to be read meanwhile.
	smapsPiece = 64 << 10

	smapsFront = 8 << 10 // for the entry that a piece ends within
)

// smapsAhead reads smaps while what has been read is being parsed: the kernel
// takes so long for an entry that all else can be done meanwhile.
type smapsAhead struct {
	blocks [2]smapsBlock
	rest   []byte // what the last block left over
}

// smapsBlock is a part of the text, with free room in front of it.
type smapsBlock struct {
	room [smapsFront + smapsPiece]byte
	end  int
	err  error // what ended the reading: io.EOF at the end
}

// fill reads until the block is full, the text ends, or nobody wants it.
func (b *smapsBlock) fill(fd smapsFD, unwanted *atomic.Bool) {
	b.end, b.err = smapsFront, nil
	for b.err == nil && len(b.room)-b.end >= smapsRead && !unwanted.Load() {
		var n int
		n, b.err = fd.Read(b.room[b.end:])
		b.end += n
	}
}

// readAhead fills blocks until one has the end, or there are no more to fill.
func readAhead(fd smapsFD, free <-chan *smapsBlock, full chan<- *smapsBlock, unwanted *atomic.Bool) {
	defer close(full)
	for b := range free {
		b.fill(fd, unwanted)
		full <- b
		if b.err != nil {
			return
		}
	}
}

// each goes on with t. The goroutine that reads has ended when it returns, so
// a reader that is stuck in the kernel keeps its caller.
func (a *smapsAhead) each(t *smapsText, fd smapsFD, yield func(*Smap) error) error {
	free, full := make(chan *smapsBlock, len(a.blocks)), make(chan *smapsBlock, len(a.blocks))
	var unwanted atomic.Bool
	defer func() {
		unwanted.Store(true)
		close(free)
		for range full {
		}
	}()
	for i := range a.blocks {
		free <- &a.blocks[i]
	}
	go readAhead(fd, free, full, &unwanted)
	if err := t.rest(yield); err != nil {
		return err
	}
	a.rest = t.leave(a.rest)
	for {
		b := <-full
		if err := a.take(t, b, yield); err != nil || t.eof {
			return err
		}
		free <- b
	}
}

// take parses a block, and keeps what is left over of it.
func (a *smapsAhead) take(t *smapsText, b *smapsBlock, yield func(*Smap) error) error {
	if b.err != nil && b.err != io.EOF {
		return b.err
	}
	if err := t.join(a.rest, b); err != nil {
		return err
	}
	t.eof = b.err == io.EOF
	err := t.rest(yield)
	a.rest = t.leave(a.rest)
	return err
}

// leave copies what is still needed of the window to rest.
func (t *smapsText) leave(rest []byte) []byte {
	from := t.needed()
	rest = append(rest[:0], t.buf[from:t.end]...)
	t.start, t.pos, t.end = 0, t.pos-from, t.end-from
	return rest
}

// join makes rest, and b after it, the window.
func (t *smapsText) join(rest []byte, b *smapsBlock) error {
	if len(rest) >= smapsMost {
		return &Error{Op: "read", File: "smaps", Err: ErrTooBig}
	}
	if front := smapsFront - len(rest); front >= 0 {
		copy(b.room[front:], rest)
		t.buf = b.room[front:b.end]
	} else {
		t.buf = append(rest[:len(rest):len(rest)], b.room[smapsFront:b.end]...)
	}
	t.end = len(t.buf)
	return nil
}

// drop lets go of room that only a giant needed.
func (a *smapsAhead) drop() {
	if cap(a.rest) > smapsFront {
		a.rest = nil
	}
}
