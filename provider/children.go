package provider

import (
	"errors"
	"slices"
)

// childrenMost bounds the text of children: one for each possible process.
const childrenMost = 32 << 20

// ParseChildren reads the text of a children file: numbers with a blank after
// each, nothing for none. It appends them to dst, which comes back as it was
// after an error.
func ParseChildren(dst []int, b []byte) ([]int, error) {
	all := dst
	for len(b) > 0 {
		v, n := decimal(b)
		if n == 0 || n == len(b) || b[n] != ' ' || v > 1<<31-1 {
			return dst, malformed("children", "number")
		}
		all = append(all, int(v))
		b = b[n+1:]
	}
	return all, nil
}

// Children appends the numbers of the processes that the thread has begotten
// and not waited for to dst (/proc/PID/task/TID/children, 3.5,
// CONFIG_PROC_CHILDREN). While children come and go, one may be left out.
func (t *Task) Children(dst []int) ([]int, error) {
	err := t.lend("children", childrenMost, appendAll, func(text []byte) (err error) {
		dst, err = ParseChildren(dst, text)
		return err
	})
	return dst, err
}

// Children appends the children of all threads of the process to dst, in
// ascending order. A thread that exits meanwhile leaves its own to another.
func (p *Process) Children(dst []int) ([]int, error) {
	start := len(dst)
	for t, err := range p.Tasks() {
		if err == nil {
			dst, err = t.Children(dst)
		}
		if err != nil && !(errors.Is(err, ErrGone) && p.Alive() == nil) {
			return dst[:start], err
		}
	}
	slices.Sort(dst[start:])
	return dst[:start+len(slices.Compact(dst[start:]))], nil
}
