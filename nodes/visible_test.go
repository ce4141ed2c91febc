package nodes

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

const (
	alice, bob = 61001, 61002 // users, each with a group of the same number
	staff      = 62000        // the group that hidepid does not concern
)

// people are real processes of several users.
func people(t *testing.T) (target *child, callers map[string]*child) {
	const exe = "/proc/self/exe"
	return startAs(t, "plain", exe, alice, alice), map[string]*child{
		"same user":        startAs(t, "plain", exe, alice, alice),
		"same, other gid":  startAs(t, "plain", exe, alice, bob),
		"other":            startAs(t, "plain", exe, bob, bob),
		"other, of staff":  startAs(t, "plain", exe, bob, bob, 3, staff),
		"other, gid staff": startAs(t, "plain", exe, bob, staff),
		"root":             startAs(t, "plain", exe, 0, 0),
		"bare root":        startAs(t, "bare", exe, 0, 0),
	}
}

// TestHidePID asks every mode, with and without a group, as real processes.
func TestHidePID(t *testing.T) {
	needRoot(t)
	target, callers := people(t)
	const (
		free   = iota // sees and enters
		denied        // sees it listed, and may not enter
		hidden
	)
	// without looks at who could not trace the target and is of no group
	for _, mode := range []struct {
		hide           HidePID
		stranger, team int
	}{
		{HideOff, free, free},
		{HideNoAccess, denied, free},
		{HideInvisible, hidden, free},
		{HideUntraceable, hidden, hidden},
	} {
		for _, gid := range []int{-1, staff} {
			tree := openTree(t, Options{HidePID: mode.hide, GID: gid})
			if tree.Cacheable() != (mode.hide == HideOff) {
				t.Errorf("hidepid=%d: cacheable %v", mode.hide, tree.Cacheable())
			}
			team := mode.team
			if gid < 0 {
				team = mode.stranger
			}
			want := map[string]int{
				"same user": free, "root": free,
				"same, other gid": mode.stranger, "other": mode.stranger, "bare root": mode.stranger,
				"other, of staff": team, "other, gid staff": team,
			}
			for name, caller := range callers {
				if got := sight(t, caller, tree, target.pid); got != want[name] {
					t.Errorf("hidepid=%d,gid=%d: %s: %d, want %d", mode.hide, gid, name, got, want[name])
				}
			}
		}
	}
}

// sight asks everything that visibility decides, and wants one answer.
func sight(t *testing.T, caller *child, tree *Tree, pid int) int {
	t.Helper()
	q := caller.asks(tree)
	whole := find(t, ourselves(t, openTree(t, Options{GID: -1})), pid)
	if err := caller.asks(tree).Identify(whole.Target.ID()); (err == nil) != (caller.asks(tree).Find(pid) == nil) {
		t.Errorf("identified: %v, otherwise than found", err)
	}
	found, listed := q.Find(pid), slices.Contains(list(t, caller.asks(tree)), pid)
	if (found == nil) != listed {
		t.Errorf("found: %v, but listed: %v", found, listed)
	}
	if found != nil {
		if !errors.Is(found, ErrHidden) || q.Target != nil {
			t.Errorf("hidden with %v, %v", found, q.Target)
		}
		return 2
	}
	again := caller.asks(tree)
	if err := again.Identify(q.Target.ID()); err != nil {
		t.Errorf("found, and not identified: %v", err)
	}
	enter, check := q.Enter(), q.Check()
	if (enter == nil) != (check == nil) {
		t.Errorf("enter: %v, check: %v", enter, check)
	}
	switch {
	case enter == nil:
		return 0
	case errors.Is(enter, ErrDenied):
		return 1
	}
	t.Errorf("listed, and enter says %v", enter)
	return -1
}

// TestSee: nodes that need debug rights are there for those who have them; map
// and file for everybody.
func TestSee(t *testing.T) {
	needRoot(t)
	target, callers := people(t)
	tree := openTree(t, Options{GID: -1})
	for name, caller := range callers {
		q := find(t, caller.asks(tree), target.pid)
		for i := range processRows {
			row := &processRows[i]
			var want error
			if slices.Contains(debugNames, row.Name) && name != "same user" && name != "root" {
				want = ErrHidden
			}
			if err := q.See(row); !errors.Is(err, want) {
				t.Errorf("%s sees %s: %v, want %v", name, row.Name, err, want)
			}
		}
	}
}

// TestRights: what a caller gets of another's gated nodes.
func TestRights(t *testing.T) {
	needRoot(t)
	target, callers := people(t)
	waitState(t, target.pid, "S")
	tree := openTree(t, Options{GID: -1})
	for name, caller := range callers {
		may := name == "same user" || name == "root"
		q := find(t, caller.asks(tree), target.pid)
		for _, node := range []string{"map", "file", "exe"} {
			got, err := text(q, ByName(processRows, node))
			if may && (err != nil || got == "") || !may && !errors.Is(err, os.ErrPermission) {
				t.Errorf("%s: %s: %q, %v", name, node, got, err)
			}
		}
		etype, err := text(q, ByName(processRows, "etype"))
		if err != nil || (etype == "Not Available\n") == may {
			t.Errorf("%s: etype: %q, %v", name, etype, err)
		}
		s, err := status(q)
		if err != nil || (s.WaitChannel == "") == may {
			t.Errorf("%s: wait channel %q, %v", name, s.WaitChannel, err)
		}
	}
}

// TestOurselves: nobody traces the daemon, not even root.
func TestOurselves(t *testing.T) {
	tree := openTree(t, Options{GID: -1})
	c := start(t)
	for name, q := range map[string]*Query{"another": c.asks(tree), "itself": ourselves(t, tree)} {
		find(t, q, os.Getpid())
		for _, node := range debugNames {
			if err := q.See(ByName(processRows, node)); !errors.Is(err, ErrHidden) {
				t.Errorf("%s is there for %s: %v", node, name, err)
			}
		}
	}
	q := find(t, c.asks(tree), os.Getpid())
	if _, err := text(q, ByName(processRows, "map")); !errors.Is(err, os.ErrPermission) {
		t.Errorf("map: %v", err)
	}
}

// TestKernelThread: four nodes, whoever asks.
func TestKernelThread(t *testing.T) {
	root := t.TempDir()
	copyTree(t, root, fixtures+"/kthread")
	tree, pid := captured(t, root)
	if err := os.WriteFile(filepath.Join(root, strconv.Itoa(pid), "mem"), nil, 0o600); err != nil { // some kernels open it
		t.Fatal(err)
	}
	q := find(t, ourselves(t, tree), pid)
	var seen []string
	for i := range processRows {
		if q.See(&processRows[i]) == nil {
			seen = append(seen, processRows[i].Name)
		}
	}
	if want := []string{"cmdline", "etype", "rlimit", "status"}; !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
}
