package fs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// closings counts how often it is closed.
type closings struct{ n atomic.Int32 }

func (c *closings) Close() error { c.n.Add(1); return nil }

// TestHandleUse: what a handle holds is let go once, after its last user.
func TestHandleUse(t *testing.T) {
	handles, memory := newHandles(10), newBudget(100, errNoMemory)
	file := new(closings)
	h := newHandle().begin(&nodes.Row{}, &nodes.Query{}, fuse.Owner{Uid: 7}, nodes.Access{Read: true})
	h.file = file
	if err := handles.count.take(7, 1); err != nil {
		t.Fatal(err)
	}
	text := lease{from: memory, uid: 7}
	if err := text.take(30); err != nil {
		t.Fatal(err)
	}
	h.text = snapshot{valid: true, memory: text}
	fh := handles.add(h)

	var users sync.WaitGroup
	for range 8 {
		got := handles.get(fh)
		if got != h {
			t.Fatalf("handle %d is %p, want %p", fh, got, h)
		}
		users.Go(func() {
			if file.n.Load() != 0 {
				t.Error("closed under a user")
			}
			got.unuse()
		})
	}
	last := handles.get(fh)
	handles.release(fh)
	handles.release(fh) // of none
	users.Wait()
	if n := file.n.Load(); n != 0 || memory.used != 30 {
		t.Errorf("released under a call: closed %d times, %d bytes held", n, memory.used)
	}
	if handles.get(fh) != nil || handles.count.used != 0 {
		t.Errorf("released, and still open; %d counted", handles.count.used)
	}
	last.unuse()
	if n := file.n.Load(); n != 1 || memory.used != 0 {
		t.Errorf("closed %d times, %d bytes held", n, memory.used)
	}
}

func TestHandlesEnd(t *testing.T) {
	handles := newHandles(10)
	files := make([]closings, 3)
	var numbers []uint64
	for i := range files {
		h := newHandle().begin(&nodes.Row{}, &nodes.Query{}, fuse.Owner{Uid: 7}, nodes.Access{})
		h.file = &files[i]
		handles.count.take(7, 1)
		numbers = append(numbers, handles.add(h))
	}
	if numbers[0] == 0 || numbers[0] == numbers[1] || handles.get(1000) != nil {
		t.Errorf("numbers %v", numbers)
	}
	handles.release(numbers[0])
	handles.closeAll()
	handles.release(numbers[1])
	for i := range files {
		if n := files[i].n.Load(); n != 1 {
			t.Errorf("file %d closed %d times", i, n)
		}
	}
	if handles.count.used != 0 || len(handles.open) != 0 {
		t.Errorf("left: %d, %v", handles.count.used, handles.open)
	}
}

// stuck is a file system with one open file, whose text is made by fill.
func stuck(t *testing.T, fill func(q *nodes.Query) ([]byte, error)) (*raw, *handle, *nodes.Query, *closings) {
	t.Helper()
	tree, err := nodes.Open(nodes.Options{GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tree.Close)
	r := newRaw(tree, nil)
	c := start(t)
	q := &nodes.Query{Context: context.Background(), Tree: tree, Caller: tree.Caller(c.pid, c.uid, c.gid)}
	row := &nodes.Row{Kind: nodes.Text, MayBlock: true, Fill: func(q *nodes.Query, _ []byte) ([]byte, error) { return fill(q) }}
	h, file := newHandle().begin(row, q, fuse.Owner{}, nodes.Access{Read: true}), new(closings)
	h.file = file
	return r, h, q, file
}

// TestReadStuck: a read of a text that does not come is told when nobody waits
// for it any more, and so is who waits for the text meanwhile; the file stays
// while it is being made, and the memory is given back in the end.
func TestReadStuck(t *testing.T) {
	come := make(chan struct{})
	var told error
	r, h, q, file := stuck(t, func(q *nodes.Query) ([]byte, error) {
		if err := q.Reserve(1000); err != nil {
			return nil, err
		}
		<-come
		told = q.Context.Err()
		return []byte("late"), told
	})
	ctx, giveUp := context.WithCancel(context.Background())
	q.Context = ctx
	h.use()
	result := make(chan error)
	go func() {
		defer h.unuse()
		_, err := r.readText(q, h, 0, make([]byte, 10))
		result <- err
	}()
	eventually(t, "the text is being made", func() bool {
		r.memory.mu.Lock()
		defer r.memory.mu.Unlock()
		return r.memory.used == 1000
	})
	giveUp()
	if _, err := r.readText(q, h, 0, make([]byte, 10)); !errors.Is(err, errBusy) {
		t.Errorf("a second reader meanwhile: %v", err)
	}
	h.unuse() // RELEASE
	if file.n.Load() != 0 {
		t.Error("closed under the call")
	}
	close(come)
	if err := <-result; !errors.Is(err, context.Canceled) || !errors.Is(told, context.Canceled) {
		t.Errorf("the call is not told that nobody waits: %v, %v", told, err)
	}
	eventually(t, "all is given back", func() bool { return file.n.Load() == 1 && r.memory.used == 0 })
}

// TestReadFailed: a text that fails leaves nothing behind, not even a former
// one.
func TestReadFailed(t *testing.T) {
	failure := error(nil)
	r, h, q, _ := stuck(t, func(q *nodes.Query) ([]byte, error) {
		if err := q.Reserve(5000); err != nil {
			return nil, err
		}
		if failure != nil {
			return nil, failure
		}
		return []byte("good"), nil
	})
	r.memory = newBudget(10_000, errNoMemory)
	read := func(offset uint64) (string, error) {
		b := make([]byte, 10)
		n, err := r.readText(q, h, offset, b)
		return string(b[:n]), err
	}
	if got, err := read(0); got != "good" || err != nil || r.memory.used != 4 && r.memory.used != 8 {
		t.Errorf("%q, %v, %d bytes held", got, err, r.memory.used)
	}
	failure = errors.New("failed")
	for _, offset := range []uint64{0, 2} {
		if got, err := read(offset); got != "" || !errors.Is(err, failure) || r.memory.used != 0 || h.text.valid {
			t.Errorf("at %d: %q, %v, %d bytes held", offset, got, err, r.memory.used)
		}
	}
	failure = nil
	r.memory.take(0, 9000)
	if got, err := read(0); got != "" || !errors.Is(err, errNoMemory) || r.memory.used != 9000 {
		t.Errorf("without memory: %q, %v, %d bytes held", got, err, r.memory.used)
	}
	if len(h.making) != 0 {
		t.Error("the handle stays locked")
	}
	h.row.Fill = func(*nodes.Query, []byte) ([]byte, error) { panic("bad") }
	func() {
		defer func() {
			if v := recover(); v != "bad" || len(h.making) != 0 || r.memory.used != 9000 {
				t.Errorf("panic: %v, locked %d, %d bytes held", v, len(h.making), r.memory.used)
			}
		}()
		read(0)
	}()
}

func FuzzSnapshotRead(f *testing.F) {
	f.Add([]byte("0123456789"), uint64(3), uint16(4))
	f.Add([]byte(""), ^uint64(0), ^uint16(0))
	f.Fuzz(func(t *testing.T, text []byte, offset uint64, size uint16) {
		s, reply := snapshot{bytes: text}, make([]byte, size)
		n := s.read(reply, offset)
		for i, c := range reply[:n] {
			if text[offset+uint64(i)] != c {
				t.Fatalf("byte %d", i)
			}
		}
		if n < int(size) && offset < uint64(len(text)) && offset+uint64(n) != uint64(len(text)) {
			t.Errorf("short before the end: %d of %d at %d", n, size, offset)
		}
	})
}

// eventually waits for what another goroutine does.
func eventually(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !come(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
