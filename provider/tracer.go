package provider

import (
	"context"
	"io/fs"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	traceQueue = 2 * time.Second        // the longest wait for the tracer's turn
	traceStop  = 200 * time.Millisecond // for a running target to stop
	traceHold  = time.Second            // from the attempt to attach to the end of the attachment, come what may
	traceGo    = time.Second            // for the target to be as it was before
	traceStuck = 8                      // threads that the kernel may keep in SEIZE before we give up
)

// Tracer holds processes still for a moment, by ptrace(2), so that their
// registers can be read and set. One OS thread does it, one process at a time.
// It needs the right to trace: CAP_SYS_PTRACE (no_new_privs and being
// undumpable do not matter), or processes of the same user. It is safe for
// concurrent use.
type Tracer struct {
	serving atomic.Uint64 // the pid of the process that has its turn, and above it a count of turns
	askers  askers

	turn   chan struct{} // holds one token; whoever took it owns what follows
	thread *tracerThread
	stuck  []*tracerThread
	closed bool
}

// NewTracer makes a tracer. Its thread starts with the first target.
func NewTracer() *Tracer {
	t := &Tracer{turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// Close waits for the turn of a target that is held, if any, and ends the
// thread.
func (t *Tracer) Close() {
	<-t.turn
	defer func() { t.turn <- struct{}{} }()
	t.closed = true
	if t.thread != nil {
		t.drop(time.Now().Add(traceGo))
	}
}

// TraceOptions say how a process may be stopped.
type TraceOptions struct {
	// Sample permits stopping a process that runs. That can be noticed:
	// epoll_wait, semop, semtimedop, sigtimedwait, io_getevents, and accept and
	// recv with a timeout option return EINTR in it.
	Sample bool

	// Asker, if any, waits for the answer. Its own thread cannot stop before it
	// has got it: ErrBusy at once, for whoever asks for it.
	Asker *Caller
}

// Stopped calls fn while the first thread of p (its main thread; where that has
// exited, the lowest other one) is held by ptrace, and lets it go before it
// returns. A process that was stopped by job control, as all must be without
// o.Sample, is so again then and has not run, and its parent has seen nothing.
// If somebody continues it meanwhile, it goes on when it is let go.
//
// It is ErrBusy where the process runs (without Sample it is not touched then),
// is traced by another, does not stop within 200 ms (state D), is a kernel
// thread or is we; ErrGone where it has exited; a permission error where the
// kernel forbids tracing it. ctx ends the wait for the tracer's turn, which is
// 2 s at most.
//
// fn runs on the calling goroutine, not on the tracer's thread: it may ask
// [Caller.MayAttach] of p, and should: the process may have become somebody
// else's up to the stop, but not after it. A second after the attempt to stop it
// the process is let go, and every method of the Tracee is ErrBusy from then on.
// fn must not use t.
func (t *Tracer) Stopped(ctx context.Context, p *Process, o TraceOptions, fn func(*Tracee) error) error {
	file := "task"
	err := func() error {
		if err := t.refuse(p, o); err != nil {
			return err
		}
		defer t.askers.enter(o.Asker)()
		if err := t.take(ctx); err != nil {
			return err
		}
		defer func() { t.turn <- struct{}{} }()
		t.serve(p.pid)
		defer t.serve(0)
		tid, err := t.target(p, o)
		if err != nil {
			return err
		}
		file += "/" + strconv.Itoa(tid)
		return t.stopped(p, tid, o, fn)
	}()
	if err != nil {
		return p.fail("ptrace", file, err)
	}
	return nil
}

// refuse refuses before the turn what it can, so that the many processes that
// run wait for nobody. One that is being served looks traced or running, but
// is not for long.
func (t *Tracer) refuse(p *Process, o TraceOptions) error {
	before := t.serving.Load()
	_, err := t.target(p, o)
	if err == ErrBusy && (t.serving.Load() != before || int(uint32(before)) == p.pid) {
		return nil
	}
	return err
}

// serve says whose turn it is, 0 for nobody's.
func (t *Tracer) serve(pid int) {
	turns := t.serving.Load() >> 32
	t.serving.Store((turns+1)<<32 | uint64(uint32(pid)))
}

// take waits for the turn.
func (t *Tracer) take(ctx context.Context) error {
	timer := time.NewTimer(traceQueue)
	defer timer.Stop()
	select {
	case <-t.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ErrBusy
	}
}

// stopped does it, in the tracer's turn.
func (t *Tracer) stopped(p *Process, tid int, o TraceOptions, fn func(*Tracee) error) error {
	if err := t.ready(); err != nil {
		return err
	}
	tracee := &Tracee{thread: t.thread, tid: tid}
	end := time.AfterFunc(traceHold, t.thread.end)
	if err := t.thread.do(func() error { return tracee.attach(o.Sample) }); err != nil {
		return t.failed(p, tid, err, !end.Stop())
	}
	defer func() { t.letGo(p, tracee, !end.Stop()) }()
	if err := tracee.belongs(p); err != nil {
		return err
	}
	return fn(tracee)
}

// ready makes sure of a thread.
func (t *Tracer) ready() error {
	if t.closed {
		return fs.ErrClosed
	}
	t.stuck = slices.DeleteFunc(t.stuck, func(th *tracerThread) bool {
		select {
		case <-th.done:
			return true
		default:
			return false
		}
	})
	if len(t.stuck) >= traceStuck {
		return ErrBusy
	}
	if t.thread == nil {
		t.thread = startTracerThread()
	}
	return nil
}

// drop ends the thread, and so its attachment; the next target gets another.
// One that the kernel keeps is remembered: it ends when it comes back.
func (t *Tracer) drop(deadline time.Time) {
	if !t.thread.gone(deadline) {
		t.stuck = append(t.stuck, t.thread)
	}
	t.thread = nil
}

// failed ends an attempt to attach and gives its class. Where it is late, the
// thread ends already.
func (t *Tracer) failed(p *Process, tid int, err error, late bool) error {
	refused, ok := err.(seizeError)
	if !ok || late {
		t.drop(time.Now().Add(traceGo))
	}
	if ok {
		return p.refused(tid, refused.errno)
	}
	return err
}

// refused tells the reasons for which the kernel refuses to attach apart: it
// says EPERM to all. Who may open the memory has the right.
func (p *Process) refused(tid int, errno unix.Errno) error {
	var s Stat
	if p.parse("task/"+strconv.Itoa(tid)+"/stat", &s) != nil || s.State.Dead() {
		return ErrGone
	}
	if errno != unix.EPERM {
		return errno
	}
	fd, err := p.open("mem", unix.O_RDONLY)
	if err != nil {
		return errno
	}
	unix.Close(fd)
	return ErrBusy // another traces it
}

// letGo detaches and waits, for a bounded time, until the process is as it was.
func (t *Tracer) letGo(p *Process, tracee *Tracee, late bool) {
	deadline := time.Now().Add(traceGo)
	end := time.AfterFunc(traceGo, t.thread.end)
	err := t.thread.do(tracee.detach)
	if !end.Stop() || late || err != nil { // err: it was killed
		t.drop(deadline)
	}
	if tracee.stop.group() {
		poll(deadline, func() bool { return p.settled(tracee.tid) })
	}
}

// settled reports that a thread that was let go has come to rest. From the
// tracer's stop to that of job control it runs for a moment, in the kernel
// only; asleep, it has been continued by somebody.
func (p *Process) settled(tid int) bool {
	var s Stat
	err := p.parse("task/"+strconv.Itoa(tid)+"/stat", &s)
	return err != nil || s.State != StateRunning && s.State != StateTracing
}

// traced is the thread that traces tid of p, 0 if none.
func (p *Process) traced(tid int) int {
	var s Status
	if p.parse("task/"+strconv.Itoa(tid)+"/status", &s) != nil {
		return 0
	}
	return s.TracerPID
}

// target chooses the thread and refuses what needs no ptrace to be refused.
func (t *Tracer) target(p *Process, o TraceOptions) (int, error) {
	if !p.fs.local {
		return 0, ErrNotSupported
	}
	if p.pid == p.fs.self {
		return 0, ErrBusy
	}
	var s Stat
	tid, err := p.firstThread(&s)
	switch {
	case err != nil:
		return 0, err
	case s.KernelThread(), s.State == StateTracing, s.State != StateStopped && !o.Sample:
		return 0, ErrBusy
	case o.Asker != nil && o.Asker.tid == tid, s.State != StateStopped && t.askers.waits(tid):
		return 0, ErrBusy
	}
	return tid, nil
}

// firstThread finds the first living thread and reads its stat.
func (p *Process) firstThread(s *Stat) (int, error) {
	if err := p.Stat(s); err != nil {
		return 0, err
	}
	if !s.State.Dead() {
		return p.pid, nil
	}
	if !s.Alive() {
		return 0, ErrGone
	}
	var tids []int
	err := p.fs.numbers(p.fd, "task", func(tid int, _ error) bool {
		tids = append(tids, tid)
		return true
	})
	if err != nil {
		return 0, p.fail("readdir", "task", p.missing("task", err))
	}
	for _, tid := range tids {
		if p.parse("task/"+strconv.Itoa(tid)+"/stat", s) == nil && !s.State.Dead() {
			return tid, nil
		}
	}
	return 0, ErrGone
}
