package fs

import (
	"errors"
	"testing"
)

var errFull = errors.New("full")

// FuzzBudget drives a budget and its leases with any operations and holds it
// against sums.
func FuzzBudget(f *testing.F) {
	f.Add(100, []byte{0, 50, 1, 50, 2, 1, 0x80, 0, 0x41, 3})
	f.Add(1, []byte{1, 1, 1, 0})
	f.Add(7, []byte{0, 7, 0x80, 2, 1, 3, 2, 2, 0x40, 1})
	f.Fuzz(func(t *testing.T, limit int, ops []byte) {
		limit = limit & 0x3ff
		b := newBudget(limit, errFull)
		leases := make([]lease, 4)
		for i := range leases {
			leases[i] = lease{from: b, uid: uint32(i / 2)} // two of root, two of one user
		}
		for ; len(ops) >= 2; ops = ops[2:] {
			l, n := &leases[ops[0]&3], int(ops[1])
			before, used := l.n, b.used
			var err error
			switch {
			case ops[0]&0x80 != 0:
				err = l.resize(0)
			case ops[0]&0x40 != 0:
				err = l.resize(n)
			default:
				err = l.take(n)
			}
			if err != nil && (!errors.Is(err, errFull) || l.n != before || b.used != used) {
				t.Fatalf("refused with %v, and %d of %d taken", err, l.n-before, b.used-used)
			}
			if err != nil && ops[0]&0xc0 == 0 && used+n <= limit && (l.uid == 0 || leases[2].n+leases[3].n+n <= limit/2) {
				t.Fatalf("refused %d of %d for uid %d, of which %d are used", n, limit, l.uid, used)
			}
			check(t, b, leases)
		}
		for i := range leases {
			if err := leases[i].resize(0); err != nil {
				t.Fatal(err)
			}
		}
		if b.used != 0 || len(b.byUID) != 0 {
			t.Fatalf("%d are left, %v", b.used, b.byUID)
		}
	})
}

func check(t *testing.T, b *budget, leases []lease) {
	t.Helper()
	sum, byUID := 0, map[uint32]int{}
	for _, l := range leases {
		if l.n < 0 {
			t.Fatalf("a lease of %d", l.n)
		}
		sum += l.n
		byUID[l.uid] += l.n
	}
	if b.used != sum || b.used > b.limit {
		t.Fatalf("%d used of %d, %d leased", b.used, b.limit, sum)
	}
	for uid, n := range byUID {
		if b.byUID[uid] != n || uid != 0 && n > b.limit/2 {
			t.Fatalf("uid %d: %d of %d, %d leased", uid, b.byUID[uid], b.limit, n)
		}
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(10, errFull)
	want := func(uid uint32, n int, ok bool) {
		t.Helper()
		if err := b.take(uid, n); (err == nil) != ok {
			t.Errorf("%d for uid %d: %v", n, uid, err)
		}
	}
	want(1, 5, true)  // a user's half
	want(1, 1, false) // and no more
	want(2, 4, true)
	want(0, 2, false) // nor more than all
	want(0, 1, true)
	b.give(1, 5)
	want(0, 5, true) // root has no half
	want(1, 1, false)
	b.give(0, 6)
	b.give(2, 4)
	if b.used != 0 || len(b.byUID) != 0 {
		t.Errorf("%d are left, %v", b.used, b.byUID)
	}
}
