// Package leaktest fails tests that leave something behind: goroutines,
// descriptors, children, mounts, and files in the directory for temporary ones.
package leaktest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Look is what there is, by kind, each with words that tell which one it is.
type Look map[string][]string

// patience is for what is on its way out.
const patience = 5 * time.Second

// Main runs the tests of a package in a directory for temporary files of their
// own, and gives the code to exit with: never 0 where something is left.
func Main(m interface{ Run() int }) int {
	if slices.ContainsFunc(os.Args, func(arg string) bool {
		return strings.HasPrefix(arg, "-test.fuzz=") || arg == "-test.fuzz" || arg == "-test.fuzzworker"
	}) {
		return m.Run() // whose workers are killed
	}
	dir, err := makeTemp()
	if err != nil {
		fmt.Fprintln(os.Stderr, "leaktest:", err)
		return 1
	}
	before, err := Take(dir)
	code := m.Run()
	if err == nil {
		err = before.Nothing(dir)
	}
	if err == nil {
		err = os.Remove(dir) // never what is in it, which may be mounted
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: leaktest:", err)
		return max(code, 1)
	}
	return code
}

// makeTemp makes the directory, which every user may use.
func makeTemp() (string, error) {
	dir, err := os.MkdirTemp("", "procfsd-")
	if err != nil {
		return "", err
	}
	return dir, errors.Join(os.Chmod(dir, 0o777|os.ModeSticky), os.Setenv("TMPDIR", dir))
}

// Take looks, at this process and at dir.
func Take(dir string) (Look, error) {
	l := Look{"goroutines": goroutines()}
	var errs [4]error
	l["descriptors"], errs[0] = descriptors()
	l["children"], errs[1] = children()
	l["mounts"], errs[2] = mounts(dir)
	l["files"], errs[3] = files(dir)
	return l, errors.Join(errs[:]...)
}

// Nothing is the error that says what there is more of than before. It waits a
// moment for that to go.
func (l Look) Nothing(dir string) error {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		after, err := Take(dir)
		if err == nil {
			err = l.more(after)
		}
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

func (l Look) more(after Look) error {
	var errs []error
	for kind, now := range after {
		if before := l[kind]; len(now) > len(before) {
			errs = append(errs, fmt.Errorf("left behind: %s: %d, before %d:\n%s", kind, len(now), len(before), strings.Join(added(before, now), "\n")))
		}
	}
	return errors.Join(errs...)
}

// added are those of now that were not there before.
func added(before, now []string) (list []string) {
	for _, one := range now {
		if !slices.Contains(before, one) {
			list = append(list, one)
		}
	}
	return list
}

// goroutines are all but our own and the one that package os/signal keeps for good.
func goroutines() (list []string) {
	buf := make([]byte, 1<<20)
	_, others, _ := strings.Cut(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	for stack := range strings.SplitSeq(others, "\n\n") {
		if stack != "" && !strings.Contains(stack, "os/signal.loop") {
			list = append(list, stack)
		}
	}
	return list
}

func descriptors() (list []string, err error) {
	links, err := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil { // else it was for the list itself
			list = append(list, filepath.Base(link)+" -> "+target)
		}
	}
	return list, err
}

// children are live ones and zombies: but for process 1, whose zombies may be
// anybody's.
func children() (list []string, err error) {
	lists, err := filepath.Glob("/proc/self/task/*/children")
	for _, file := range lists {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) { // the thread's end
			continue
		}
		if err != nil {
			return nil, err
		}
		for pid := range strings.FieldsSeq(string(text)) {
			line, _ := os.ReadFile("/proc/" + pid + "/stat")
			if os.Getpid() != 1 || !bytes.Contains(line, []byte(") Z ")) {
				list = append(list, string(line[:min(len(line), 64)]))
			}
		}
	}
	return list, err
}

// mounts are those below dir and, where nobody else mounts, those of FUSE.
func mounts(dir string) (list []string, err error) {
	ours, _ := os.Readlink("/proc/self/ns/mnt")
	first, _ := os.Readlink("/proc/1/ns/mnt")
	text, err := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && (strings.HasPrefix(fields[4], dir+"/") || ours != first && strings.Contains(line, " - fuse")) {
			list = append(list, fields[4])
		}
	}
	return list, err
}

func files(dir string) (list []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list, err
}
