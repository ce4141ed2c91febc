package fs

import "sync"

// budget bounds something that callers hold: in all, and for each uid half of
// that, so that no user can use up what others need. Root has no half.
type budget struct {
	mu    sync.Mutex
	limit int
	full  error // what a refusal says
	used  int
	byUID map[uint32]int
}

func newBudget(limit int, full error) *budget {
	return &budget{limit: limit, full: full, byUID: make(map[uint32]int)}
}

func (b *budget) take(uid uint32, n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit || uid != 0 && b.byUID[uid]+n > b.limit/2 {
		return b.full
	}
	b.used += n
	count(b.byUID, uid, n)
	return nil
}

func (b *budget) give(uid uint32, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	count(b.byUID, uid, -n)
}

// lease is what one question took of a budget.
type lease struct {
	from *budget
	uid  uint32
	n    int
}

func (l *lease) take(n int) error {
	if err := l.from.take(l.uid, n); err != nil {
		return err
	}
	l.n += n
	return nil
}

// resize gives back what is more than n, or takes what is missing.
func (l *lease) resize(n int) error {
	if n > l.n {
		return l.take(n - l.n)
	}
	l.from.give(l.uid, l.n-n)
	l.n = n
	return nil
}
