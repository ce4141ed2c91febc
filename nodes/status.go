package nodes

import (
	"strconv"
	"sync"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// fillStatus is fill(status, render.AppendStatus) that allocates nothing.
func fillStatus(q *Query, dst []byte) ([]byte, error) {
	s, err := status(q)
	if err != nil {
		return dst, err
	}
	return render.AppendStatus(dst, &s), nil
}

// status is the line of one process.
func status(q *Query) (render.Status, error) {
	t := q.Target
	if err := t.loadStat(); err != nil {
		return render.Status{}, err
	}
	if err := t.StatusIDs(&t.status, &t.stat); err != nil {
		return render.Status{}, err
	}
	return statusLine(q)
}

// statusLine is status, of what has been read.
func statusLine(q *Query) (render.Status, error) {
	t := q.Target
	wait, err := waitChannel(q)
	if err != nil {
		return render.Status{}, err
	}
	jail, err := jail(q)
	if err != nil {
		return render.Status{}, err
	}
	s := q.Tree.statusOf(&t.stat, &t.status)
	s.WaitChannel, s.Jail = wait, jail
	return s, nil
}

// statusOf translates what everybody may know.
func (tree *Tree) statusOf(stat *provider.Stat, st *provider.Status) render.Status {
	return render.Status{
		Command: stat.Comm.Bytes(),
		PID:     stat.PID, PPID: stat.PPID, PGID: stat.PGRP, SID: stat.Session,
		TTY:             tree.terminal(stat),
		ControlTerminal: stat.TTYNr != 0,
		SessionLeader:   stat.Session == stat.PID,
		Start:           microseconds(tree.boot + int64(stat.StartTime)*tree.ticks),
		User:            microseconds(int64(stat.UTime) * tree.ticks),
		System:          microseconds(int64(stat.STime) * tree.ticks),
		EUID:            st.UID.Effective, RUID: st.UID.Real,
		RGID: st.GID.Real, EGID: st.GID.Effective,
		Groups: st.Groups,
	}
}

// terminal is the name of the process's terminal.
func (tree *Tree) terminal(stat *provider.Stat) string {
	var room [64]byte
	major, minor := stat.TTY()
	return tree.words.of(provider.AppendTTYName(room[:0], major, minor))
}

func microseconds(us int64) render.Time {
	const second = 1_000_000
	return render.Time{Sec: us / second, Usec: us % second}
}

// waitChannel is where the process sleeps: "nochan" where it does not, ""
// where this caller may not know.
func waitChannel(q *Query) (string, error) {
	p := q.Target.Process
	if q.Target.stat.State == provider.StateRunning || q.Caller.IsMainThread(p) { // which waits for us alone
		return render.NoChannel, nil
	}
	var room [64]byte
	name, err := q.Caller.AppendWChan(room[:0], p)
	return q.Tree.words.of(name), err
}

// unknownJail stands for a host name that the caller could not know natively.
const unknownJail = "?"

// jail is the host name of a process in a container: one whose pid namespace
// lies below the tree's own.
func jail(q *Query) (string, error) {
	p := q.Target.Process
	if len(q.Target.status.NSPID) <= 1 {
		return "", nil
	}
	if err := q.Caller.MayRead(p); err != nil {
		return unknownJail, p.Alive()
	}
	uts, err := p.Namespace("uts")
	if err != nil {
		return "", err
	}
	if host, ok := q.hosts.get(uts); ok {
		return host, nil
	}
	host, err := jailName(p)
	if err == nil {
		q.hosts.set(uts, host)
	}
	return host, err
}

// hosts are the host names found while one table is filled, so that each
// namespace is entered once. A nil one knows none.
type hosts struct {
	mu    sync.Mutex
	names map[provider.Namespace]string
}

func newHosts() *hosts { return &hosts{names: make(map[provider.Namespace]string)} }

func (h *hosts) get(uts provider.Namespace) (string, bool) {
	if h == nil {
		return "", false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	name, ok := h.names[uts]
	return name, ok
}

func (h *hosts) set(uts provider.Namespace, name string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names[uts] = name
}

// jailName falls back on a number where the namespace cannot be entered, as an
// unnamed FreeBSD jail shows its number.
func jailName(p *provider.Process) (string, error) {
	if host, err := p.Hostname(); err == nil && host != "" {
		return host, nil
	}
	ns, err := p.Namespace("pid")
	return strconv.FormatUint(ns.Inode, 10), err
}
