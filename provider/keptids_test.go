package provider

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// idsOf asks as for a line of procfs's status: stat, the ids, the wait channel.
func idsOf(t *testing.T, asker *Caller, p *Process) Status {
	t.Helper()
	var stat Stat
	var s Status
	err := p.StatHead(&stat)
	if err == nil {
		err = p.StatusIDs(&s, &stat)
	}
	_, err2 := asker.WChan(p)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return s
}

// resting waits until p's ids are held.
func resting(t *testing.T, asker *Caller, p *Process) {
	t.Helper()
	eventually(t, "its ids are held", func() bool {
		idsOf(t, asker, p)
		ran, ok := p.kept.ran()
		return ok && p.kept.ids.held && p.kept.ids.ran == ran
	})
}

// Of who has not run since, status is not read again; of who has, it is.
func TestKeptIDs(t *testing.T) {
	needRoot(t)
	a, f := newAuthorityKeeping(t, 8)
	if !f.keeper.sleepShown {
		cannot(t, "an old kernel")
	}
	asker, c := ours(t, a), start(t, user(alice, 71010, 71011))
	p := pin(t, f, c.pid)
	resting(t, asker, p)
	p.kept.ids.gid = IDs{7, 7, 7, 7} // which a reading would not give
	s := idsOf(t, asker, p)
	if s.TGID != c.pid || s.PID != c.pid || s.UID != (IDs{alice, alice, alice, alice}) || s.GID.Real != 7 ||
		!slices.Equal(s.Groups, []uint32{71010, 71011}) || len(s.NSPID) != 1 || s.Has(StatusVMSize) || !s.Has(StatusUID) {
		t.Errorf("%+v", s)
	}
	before, _ := p.kept.ran()
	c.peek()
	eventually(t, "it has run", func() bool { ran, ok := p.kept.ran(); return ok && ran != before })
	if s := idsOf(t, asker, p); s.GID.Real != alice {
		t.Errorf("after it has run: %+v", s.GID)
	}
	resting(t, asker, p)
	c.zombie()
	if s := idsOf(t, asker, p); s.State != StateZombie {
		t.Errorf("a zombie: %v", s.State)
	}
}

// What was not seen to sleep is not held, nor what has run before it was read or
// before it was seen, nor what is of a thread that runs.
func TestKeptIDsUnsure(t *testing.T) {
	needRoot(t)
	a, f := newAuthorityKeeping(t, 8)
	asker, alices := ours(t, a), start(t, user(alice)).asks(a)
	p := pin(t, f, start(t).pid)
	waitAsleep(t, p)
	for range 10 {
		if idsOf(t, alices, p); p.kept.ids.held {
			t.Fatal("held, by who is shown no wait channel")
		}
	}
	i, one := &p.kept.ids, &Status{PID: 1, NSPID: []int{1}}
	i.take(one, Schedstat{PCount: 1})
	if i.held {
		t.Error("held, and not seen asleep")
	}
	p.sleeps(Schedstat{PCount: 1})
	if i.asleep {
		t.Error("asleep, though it has run since")
	}
	ran, _ := p.kept.ran()
	p.sleeps(ran)
	i.take(one, Schedstat{PCount: 1})
	i.take(&Status{PID: 1, NSPID: []int{1}, Groups: make([]uint32, groupsRoom+1)}, ran)
	i.take(&Status{PID: 1}, ran)
	if i.held || !i.asleep {
		t.Errorf("held: %v, asleep: %v", i.held, i.asleep)
	}
	i.missed = 0
	resting(t, asker, p)
	i.gid.Real = 7
	var s Status
	for _, state := range []ProcState{StateRunning, StateZombie, StateDead} {
		if err := p.StatusIDs(&s, &Stat{State: state}); err != nil || s.GID.Real == 7 {
			t.Errorf("%s: %+v, %v", state, s.GID, err)
		}
	}
	if i.give(&s, Schedstat{PCount: 1}) || i.held {
		t.Error("held after it has run")
	}
}

// Of who runs all the time it is tried now and then.
func TestKeptIDsWorthwhile(t *testing.T) {
	var i keptIDs
	tried := ""
	for range 40 {
		tried += fmt.Sprint(map[bool]int{true: 1}[i.worthwhile()])
	}
	if want := "1111000000000001110000000000000111000000"; tried != want {
		t.Errorf("%s, want %s", tried, want)
	}
}

func TestKernelIsAtLeast(t *testing.T) {
	if !kernelIsAtLeast(2, 6) || !kernelIsAtLeast(3, 0) || kernelIsAtLeast(1000, 0) {
		t.Error("it is not, or it is")
	}
}
