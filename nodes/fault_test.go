//go:build faults

package nodes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

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

// wholeAnswer is all that one question about a node does: the process is found, the
// node seen, opened, read or written as access says, and everything closed.
func wholeAnswer(tree *Tree, asker *child, pid int, row *Row, access Access) (text string, err error) {
	q := tree.Query(context.Background(), asker.pid, asker.uid, asker.gid)
	defer q.Release()
	if pid != 0 {
		if err := q.Find(pid); err != nil {
			return "", err
		}
		defer func() { q.Target.Close() }()
		if err := errors.Join(q.CheckFor(row), q.See(row)); err != nil {
			return "", err
		}
	}
	if row.Kind == Link {
		return row.Read(q)
	}
	if row.Open != nil {
		if q.File, err = row.Open(q, access); err != nil {
			return "", err
		}
		defer q.File.Close()
	}
	return moved(q, row, access)
}

func moved(q *Query, row *Row, access Access) (string, error) {
	if row.Kind == Stream {
		return streamed(q, row, access)
	}
	if access.Write {
		return "", row.Store(q, []byte(written[row.Name]))
	}
	b, err := row.Fill(q, nil)
	return string(b), err
}

// streamed reads, and where access says so writes back what was read.
func streamed(q *Query, row *Row, access Access) (string, error) {
	file, room, at := q.File.(StreamFile), make([]byte, 512), int64(0)
	if row.Name == "mem" {
		at = textOfGo
	}
	n, err := file.ReadAt(q, room, at)
	if err != nil {
		return "", err
	}
	if access.Write {
		if _, err := file.WriteAt(q, room[:n], at); err != nil {
			return "", err
		}
	}
	return string(room[:n]), nil
}

// textOfGo is where the linker puts the first page of a Go program.
const textOfGo = 0x400000

// written is what is stored: a value, and signals that do nothing to the stopped.
var written = map[string]string{"note": "URG", "notepg": "URG", "osrel": "1234567"}

var accesses = map[string]Access{"read": {Read: true}, "write": {Read: true, Write: true}}

// Every node, read and written, with every system call of provider failing in
// turn: an error of a class, or the answer that there would have been, in which
// words that stand for what could not be found out are allowed.
func TestFaultNodes(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	owner, stranger := startAs(t, "plain", "/proc/self/exe", 71001, 71001), startAs(t, "plain", "/proc/self/exe", 71002, 71002)
	target := startAs(t, "plain", "/proc/self/exe", 71001, 71001)
	target.stop()
	for i := range processRows {
		row := &processRows[i]
		for how, access := range accesses {
			if access.Write && row.Mode&0o200 == 0 || !access.Write && row.Mode&0o400 == 0 {
				continue
			}
			for who, asker := range map[string]*child{"owner": owner, "stranger": stranger} {
				t.Run(row.Name+"/"+how+"/"+who, func(t *testing.T) {
					sweepNode(t, target, func() (string, error) { return wholeAnswer(tree, asker, target.pid, row, access) })
				})
			}
		}
	}
	for _, name := range []string{"curproc", "self"} {
		t.Run(name, func(t *testing.T) {
			sweepNode(t, target, func() (string, error) { return wholeAnswer(tree, owner, 0, ByName(rootRows, name), Access{}) })
		})
	}
	waitState(t, target.pid, "T")
}

var nodeErrnos = []unix.Errno{unix.EIO, unix.ENOMEM, unix.EMFILE, unix.EINTR, unix.ESRCH, unix.EACCES}

func sweepNode(t *testing.T, target *child, ask func() (string, error)) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	want, wantErr := ask()
	var got string
	try := func() (err error) { got, err = ask(); return err }
	judge := func(f faulttest.Failure, err error) {
		waitState(t, target.pid, "T") // a tracer that failed to let it go leaves that to the kernel
		switch {
		case err != nil && !ofAClass(err, f.Errno) && !errors.Is(err, wantErr):
			t.Errorf("%v: %v", f, err)
		case err != nil && got != "":
			t.Errorf("%v: %v and %.60q", f, err, got)
		case err == nil && (wantErr != nil || !faulttest.Like(got, want)):
			t.Errorf("%v: %.300q instead of %.300q, %v", f, got, want, wantErr)
		}
	}
	s := faulttest.Sweep{T: t, Put: putBefore}
	s.Each(unix.ENOMEM, false, try, judge)
	s.Spare = faulttest.Borrows
	for _, errno := range nodeErrnos {
		s.Each(errno, false, try, judge)
		if errno != unix.EINTR {
			s.Each(errno, true, try, judge)
		}
	}
}

func ofAClass(err error, errno unix.Errno) bool {
	for _, class := range []error{errno, unix.EINVAL, unix.EFAULT, ErrHidden, ErrDenied, ErrStale, ErrGone, ErrNotSupported, provider.ErrBusy, fs.ErrPermission} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// The table of all processes with calls failing: each line is whole, and whoever
// is missing is told of.
func TestFaultTable(t *testing.T) {
	needRoot(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tree := openTree(t, Options{GID: -1})
	asker := startAs(t, "plain", "/proc/self/exe", 71001, 71001)
	row := ByName(rootRows, "status")
	var text []byte
	leftOut := 0
	try := func() (err error) {
		q := ask(t, tree, asker.pid, asker.uid, asker.gid)
		leftOut = 0
		q.LeftOut = func(error) { leftOut++ }
		text, err = row.Fill(q, nil)
		return err
	}
	s := faulttest.Sweep{T: t, Put: putBefore, Spare: faulttest.Borrows, Most: 8}
	self := " " + strconv.Itoa(os.Getpid()) + " "
	for _, errno := range []unix.Errno{unix.EIO, unix.ESRCH} {
		s.Each(errno, false, try, func(f faulttest.Failure, err error) {
			for line := range strings.Lines(string(text)) {
				if len(strings.Split(line, " ")) != 15 {
					t.Errorf("%v: %q", f, line)
				}
			}
			whole := strings.Contains(string(text), self)
			if err == nil && !whole && leftOut == 0 && errno != unix.ESRCH || err != nil && len(text) > 0 {
				t.Errorf("%v: %v, %d left out, of %d bytes", f, err, leftOut, len(text))
			}
		})
	}
}
