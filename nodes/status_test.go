package nodes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/procfsd/procfsd/provider"
	"github.com/procfsd/procfsd/render"
)

// TestJail: a process in a container has its host name, for those who could
// know it natively.
func TestJail(t *testing.T) {
	needRoot(t)
	tree := openTree(t, Options{GID: -1})
	cmd := exec.Command("/bin/sh", "-c", `printf '%s' jail-of-glass >/proc/sys/kernel/hostname && echo ok && read x`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	if b := make([]byte, 3); read(out.Read, b) != nil || string(b) != "ok\n" {
		t.Fatalf("%q", b)
	}
	other := startAs(t, "plain", "/proc/self/exe", bob, bob)
	for want, q := range map[string]*Query{"jail-of-glass": ourselves(t, tree), "?": other.asks(tree)} {
		words := strings.Fields(processText(t, find(t, q, cmd.Process.Pid), "status"))
		if got := words[len(words)-1]; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	table, err := text(ourselves(t, tree), ByName(rootRows, "status"))
	if err != nil || !strings.Contains(table, " jail-of-glass\n") {
		t.Errorf("table: %v\n%s", err, table)
	}
	// the caller in the container is of another pid namespace
	q := ask(t, tree, cmd.Process.Pid, 0, 0)
	if err := q.Find(os.Getpid()); !errors.Is(err, ErrHidden) {
		t.Errorf("seen from the container: %v", err)
	}
	if got, err := curproc(q); !errors.Is(err, ErrHidden) || got != "" {
		t.Errorf("curproc in the container: %q, %v", got, err)
	}
}

func read(from func([]byte) (int, error), b []byte) error {
	for len(b) > 0 {
		n, err := from(b)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// TestStatusOf: every field from its own place.
func TestStatusOf(t *testing.T) {
	stat, err := provider.ParseStat([]byte("5 (a b) S 4 3 2 34817 1 0 0 0 0 0 250 7 0 0 20 0 1 0 123 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := provider.ParseStatus([]byte("State:\tS (sleeping)\nTgid:\t5\nPid:\t5\nUid:\t11\t12\t13\t14\nGid:\t21\t22\t23\t24\nGroups:\t31 32 \n"))
	if err != nil {
		t.Fatal(err)
	}
	tree := &Tree{boot: 1_000_000_500, ticks: 10_000}
	s := tree.statusOf(&stat, &st)
	got := string(render.AppendStatus(nil, &s))
	if want := "a\\040b 5 4 3 2 pts/1 ctty 1001,230500 2,500000 0,70000 - 12 11 21,22,31,32 -\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	for _, test := range []struct {
		session int
		tty     int32
		want    string
	}{{5, 34817, "ctty,sldr"}, {5, 0, "sldr"}, {3, 0, "noflags"}} {
		stat.Session, stat.PGRP, stat.TTYNr = test.session, 5, test.tty
		s := tree.statusOf(&stat, &st)
		if words := strings.Fields(string(render.AppendStatus(nil, &s))); words[6] != test.want {
			t.Errorf("session %d, terminal %d: %q, want %q", test.session, test.tty, words[6], test.want)
		}
	}
}

// TestRlimit: each limit under FreeBSD's name, no limit where Linux has none.
func TestRlimit(t *testing.T) {
	var l provider.Limits
	text := ""
	for i, name := range []string{"cpu time", "file size", "data size", "stack size", "core file size", "resident set", "processes",
		"open files", "locked memory", "address space", "file locks", "pending signals", "msgqueue size", "nice priority",
		"realtime priority", "realtime timeout"} {
		text += fmt.Sprintf("Max %s  %d  %d  bytes\n", name, i+1, 100+i)
	}
	if err := l.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	r := rlimitOf(&l)
	want := map[string]string{
		"cpu": "1 100", "fsize": "2 101", "data": "3 102", "stack": "4 103", "core": "5 104", "rss": "6 105", "nproc": "7 106",
		"nofile": "8 107", "memlock": "9 108", "vmem": "10 109",
		"sbsize": "-1 -1", "npts": "-1 -1", "swap": "-1 -1", "kqueues": "-1 -1", "umtx": "-1 -1", "pipebuf": "-1 -1", "vmm": "-1 -1",
	}
	lines := strings.Split(strings.TrimSuffix(string(render.AppendRlimit(nil, &r)), "\n"), "\n")
	for _, line := range lines {
		name, values, _ := strings.Cut(line, " ")
		if want[name] != values {
			t.Errorf("%s: %q, want %q", name, values, want[name])
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d lines, want %d", len(lines), len(want))
	}
}
