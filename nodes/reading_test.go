package nodes

import (
	"context"
	"testing"
)

// reading is somebody who reads a node of a process again and again, in the
// steps in which the file system asks: at OPEN, READ and RELEASE.
type reading struct {
	tree *Tree
	who  *child
	id   ID
	row  *Row
	text []byte
}

func newReading(t testing.TB, node string) *reading {
	t.Helper()
	tree, target := openTree(t, Options{GID: -1}), start(t)
	waitState(t, target.pid, "S")
	r := &reading{tree: tree, who: start(t), row: ByName(processRows, node), text: make([]byte, 0, 4096)}
	r.id = find(t, ourselves(t, tree), target.pid).Target.ID()
	return r
}

func (r *reading) query() *Query {
	return r.tree.Query(context.Background(), r.who.pid, r.who.uid, r.who.gid)
}

func (r *reading) do(t testing.TB) {
	open := r.query()
	if err := open.Identify(r.id); err != nil {
		t.Fatal(err)
	}
	p := open.Target.Process
	open.Release()
	defer p.Close()
	q := r.query()
	defer q.Release()
	q.About(p)
	err := q.CheckFor(r.row)
	if err == nil {
		r.text, err = r.row.Fill(q, r.text[:0])
	}
	if err != nil || len(r.text) == 0 {
		t.Fatalf("%q, %v", r.text, err)
	}
}

func benchmarkRead(b *testing.B, node string) {
	r := newReading(b, node)
	for range 3 {
		r.do(b)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.do(b)
	}
}

func BenchmarkStatusRead(b *testing.B) { benchmarkRead(b, "status") }

func BenchmarkRlimitRead(b *testing.B) { benchmarkRead(b, "rlimit") }
