package nodes

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// crowd is a process group of several users, alice's first.
func crowd(t *testing.T) (members []*child) {
	t.Helper()
	leader := startAs(t, "deaf", "/proc/self/exe", alice, alice)
	members = append(members, leader)
	for _, uid := range []uint32{alice, bob, 0} {
		members = append(members, startIn(t, leader.pid, "deaf", "/proc/self/exe", uid, uid))
	}
	return append(members, startIn(t, leader.pid, "deaf", "/proc/self/exe", 0, 0).ids(alice, alice, 0))
}

// TestPostGroup: every member that the caller may debug and signal, no others,
// and one is enough.
func TestPostGroup(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	const exe = "/proc/self/exe"
	outsider := startAs(t, "deaf", exe, alice, alice)
	for _, test := range []struct {
		kind    string
		uid     uint32
		members []int // that hear it: leader, alice, bob, root, alice saved root
		err     error
	}{
		{"plain", alice, []int{0, 1}, nil},
		{"plain", 0, []int{0, 1, 2, 3, 4}, nil},
		{"ptracer", 0, []int{3, 4}, nil}, // kill(2) asks for the same user, who has the saved one too
		{"plain", bob, nil, ErrHidden},
		{"killer", 0, nil, ErrHidden},
	} {
		members := crowd(t)
		caller := startAs(t, test.kind, exe, test.uid, test.uid)
		q := find(t, caller.asks(tree), members[0].pid)
		if err := processRow("notepg").Store(q, []byte("usr1")); !errors.Is(err, test.err) {
			t.Errorf("%s %d: %v, want %v", test.kind, test.uid, err, test.err)
		}
		for i, member := range members {
			want := ""
			for _, m := range test.members {
				if m == i {
					want = fmt.Sprintf("10/-1/%d/%d", caller.pid, test.uid)
				}
			}
			if got := member.answer("heard"); got != want {
				t.Errorf("%s %d: member %d heard %q, want %q", test.kind, test.uid, i, got, want)
			}
		}
	}
	if got := outsider.answer("heard"); got != "" {
		t.Errorf("an outsider heard %q", got)
	}
}

// TestPostGroupNone: where nobody may be signalled it is EPERM, whichever right
// is missing for whom; who has exited does not count.
func TestPostGroupNone(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	const exe = "/proc/self/exe"
	leader := startAs(t, "deaf", exe, alice, alice)
	q := find(t, startAs(t, "ptracer", exe, 0, 0).asks(tree), leader.pid)
	for _, uid := range []uint32{bob, alice} {
		startIn(t, leader.pid, "deaf", exe, uid, uid)
		startIn(t, leader.pid, "plain", exe, uid, uid).kill()
		if err := processRow("notepg").Store(q, []byte("usr1")); !errors.Is(err, ErrDenied) {
			t.Errorf("%v, want ErrDenied", err)
		}
	}
	alone := startAs(t, "deaf", exe, alice, alice)
	zombie := startIn(t, alone.pid, "plain", exe, alice, alice)
	zombie.kill()
	if err := write(find(t, startAs(t, "plain", exe, alice, alice).asks(tree), alone.pid), processRow("notepg"), "usr1"); err != nil {
		t.Errorf("beside a zombie: %v", err)
	}
	if got := alone.answer("heard"); got == "" {
		t.Error("not heard")
	}
}

// TestPostGroupIncludesCaller: as killpg(2), unlike Plan 9.
func TestPostGroupIncludesCaller(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := startAs(t, "deaf", "/proc/self/exe", uint32(os.Getuid()), uint32(os.Getgid()))
	if err := write(find(t, c.asks(tree), c.pid), processRow("notepg"), "usr2"); err != nil {
		t.Fatal(err)
	}
	if got, want := c.answer("heard"), fmt.Sprintf("12/-1/%d/%d", c.pid, c.uid); got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
}

// TestPostGroupNotDaemon: a group that we are in, and pid 1's.
func TestPostGroupNotDaemon(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	c := startAs(t, "deaf", "/proc/self/exe", 0, 0)
	own := unix.Getpgrp()
	if err := unix.Setpgid(0, c.pid); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setpgid(0, own); err != nil {
			t.Error(err)
		}
	})
	// USR1 would end us: nobody has asked for it
	if err := write(find(t, c.asks(tree), c.pid), processRow("notepg"), "usr1"); err != nil {
		t.Fatal(err)
	}
	if got := c.answer("heard"); got == "" {
		t.Error("not heard")
	}
	for _, node := range []string{"note", "notepg"} {
		q := find(t, c.asks(tree), os.Getpid())
		if err := write(q, processRow(node), "0"); !errors.Is(err, ErrHidden) {
			t.Errorf("%s of the daemon: %v", node, err)
		}
	}
	for member, err := range tree.proc.Group(pgrpOf(t, 1)) {
		if err == nil && member.PID() == 1 {
			t.Error("pid 1 is in a group")
		}
	}
	if alone(t, 1) { // as in a container
		if err := write(find(t, c.asks(tree), 1), processRow("notepg"), "0"); !errors.Is(err, ErrDenied) {
			t.Errorf("notepg of pid 1: %v", err)
		}
	}
}

func pgrpOf(t *testing.T, pid int) int {
	t.Helper()
	pgrp, err := unix.Getpgid(pid)
	if err != nil {
		t.Fatal(err)
	}
	return pgrp
}

// alone: is nobody else in the group of pid?
func alone(t *testing.T, pid int) bool {
	t.Helper()
	pgrp, n := pgrpOf(t, pid), 0
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		var other int
		if _, err := fmt.Sscan(e.Name(), &other); err == nil {
			if got, err := unix.Getpgid(other); err == nil && got == pgrp {
				n++
			}
		}
	}
	return n == 1
}
