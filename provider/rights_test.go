package provider

import "testing"

// What was made for one caller serves another only where all that it depended
// on is the same; the root directory, only where it was looked at.
func TestHolds(t *testing.T) {
	base := Caller{loaded: true, cred: Credentials{alice, alice, 5}, user: Namespace{1, 2}, label: "l"}
	with := func(change func(*Caller)) *Caller { c := base; change(&c); return &c }
	rooted := with(func(c *Caller) { c.rooted, c.root = true, "/x" })
	outside := with(func(c *Caller) { c.rooted = true })
	for name, row := range map[string]struct {
		made, asks *Caller
		want       bool
	}{
		"same":               {&base, &base, true},
		"no root needed":     {&base, rooted, true},
		"same root":          {rooted, rooted, true},
		"our root":           {outside, outside, true},
		"another root":       {rooted, outside, false},
		"outside, in a root": {outside, rooted, false},
		"another user":       {&base, with(func(c *Caller) { c.cred.UID = bob }), false},
		"another capability": {&base, with(func(c *Caller) { c.cred.Effective = 1 }), false},
		"another namespace":  {&base, with(func(c *Caller) { c.user.Inode = 3 }), false},
		"a sandbox":          {&base, with(func(c *Caller) { c.boxed = true }), false},
		"another label":      {&base, with(func(c *Caller) { c.label = "m" }), false},
		"unreadable":         {&base, with(func(c *Caller) { c.loadErr = ErrGone }), false},
		"unreadable root":    {rooted, with(func(c *Caller) { c.rooted, c.root, c.rootErr = true, "/x", ErrGone }), false},
	} {
		rights, asked := row.made.Rights()
		if got := row.asks.Holds(rights); got != row.want || !asked {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The root directory is read when it is needed, and by Load.
func TestRightsNeeded(t *testing.T) {
	needRoot(t)
	a, f := newAuthorityKeeping(t, 8)
	child := start(t)
	c := child.asks(a)
	if _, asked := c.Rights(); asked {
		t.Error("asked for before it was needed")
	}
	if _, err := c.WChan(pin(t, f, start(t).pid)); err != nil {
		t.Fatal(err)
	}
	before, asked := c.Rights()
	if !asked || before.rooted {
		t.Errorf("%+v", before)
	}
	c.Path("/x")
	after, _ := c.Rights()
	if !after.rooted || !c.Holds(after) || !c.Holds(before) {
		t.Errorf("%+v", after)
	}
	loaded := child.asks(a)
	if err := loaded.Load(); err != nil {
		t.Fatal(err)
	}
	if got, _ := loaded.Rights(); got != after {
		t.Errorf("loaded: %+v, want %+v", got, after)
	}
}
