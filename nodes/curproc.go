package nodes

import "strconv"

// curproc is the number of the caller's process, in the view of this tree.
func curproc(q *Query) (string, error) {
	if err := q.Present(); err != nil {
		return "", err
	}
	tgid, err := q.Caller.TGID()
	if err != nil {
		return "", hidden(err)
	}
	pid, err := q.Tree.authority.PIDIn(q.Tree.proc, tgid)
	if err != nil {
		return "", hidden(err)
	}
	return strconv.Itoa(pid), nil
}
