package provider

import (
	"iter"
	"strconv"

	"golang.org/x/sys/unix"
)

// Task is one thread of a process, pinned by a descriptor of its directory
// /proc/PID/task/TID: once it has exited every method fails with ErrGone. What
// is said of a [Process]'s methods is true of these.
type Task struct{ dir }

// PID is the number that the thread's process was opened by.
func (t *Task) PID() int { return t.pid }

// TID is the thread's number; the main thread's is the process's.
func (t *Task) TID() int { return t.tid }

// Task pins the thread tid of the process (/proc/PID/task/TID).
func (p *Process) Task(tid int) (*Task, error) {
	t := new(Task)
	if err := p.openTask(&t.dir, tid); err != nil {
		return nil, err
	}
	return t, nil
}

// MainTask pins the main thread, whose number is the process's.
func (p *Process) MainTask() (*Task, error) { return p.Task(p.pid) }

func (p *Process) openTask(d *dir, tid int) error {
	var name [32]byte
	file := strconv.AppendInt(append(name[:0], "task/"...), int64(tid), 10)
	fd, err := p.fs.openat(p.fd, string(file), unix.O_PATH|unix.O_DIRECTORY)
	if err == unix.ENOENT {
		err = ErrGone
	}
	if err != nil {
		return p.fail("open", string(file), err)
	}
	*d = dir{fs: p.fs, fd: fd, pid: p.pid, tid: tid}
	return nil
}

// Tasks walks the threads of the process, as [FS.All] walks processes: the
// Task is the walk's own and closed with the next step ([Task.Clone] keeps
// one), and a thread that cannot be opened is an error of its own.
func (p *Process) Tasks() iter.Seq2[*Task, error] {
	return func(yield func(*Task, error) bool) {
		t := &Task{dir{fd: closed}}
		err := p.fs.numbers(p.fd, "task", func(tid int, _ error) bool {
			if err := p.openTask(&t.dir, tid); err != nil {
				return yield(nil, err)
			}
			defer t.Close()
			return yield(t, nil)
		})
		if err != nil {
			yield(nil, p.fail("readdir", "task", p.missing("task", err)))
		}
	}
}

// Clone pins the thread once more. Both are to be closed.
func (t *Task) Clone() (*Task, error) {
	own, err := t.dup()
	if err != nil {
		return nil, err
	}
	return &Task{own}, nil
}
