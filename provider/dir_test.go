package provider

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// checkFiles reads one file in each way that there is.
func checkFiles(p *Process) error {
	return steady(p, "comm", func(raw []byte) error {
		f, err := p.OpenFile("comm", unix.O_RDONLY)
		if err != nil {
			return err
		}
		defer f.Close()
		opened, err := io.ReadAll(f)
		if errors.Is(err, unix.ESRCH) {
			return ErrGone
		}
		var into commText
		if err := errors.Join(err, p.ReadInto("comm", &into)); err != nil {
			return err
		}
		return same("comm", string(opened), string(raw), into, string(raw))
	})
}

type commText string

func (c *commText) Parse(b []byte) error { *c = commText(b); return nil }

// checkTasks wants each thread to be of the process.
func checkTasks(p *Process) error {
	for t, err := range p.Tasks() {
		if err != nil {
			if !rightClass(err) {
				return err
			}
			continue
		}
		if err := checkTask(p, t); !rightClass(err) {
			return err
		}
	}
	return nil
}

func checkTask(p *Process, t *Task) error {
	again, err := p.Task(t.TID())
	if err != nil {
		return err
	}
	defer again.Close()
	var s Status
	if err := again.Status(&s); err != nil {
		return err
	}
	return same("task", s.PID, t.TID(), s.TGID, p.PID())
}
