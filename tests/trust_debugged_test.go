//go:build amd64

package tests

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// debugTrial accesses registers through two mounts, one of them with -o sample,
// and holds each access against the clock.
type debugTrial struct {
	t             *testing.T
	plain, sample *daemon
	accesses      int
	calls         map[string]bool // system calls of the sleepers
	worst         time.Duration
	slowest       string
}

// debugLimit is what an access may take; other people's load comes on top where
// it is not the point.
func debugLimit() time.Duration { return forSoak(5*time.Second, 250*time.Millisecond) }

func trustDebugged(t *testing.T, s *trustRun) {
	d := &debugTrial{t: t, plain: mount(t), sample: mount(t, "sample"), calls: map[string]bool{}}
	for range forSoak(1, 10) {
		d.sleepers()
		d.stopped()
		d.vforked()
		d.zombie()
		d.leaderGone()
		d.traced()
		d.underGDB()
		d.itself()
		d.eachOther()
	}
	s.figure("%d accesses of 9 kinds of processes, among them sleepers in %d system calls; all states unchanged; the slowest (%s) took %v",
		d.accesses, len(d.calls), d.slowest, d.worst.Round(100*time.Microsecond))
}

func (d *debugTrial) took(what string, took time.Duration) {
	d.t.Helper()
	d.accesses++
	if took > d.worst {
		d.worst, d.slowest = took, what
	}
	if took > debugLimit() {
		d.t.Errorf("%s: %v, want %v", what, took, debugLimit())
	}
}

// wants one outcome of every access to the registers through a mount.
func (d *debugTrial) wants(what string, m *daemon, pid int, want error, flags ...int) {
	d.t.Helper()
	for node, size := range registerNodes {
		for _, f := range flags {
			start := time.Now()
			err := access(m.path(pid, node), f, make([]byte, size))
			d.took(what, time.Since(start))
			if err != want {
				d.t.Errorf("%s: %s, flags %d: %v, want %v", what, node, f, err, want)
			}
		}
	}
}

// unchanged calls fn, before and after which all threads have the same states and tracer.
func (d *debugTrial) unchanged(what string, pid int, want string, fn func()) {
	d.t.Helper()
	before := threadStates(d.t, pid)
	fn()
	if after := threadStates(d.t, pid); before != want || after != want {
		d.t.Errorf("%s: threads in states %q, then %q, want %q", what, before, after, want)
	}
}

// threadStates are the states of a process's threads in order, the first one's first,
// with a ! for each that is traced.
func threadStates(t *testing.T, pid int) string {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no threads of %d: %v", pid, err)
	}
	slices.SortFunc(tasks, func(a, b string) int { return atoi(t, filepath.Base(a)) - atoi(t, filepath.Base(b)) })
	states := ""
	for _, task := range tasks {
		tid := atoi(t, filepath.Base(task))
		state, err := processState(tid)
		if err != nil {
			t.Fatal(err)
		}
		if states += string(rune(state)); statusFields(t, tid)["TracerPid"] != "0" {
			states += "!"
		}
	}
	return states
}

// sleepers in a system call go on sleeping in it: not even woken, or stopped for
// a moment where that is asked for, and the call restarts.
func (d *debugTrial) sleepers() {
	d.t.Helper()
	for name, ends := range blocking {
		cmd := targetProgram(d.t, "block", name)
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWIPC
		p := startDebuggee(d.t, cmd)
		p.wants('S')
		in := inSystemCall(d.t, p.pid)
		d.calls[in] = true
		d.unchanged(name, p.pid, "S", func() {
			before := switches(d.t, p.pid)
			d.wants(name, d.plain, p.pid, unix.EBUSY, unix.O_RDONLY, unix.O_WRONLY)
			d.wants(name, d.sample, p.pid, unix.EBUSY, unix.O_WRONLY)
			if after := switches(d.t, p.pid); after != before || inSystemCall(d.t, p.pid) != in {
				d.t.Errorf("%s was woken: %s switches, then %s", name, before, after)
			}
			if !ends {
				d.wants(name, d.sample, p.pid, nil, unix.O_RDONLY)
				p.wants('S') // on its way back
			}
		})
		if after := inSystemCall(d.t, p.pid); after != in && after != fmt.Sprint(unix.SYS_RESTART_SYSCALL) || len(p.out) > 0 {
			d.t.Errorf("%s: in system call %s, then %s; %d lines", name, in, after, len(p.out))
		}
		p.kill(unix.SIGKILL)
		p.exit()
	}
	if len(d.calls) < 18 {
		d.t.Errorf("sleepers in %d different system calls", len(d.calls))
	}
}

// stopped: it is read and written, and neither it nor its parent hears of it.
func (d *debugTrial) stopped() {
	d.t.Helper()
	p := startTarget(d.t, "parent")
	child := int(p.says["child"])
	d.unchanged("stopped", child, "T", func() {
		for range 10 {
			d.wants("stopped", d.plain, child, nil, unix.O_RDONLY)
			d.wants("stopped", d.sample, child, nil, unix.O_RDONLY)
		}
		set := piece(d.t, openNode(d.t, d.plain.path(child, "regs"), unix.O_RDONLY), 4096, 0)
		start := time.Now()
		err := access(d.plain.path(child, "regs"), unix.O_WRONLY, set)
		if d.took("stopped, write", time.Since(start)); err != nil {
			d.t.Error(err)
		}
	})
	fmt.Fprint(p.in, "?")
	if line := p.line(); line != "0 0" {
		d.t.Errorf("the parent of a stopped process has heard %q", line)
	}
	unix.Kill(child, unix.SIGKILL)
}

func (d *debugTrial) vforked() {
	d.t.Helper()
	p := startTarget(d.t, "vfork")
	p.wants('D')
	d.unchanged("vfork", p.pid, "D", func() {
		d.wants("vfork", d.plain, p.pid, unix.EBUSY, unix.O_RDONLY, unix.O_WRONLY)
		d.wants("vfork", d.sample, p.pid, unix.EBUSY, unix.O_RDONLY, unix.O_WRONLY)
	})
	p.in.Close()
	if code := p.exit(); code != 6 {
		d.t.Errorf("vfork: exit %d", code)
	}
}

func (d *debugTrial) zombie() {
	d.t.Helper()
	p := startTarget(d.t, "wait")
	p.kill(unix.SIGKILL)
	p.wants('Z')
	d.unchanged("zombie", p.pid, "Z", func() {
		d.wants("zombie", d.plain, p.pid, unix.ENOENT, unix.O_RDONLY, unix.O_WRONLY)
		d.wants("zombie", d.sample, p.pid, unix.ENOENT, unix.O_RDONLY, unix.O_WRONLY)
	})
}

func (d *debugTrial) leaderGone() {
	d.t.Helper()
	p := startTarget(d.t, "leadergone")
	waitFor(d.t, "the threads", func() bool { return threadStates(d.t, p.pid) == "ZRRR" })
	d.unchanged("leader gone", p.pid, "ZRRR", func() {
		d.wants("leader gone", d.plain, p.pid, unix.EBUSY, unix.O_RDONLY, unix.O_WRONLY)
		d.wants("leader gone", d.sample, p.pid, nil, unix.O_RDONLY)
	})
	p.kill(unix.SIGSTOP)
	waitFor(d.t, "the stop", func() bool { return threadStates(d.t, p.pid) == "ZTTT" })
	d.unchanged("leader gone, stopped", p.pid, "ZTTT", func() {
		d.wants("leader gone, stopped", d.plain, p.pid, nil, unix.O_RDONLY)
	})
	p.kill(unix.SIGKILL)
	p.exit()
}

// traced by this test: it stays so.
func (d *debugTrial) traced() {
	d.t.Helper()
	p := startTarget(d.t, "wait")
	p.stop()
	whileTraced(d.t, p.pid, func() { d.busy("traced", p.pid) })
}

// busy: another debugger has it, and keeps it.
func (d *debugTrial) busy(what string, pid int) {
	d.t.Helper()
	d.unchanged(what, pid, "t!", func() {
		by := statusFields(d.t, pid)["TracerPid"]
		d.wants(what, d.plain, pid, unix.EBUSY, unix.O_RDONLY, unix.O_WRONLY)
		d.wants(what, d.sample, pid, unix.EBUSY, unix.O_RDONLY, unix.O_WRONLY)
		if now := statusFields(d.t, pid)["TracerPid"]; now != by {
			d.t.Errorf("%s: by %s, then by %s", what, by, now)
		}
	})
}

func (d *debugTrial) underGDB() {
	d.t.Helper()
	if _, err := exec.LookPath("gdb"); err != nil {
		lack(d.t, "no gdb (Debian: apt-get install gdb)")
	}
	p := startTarget(d.t, "wait")
	p.wants('S')
	gdb := exec.Command("gdb", "-nx", "-q", "-p", fmt.Sprint(p.pid))
	in, err := gdb.StdinPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	startQuietly(d.t, gdb)
	waitFor(d.t, "gdb", func() bool {
		return statusFields(d.t, p.pid)["TracerPid"] == fmt.Sprint(gdb.Process.Pid) && threadStates(d.t, p.pid) == "t!"
	})
	d.busy("under gdb", p.pid)
	fmt.Fprintln(in, "detach\nquit")
	in.Close()
	if err := gdb.Wait(); err != nil {
		d.t.Errorf("gdb: %v", err)
	}
	p.wants('S')
	d.wants("after gdb", d.sample, p.pid, nil, unix.O_RDONLY)
}

// itself can never stop while it waits for us.
func (d *debugTrial) itself() {
	d.t.Helper()
	for _, m := range []*daemon{d.plain, d.sample} {
		p := startTarget(d.t, "read", "10")
		fmt.Fprintln(p.in, m.path("curproc", "regs"))
		for range 10 {
			n, errno, micros := p.read()
			if d.took("itself", time.Duration(micros)*time.Microsecond); n != -1 || errno != int(unix.EBUSY) {
				d.t.Errorf("its own registers: %d, errno %d, want EBUSY", n, errno)
			}
		}
		p.wants('S')
	}
}

// eachOther: both get an answer, whichever, and both go on.
func (d *debugTrial) eachOther() {
	d.t.Helper()
	for _, m := range []*daemon{d.plain, d.sample} {
		a, b := startTarget(d.t, "read", "10"), startTarget(d.t, "read", "10")
		fmt.Fprintln(a.in, m.path(b.pid, "regs"))
		fmt.Fprintln(b.in, m.path(a.pid, "regs"))
		for range 10 {
			for _, p := range []*debuggee{a, b} {
				n, errno, micros := p.read()
				d.took("each other", time.Duration(micros)*time.Microsecond)
				if n != 176 && errno != int(unix.EBUSY) && errno != int(unix.EINTR) || n == 176 && m == d.plain {
					d.t.Errorf("each other's registers: %d, errno %d", n, errno)
				}
			}
		}
		for _, p := range []*debuggee{a, b} {
			p.wants('S')
			d.unchanged("each other, afterwards", p.pid, "S", func() { d.wants("afterwards", d.plain, p.pid, unix.EBUSY, unix.O_RDONLY) })
		}
	}
}
