package nodes

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// anew is a question of the child in memory that may have been another's.
func (c *child) anew(tree *Tree) *Query {
	return tree.Query(context.Background(), c.pid, c.uid, c.gid)
}

// answered asks for a node of pid, as the file system does, and gives all back.
func answered(t testing.TB, q *Query, pid int, node string) string {
	t.Helper()
	defer q.Release()
	if err := q.Find(pid); err != nil {
		t.Fatal(err)
	}
	p := q.Target.Process
	defer p.Close()
	q.About(p)
	row := ByName(processRows, node)
	if err := q.CheckFor(row); err != nil {
		t.Fatal(err)
	}
	got, err := row.Fill(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// TestReleased: nothing is left of a question that has ended.
func TestReleased(t *testing.T) {
	needRoot(t)
	tree, target := openTree(t, Options{GID: -1}), startAs(t, "plain", "/proc/self/exe", bob, bob, 61, 62, 63)
	q := startAs(t, "plain", "/proc/self/exe", alice, alice, 71, 72).anew(tree)
	caller, about, r := q.Caller, (*Target)(nil), q.reused
	if err := errors.Join(q.Find(target.pid), q.Caller.Load(), q.Target.loadStatus(), q.Target.Limits(&q.Target.limits)); err != nil {
		t.Fatal(err)
	}
	about = q.Target
	groups := about.status.Groups
	if about != &r.target || !slices.Equal(groups, []uint32{61, 62, 63}) || !caller.InGroup(71) {
		t.Errorf("it is not what is reused, or shows nothing: %v", groups)
	}
	q.Reserve, q.File = func(int) error { return nil }, stateless{}
	q.Target.Close()
	q.Release()
	if !slices.Equal(groups, []uint32{0, 0, 0}) {
		t.Errorf("groups left: %v", groups)
	}
	for _, left := range []any{r.query, *caller, *about} {
		for i, v := 0, reflect.ValueOf(left); i < v.NumField(); i++ {
			if f := v.Field(i); !f.IsZero() && v.Type().Field(i).Name != "status" {
				t.Errorf("%T: %s is left", left, v.Type().Field(i).Name)
			}
		}
	}
	status := about.status
	status.Groups, status.NSTGID, status.NSPID = nil, nil, nil
	if !reflect.ValueOf(status).IsZero() {
		t.Errorf("left: %+v", status)
	}
	q.Release() // does nothing
}

// TestReleasedToAnother: who comes next is asked who it is.
func TestReleasedToAnother(t *testing.T) {
	needRoot(t)
	tree, target := openTree(t, Options{GID: -1}), start(t)
	waitState(t, target.pid, "S")
	root, other := start(t), startAs(t, "plain", "/proc/self/exe", bob, bob)
	for range 5 {
		for _, who := range []*child{root, other} {
			words := strings.Fields(answered(t, who.anew(tree), target.pid, "status"))
			if shown := words[10] != "-"; shown != (who == root) {
				t.Errorf("uid %d has the wait channel %q", who.uid, words[10])
			}
			q := who.anew(tree)
			if q.Caller.Capable(unix.CAP_KILL) != (who == root) || q.Caller.UID != who.uid || q.Target != nil || q.File != nil || q.Reserve != nil {
				t.Errorf("uid %d: %+v", who.uid, q)
			}
			q.Release()
		}
	}
}

// TestNotReused: what somebody may still look at is left alone.
func TestNotReused(t *testing.T) {
	tree, c := openTree(t, Options{GID: -1}), start(t)
	q := c.anew(tree)
	if _, err := statusTable(q, nil); err != nil {
		t.Fatal(err)
	}
	caller := q.Caller
	if err := caller.Load(); err != nil {
		t.Fatal(err)
	}
	q.Release()
	if tgid, err := caller.TGID(); tgid != c.pid || err != nil {
		t.Errorf("a walk's caller is %d, %v", tgid, err)
	}
	var copied Query
	q = c.anew(tree)
	copied = *q
	if err := errors.Join(q.Find(c.pid), copied.Find(c.pid)); err != nil || q.Target == copied.Target {
		t.Errorf("a copy has the same target: %v", err)
	}
	q.Target.Close()
	copied.Target.Close()
	copied.Release()
	if q.Caller == nil || q.Caller.UID != c.uid {
		t.Error("a copy ends the question")
	}
	q.Release()
	(&Query{}).Release()
}

// TestCallerAnew: nothing that may change of who asks is remembered.
func TestCallerAnew(t *testing.T) {
	needRoot(t)
	tree, target := openTree(t, Options{GID: -1}), start(t)
	c := startAs(t, "plain", "/proc/self/exe", 0, 0, 81)
	waitState(t, target.pid, "S")
	channel := func() string { return strings.Fields(answered(t, c.anew(tree), target.pid, "status"))[10] }
	inGroup := func(gid uint32) bool { q := c.anew(tree); defer q.Release(); return q.Caller.InGroup(gid) }
	for range 3 {
		if channel() == "-" || !inGroup(81) {
			t.Fatal("root may not")
		}
	}
	if c.answer("groups 82"); inGroup(81) || !inGroup(82) {
		t.Error("its former groups")
	}
	if c.ids(bob, bob, bob); channel() != "-" {
		t.Error("its former user")
	}
}

// TestCallerSandboxed: who shuts itself in is refused from then on.
func TestCallerSandboxed(t *testing.T) {
	needRoot(t)
	const version = 1
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, version); errno != 0 {
		cannot(t, "no Landlock in this kernel")
	}
	tree, target, c := openTree(t, Options{GID: -1}), start(t), start(t)
	waitState(t, target.pid, "S")
	channel := func() string { return strings.Fields(answered(t, c.anew(tree), target.pid, "status"))[10] }
	for range 3 {
		if channel() == "-" {
			t.Fatal("root may not")
		}
	}
	if c.answer("sandbox"); channel() != "-" {
		t.Error("its former freedom")
	}
}

// TestTargetAnew: so too of the process: its groups, its users, its terminal's
// and other words.
func TestTargetAnew(t *testing.T) {
	needRoot(t)
	tree, who := openTree(t, Options{GID: -1}), start(t)
	c := startAs(t, "plain", "/proc/self/exe", 0, 0, 91)
	ids := func() string {
		words := strings.Fields(answered(t, who.anew(tree), c.pid, "status"))
		return strings.Join(words[11:14], " ")
	}
	for i, want := range []string{"0 0 0,0,91", "0 0 0,0,92,93", "0 0 0,0", "61001 61001 61001,61001"} {
		switch i {
		case 1:
			c.answer("groups 92 93")
		case 2:
			c.answer("groups")
		case 3:
			c.ids(alice, alice, alice)
		}
		for range 3 {
			if got := ids(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
			waitState(t, c.pid, "S")
		}
	}
}

// TestQueriesConcurrently: of many at once each has its own.
func TestQueriesConcurrently(t *testing.T) {
	needRoot(t)
	tree, target := openTree(t, Options{GID: -1}), start(t)
	waitState(t, target.pid, "S")
	callers := []*child{start(t), startAs(t, "plain", "/proc/self/exe", alice, alice), startAs(t, "plain", "/proc/self/exe", bob, bob)}
	var all sync.WaitGroup
	for _, c := range slices.Concat(callers, callers) {
		all.Go(func() {
			for range 200 {
				words := strings.Fields(answered(t, c.anew(tree), target.pid, "status"))
				if (words[10] != "-") != (c.uid == 0) {
					t.Errorf("uid %d has %q", c.uid, words[10])
				}
			}
		})
	}
	all.Wait()
}

// TestWords: one string for each text, and no more than so many.
func TestWords(t *testing.T) {
	var w words
	if w.of(nil) != "" || len(w.all) != 0 {
		t.Error("nothing is a word")
	}
	for i := range 2 * maxWords {
		text := []byte{byte(i), byte(i >> 8), 'x'}
		if got := w.of(text); got != string(text) {
			t.Fatalf("%q for %q", got, text)
		}
	}
	if len(w.all) != maxWords {
		t.Errorf("%d words", len(w.all))
	}
	text := []byte{1, 0, 'x'}
	got := w.of(text)
	if text[0] = 2; got != "\x01\x00x" {
		t.Errorf("a word changed to %q", got)
	}
}

// TestKeptKernelThread: one that is kept is one at the second question, too.
func TestKeptKernelThread(t *testing.T) {
	tree, c := openTree(t, Options{GID: -1}), start(t)
	for range 3 {
		q := c.anew(tree)
		if err := q.Find(2); err != nil {
			cannot(t, "no kernel thread here")
		}
		p := q.Target.Process
		q.Release()
		q = c.anew(tree)
		q.About(p)
		if err := q.CheckFor(ByName(ProcessRows(), "etype")); err != nil || !q.Target.kernelThread() {
			t.Errorf("%v, a kernel thread: %v", err, q.Target.kernelThread())
		}
		p.Close()
		q.Release()
	}
}
