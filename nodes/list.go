package nodes

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// listTime bounds a walk over all processes; 10,000 take a tenth of it.
const listTime = 5 * time.Second

// List visits the processes that the caller may list, with numbers above after,
// ascending: as many as there is room for, or until visit says that it has enough.
func (q *Query) List(after, room int, visit func(pid int) (more bool)) error {
	if err := q.Present(); err != nil {
		return nothing(err)
	}
	ctx, cancel := context.WithTimeout(q.Context, listTime)
	defer cancel()
	if q.Tree.options.HidePID < HideInvisible || q.exempt() {
		return q.listAll(ctx, after, room, visit)
	}
	l := q.walk(ctx, func(*worker) error { return nil })
	defer l.end()
	return l.each(after, room, func(pid int, _ []byte) (bool, error) { return visit(pid), nil })
}

// nothing turns "hidden" into an empty list.
func nothing(err error) error {
	if errors.Is(err, ErrHidden) {
		return nil
	}
	return err
}

// listAll asks of each process only whether it lives, which cannot block.
func (q *Query) listAll(ctx context.Context, after, room int, visit func(pid int) bool) error {
	buf := make([]int, 0, min(max(room, 0), walkPiece))
	for room > 0 {
		pids, err := q.Tree.proc.PIDsAfter(buf, after, min(room, walkPiece))
		if err != nil || len(pids) == 0 {
			return err
		}
		after = pids[len(pids)-1]
		pids, err = q.living(ctx, pids)
		if err != nil {
			return err
		}
		for _, pid := range pids {
			if !visit(pid) {
				return nil
			}
		}
		room -= len(pids)
	}
	return nil
}

// partLeast is how many processes are worth another worker, which has to be woken.
const partLeast = 32

// living leaves those in pids that live. Several workers look, each at a part.
func (q *Query) living(ctx context.Context, pids []int) ([]int, error) {
	parts := min(runtime.GOMAXPROCS(0), walkWorkers, 1+len(pids)/partLeast)
	var errs [walkWorkers]error
	var others sync.WaitGroup
	part := func(i int) []int { return pids[len(pids)*i/parts : len(pids)*(i+1)/parts] }
	for i := 1; i < parts; i++ {
		others.Go(func() { errs[i] = q.markDead(ctx, part(i)) })
	}
	errs[0] = q.markDead(ctx, part(0))
	others.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(pids, func(pid int) bool { return pid == dead }), nil
}

const dead = 0 // no process has the number

func (q *Query) markDead(ctx context.Context, pids []int) (err error) {
	defer recovered(&err)
	for i, pid := range pids {
		if err := ctx.Err(); err != nil {
			return err
		}
		lives, err := q.Tree.proc.Lives(pid)
		if err != nil {
			return err
		}
		if !lives {
			pids[i] = dead
		}
	}
	return nil
}
