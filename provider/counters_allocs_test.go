//go:build !race

package provider

import (
	"os"
	"testing"
)

// Parsing allocates nothing.
func TestCountersParseAllocations(t *testing.T) {
	var statm Statm
	var io IO
	var sched Schedstat
	var call Syscall
	text := func(file string) []byte { return counterText(t, "plain", file) }
	texts := [][]byte{text("statm"), text("io"), text("schedstat"), text("syscall"), text("autogroup"), text("loginuid")}
	older := counterText(t, "gvisor", "io")
	if got := testing.AllocsPerRun(100, func() {
		_, _, _, _ = statm.Parse(texts[0]), io.Parse(texts[1]), sched.Parse(texts[2]), call.Parse(texts[3])
		_, _ = ParseAutogroup(texts[4])
		_, _, _ = ParseAuditID(texts[5])
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
	_ = io.Parse(older)
	if got := testing.AllocsPerRun(100, func() { _ = io.Parse(older) }); got != 0 {
		t.Errorf("%v allocations for an unknown line", got)
	}
}

// Nor does reading.
func TestCountersReadAllocations(t *testing.T) {
	f := openProc(t)
	p, leader := pin(t, f, os.Getpid()), pin(t, f, start(t, ownSession).pid)
	var statm Statm
	var io IO
	var sched Schedstat
	var call Syscall
	children := make([]int, 0, 64)
	for name, read := range map[string]func() error{
		"statm":     func() error { return p.Statm(&statm) },
		"io":        func() error { return p.IO(&io) },
		"schedstat": func() error { return p.Schedstat(&sched) },
		"syscall":   func() error { return p.Syscall(&call) },
		"autogroup": func() error { _, err := leader.Autogroup(); return err },
		"loginuid":  func() error { _, _, err := p.LoginUID(); return err },
		"oom_score": func() error { _, err := p.OOMScore(); return err },
		"comm":      func() error { _, err := p.Comm(); return err },
		"owner":     func() error { _, _, err := p.Owner(); return err },
	} {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := testing.AllocsPerRun(100, func() { _ = read() }); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
	main, err := p.MainTask()
	if err != nil {
		t.Fatal(err)
	}
	defer main.Close()
	if got := testing.AllocsPerRun(100, func() { children, _ = main.Children(children[:0]) }); got != 0 {
		t.Errorf("children: %v allocations", got)
	}
}
