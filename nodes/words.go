package nodes

import "sync"

// words holds one string for each of the few short texts that lines are full of:
// names of terminals and of functions of the kernel.
type words struct {
	mu  sync.RWMutex
	all map[string]string
}

// maxWords bounds how many are held; others are made anew each time.
const maxWords = 1024

// of is string(b).
func (w *words) of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	w.mu.RLock()
	word, ok := w.all[string(b)]
	w.mu.RUnlock()
	if ok {
		return word
	}
	return w.add(string(b))
}

func (w *words) add(word string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = make(map[string]string)
	}
	if len(w.all) < maxWords {
		w.all[word] = word
	}
	return word
}
