//go:build faults

package faulttest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// State is what an operation must leave as it was: the credentials of every
// thread, the descriptors and the goroutines.
type State struct {
	descriptors []string
	goroutines  int
	identity    string // of every thread
	ofThread    string // what only a thread itself can tell
}

// Look takes the state, of a process whose threads are all alike. The calling
// goroutine should be locked to its thread: then it is the thread on which an
// operation borrows that is asked afterwards.
func Look(t testing.TB) State {
	t.Helper()
	s := State{descriptors: descriptors(), goroutines: runtime.NumGoroutine(), ofThread: ofThread()}
	s.identity = identity("/proc/thread-self")
	for dir, other := range threads() {
		if other != s.identity {
			t.Fatalf("%s is not as the others are, before:\n%s", dir, other)
		}
	}
	return s
}

// patience is for what the kernel and the runtime do in their own time: the end
// of a thread, and of a goroutine that has answered.
const patience = 5 * time.Second

// Want wants the state again.
func (s State) Want(t testing.TB, after string) {
	t.Helper()
	wrong := s.differs()
	for end := time.Now().Add(patience); wrong != "" && time.Now().Before(end); wrong = s.differs() {
		time.Sleep(time.Millisecond)
	}
	if wrong != "" {
		t.Fatalf("after %s: %s", after, wrong)
	}
}

func (s State) differs() string {
	if now := ofThread(); now != s.ofThread {
		return fmt.Sprintf("this thread was %s and is %s", s.ofThread, now)
	}
	for dir, now := range threads() {
		if now != s.identity {
			return fmt.Sprintf("%s was\n%sand is\n%s", dir, s.identity, now)
		}
	}
	if now := runtime.NumGoroutine(); now > s.goroutines {
		return fmt.Sprintf("%d goroutines, %d before", now, s.goroutines)
	}
	if now := descriptors(); len(now) > len(s.descriptors) {
		added := slices.DeleteFunc(now, func(d string) bool { return slices.Contains(s.descriptors, d) })
		return fmt.Sprintf("descriptors left: %q", added)
	}
	return ""
}

// descriptors tells what each one leads to.
func descriptors() (all []string) {
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil { // not that of Glob itself
			all = append(all, filepath.Base(link)+" "+to)
		}
	}
	return all
}

// threads gives the identity of each thread that lives.
func threads() map[string]string {
	all := map[string]string{}
	dirs, _ := filepath.Glob("/proc/self/task/*")
	for _, dir := range dirs {
		all[dir] = identity(dir)
	}
	maps.DeleteFunc(all, func(_, identity string) bool { return identity == "" })
	return all
}

// identity is everything of a thread's status by which the kernel judges it:
// Uid and Gid are real, effective, saved and file-system ids. It is empty for
// one that has ended.
func identity(dir string) string {
	text, err := os.ReadFile(dir + "/status")
	if err != nil || strings.Contains(string(text), "\nState:\tZ") || strings.Contains(string(text), "\nState:\tX") {
		return ""
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		switch key, _, _ := strings.Cut(line, ":"); key {
		case "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp":
			b.WriteString(line)
		}
	}
	return b.String()
}

// ofThread tells the securebits and keepcaps of the calling thread, its UTS
// namespace (Hostname enters another), and whether it is dumpable.
func ofThread() string {
	var all [3]int
	for i, option := range []int{unix.PR_GET_SECUREBITS, unix.PR_GET_KEEPCAPS, unix.PR_GET_DUMPABLE} {
		all[i], _ = unix.PrctlRetInt(option, 0, 0, 0, 0)
	}
	uts, _ := os.Readlink("/proc/thread-self/ns/uts")
	return fmt.Sprint(all, uts)
}
