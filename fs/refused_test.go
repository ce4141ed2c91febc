package fs

import (
	"context"
	"errors"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
)

// A write that was refused while its gate was asked does not take place later,
// when its caller's number may be another's.
func TestWriteRefused(t *testing.T) {
	for _, refused := range []bool{false, true} {
		r := newTestRaw(t, nodes.Options{GID: -1})
		c := start(t)
		l := newLoop(nil, nil, r)
		in := &fuse.WriteIn{InHeader: fuse.InHeader{Unique: 2, Caller: fuse.Caller{
			Owner: fuse.Owner{Uid: c.uid, Gid: c.gid}, Pid: uint32(c.pid)}}}
		l.watch.add(&call{watch: l.watch, asked: asked{unique: 2}})
		stored := false
		row := &nodes.Row{Class: nodes.RootRows()[0].Class, Kind: nodes.Text, Store: func(*nodes.Query, []byte) error { stored = true; return nil }}
		h := newHandle().begin(row, &nodes.Query{}, in.Owner, nodes.Access{Write: true})
		if refused {
			l.watch.calls[2].refuse()
		}
		_, err := r.write(h, in, []byte("x"))
		if stored == refused || errors.Is(err, context.Canceled) != refused {
			t.Errorf("refused %v: stored %v, %v", refused, stored, err)
		}
	}
}
