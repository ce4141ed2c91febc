package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func parseChildren(b []byte) ([]int, error) { return ParseChildren(nil, b) }

func TestParseChildren(t *testing.T) {
	parses(t, parseChildren, map[string][]int{"": nil, "1 ": {1}, "3 2 2147483647 ": {3, 2, 1<<31 - 1}})
	malformedText(t, parseChildren, " ", "1", "1 2", "1  2 ", "-1 ", "x ", "1\n", "2147483648 ")
	if all, err := parseChildren(counterText(t, "kthread", "children")); err != nil || len(all) != 56 || all[0] != 3 {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := ParseChildren([]int{9}, []byte("1 x ")); !errors.Is(err, ErrMalformed) || !slices.Equal(all, []int{9}) {
		t.Errorf("%v, %v", all, err)
	}
}

func FuzzParseChildren(f *testing.F) {
	counterSeeds(f, "children")
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseChildren(b)
		zeroAfterError(t, all, err)
		if err == nil && len(all) != strings.Count(string(b), " ") {
			t.Fatalf("%q: %v", b, all)
		}
		again, err2 := parseChildren([]byte(childrenText(all)))
		if err2 != nil || !slices.Equal(again, all) {
			t.Fatalf("%v, then %v, %v", all, again, err2)
		}
	})
}

func childrenText(all []int) string {
	var s strings.Builder
	for _, pid := range all {
		fmt.Fprintf(&s, "%d ", pid)
	}
	return s.String()
}

func checkChildren(p *Process) error {
	t, err := p.MainTask()
	if err != nil {
		return err
	}
	defer t.Close()
	return steady(p, fmt.Sprintf("task/%d/children", p.PID()), func(raw []byte) error {
		all, err := t.Children(nil)
		if err != nil {
			return err
		}
		return same("children", childrenText(all), string(raw))
	})
}

// The threads of Go beget by turns: the process has the children of them all.
func TestChildrenOfAllThreads(t *testing.T) {
	first, second := start(t), start(t)
	p := pin(t, openProc(t), os.Getpid())
	all, err := p.Children([]int{-5})
	if err != nil || all[0] != -5 || !slices.IsSorted(all) || !slices.Contains(all, first.pid) || !slices.Contains(all, second.pid) {
		t.Errorf("%v with %d and %d, %v", all, first.pid, second.pid, err)
	}
	second.end()
	all, err = p.Children(all[:0])
	if err != nil || !slices.Contains(all, first.pid) || slices.Contains(all, second.pid) {
		t.Errorf("%v with %d alone, %v", all, first.pid, err)
	}
	none, err := pin(t, p.fs, first.pid).Children(nil)
	if err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
}

func TestChildrenSorted(t *testing.T) {
	root := t.TempDir()
	for tid, text := range map[string]string{"7": "30 10 ", "8": "", "9": "20 10 "} {
		task := filepath.Join(root, "7/task", tid)
		if err := errors.Join(os.MkdirAll(task, 0o700), os.WriteFile(task+"/children", []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenFS(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if all, err := pin(t, f, 7).Children([]int{99}); err != nil || !slices.Equal(all, []int{99, 10, 20, 30}) {
		t.Errorf("%v, %v", all, err)
	}
}
