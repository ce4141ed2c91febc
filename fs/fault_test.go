//go:build faults

package fs

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/procfsd/procfsd/nodes"
	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/tests/faulttest"
	"golang.org/x/sys/unix"
)

// putBefore puts failures of provider's calls in force.
func putBefore(before faulttest.Before) {
	if before == nil {
		provider.InjectFaults(nil)
	} else {
		provider.InjectFaults(&provider.Faults{Before: before})
	}
}

// converse is all that the kernel asks for one program's look at a node: the names,
// the attributes, and what open, read, write and close become. It gives the first
// error, and what was read up to there.
func (c *client) converse(target *child, row *nodes.Row, flags uint32) (text string, status fuse.Status) {
	c.t.Helper()
	node := uint64(fuse.FUSE_ROOT_ID)
	for _, name := range []string{fmt.Sprint(target.pid), row.Name} {
		entry, status := c.lookup(node, name)
		if status != fuse.OK {
			return "", status
		}
		node = entry.NodeId
	}
	if _, status := c.getattr(node); status != fuse.OK {
		return "", status
	}
	if row.Kind == nodes.Link {
		return c.readlink(node)
	}
	file, status := c.open(node, flags)
	if status != fuse.OK {
		return "", status
	}
	defer c.release(node, file.Fh)
	return c.exchange(target, row, node, file.Fh, flags)
}

// exchange reads an open file, and writes to it where that was asked for.
func (c *client) exchange(target *child, row *nodes.Row, node, fh uint64, flags uint32) (string, fuse.Status) {
	c.t.Helper()
	var got []byte
	var status fuse.Status
	at, size := uint64(0), 1<<16
	if row.Name == "mem" {
		at, size = target.secret, len(secret)
	}
	if flags != unix.O_WRONLY {
		got, status = c.read(node, fh, at, size)
	}
	if status != fuse.OK || flags == unix.O_RDONLY {
		return string(got), status
	}
	data := map[string]string{"note": "URG", "notepg": "URG", "osrel": "1234567"}[row.Name]
	if data == "" {
		data = string(got)
	}
	_, status = c.write(node, fh, at, data)
	return string(got), status
}

// allowedUnder are the answers to a call that failed with the errno, beside that
// which there would have been: what the caller is told of it, or that somebody or
// something is not there or not his.
func allowedUnder(errno unix.Errno) []fuse.Status {
	all := []fuse.Status{fuse.Status(errno)}
	for _, e := range []unix.Errno{unix.ENOENT, unix.ESRCH, unix.EACCES, unix.EPERM, unix.EBUSY, unix.EOPNOTSUPP, unix.EFAULT, unix.EINVAL, unix.ESTALE} {
		all = append(all, fuse.Status(e))
	}
	return all
}

// Every node, with every system call of provider failing in turn: each answer is
// the right one or one of these errors, never a part of it, and nothing stays
// open, borrowed or taken.
func TestFaultRequests(t *testing.T) {
	needRoot(t)
	tree, err := nodes.Open(nodes.Options{GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	r := newRaw(tree, slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(r.OnUnmount)
	target := startAs(t, "plain", alice, alice)
	target.stop()
	c := newClient(t, serverOf(t, r), startAs(t, "plain", alice, alice))
	most := map[string]int{"notepg": 24} // which looks at all processes
	for i := range nodes.ProcessRows() {
		row := &nodes.ProcessRows()[i]
		for mode, flags := range openings(row) {
			t.Run(row.Name+"/"+mode, func(t *testing.T) {
				sweepRequests(t, r, target, most[row.Name], func() (string, fuse.Status) { return c.converse(target, row, flags) })
			})
		}
	}
}

// openings are the ways to open a node.
func openings(row *nodes.Row) map[string]uint32 {
	switch row.Mode & 0o600 {
	case 0o400:
		return map[string]uint32{"r": unix.O_RDONLY}
	case 0o200:
		return map[string]uint32{"w": unix.O_WRONLY}
	}
	return map[string]uint32{"r": unix.O_RDONLY, "rw": unix.O_RDWR}
}

func sweepRequests(t *testing.T, r *raw, target *child, most int, converse func() (string, fuse.Status)) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	converse() // what is stored is stored from now on
	want, wantStatus := converse()
	if wantStatus != fuse.OK {
		t.Fatalf("without failures: %v", wantStatus)
	}
	var got string
	var status fuse.Status
	try := func() error { got, status = converse(); return nil }
	s := faulttest.Sweep{T: t, Put: putBefore, Spare: faulttest.Borrows, Most: most}
	for _, errno := range []unix.Errno{unix.EIO, unix.ENOMEM, unix.EMFILE} {
		for _, on := range []bool{false, true} {
			failures := s.Each(errno, on, try, func(f faulttest.Failure, _ error) {
				target.stopped() // a tracer that failed to let it go leaves that to the kernel
				switch {
				case status == fuse.OK && faulttest.Like(got, want):
				case status == fuse.OK || !slices.Contains(allowedUnder(errno), status):
					t.Errorf("%v: %.300q, %v instead of %.300q", f, got, status, want)
				}
				if open, left := len(r.handles.open), r.handles.count.used+r.memory.used+r.writes.used+r.slots.all+r.requests.all; open != 0 || left != 0 {
					t.Errorf("%v: %d files are open, %d taken", f, open, left)
				}
			})
			if failures == 0 {
				t.Errorf("%v: nothing could fail", errno)
			}
		}
	}
}
