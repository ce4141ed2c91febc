package tests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// walker reads all that there is, again and again.
type walker struct {
	dir    string
	daemon string // the daemon's pid, which is nobody's to look into
	reads  int
	faults []string
}

// helperWalker: directory, the daemon's pid, time. It says its faults, and
// then how many files it has read.
func helperWalker() {
	w := &walker{dir: os.Args[1], daemon: os.Args[2]}
	howLong, err := time.ParseDuration(os.Args[3])
	check(err)
	for end := time.Now().Add(howLong); time.Now().Before(end) && len(w.faults) < 20; {
		w.walk()
	}
	for _, fault := range w.faults {
		fmt.Println(strings.ReplaceAll(fault, "\n", `\n`))
	}
	fmt.Println(w.reads)
}

func (w *walker) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf("uid %d: ", os.Geteuid())+fmt.Sprintf(format, args...))
}

func (w *walker) walk() {
	if self, err := os.Readlink(w.dir + "/curproc"); err != nil || self != strconv.Itoa(os.Getpid()) {
		w.fault("curproc is %q (%v), want %d", self, err, os.Getpid())
	}
	table, err := os.ReadFile(w.dir + "/status")
	if err != nil {
		w.fault("the table: %v", err)
	}
	for _, fault := range tableFaults(string(table)) {
		w.fault("the table: %s", fault)
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.fault("the root: %v", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			w.process(e.Name())
		}
	}
}

// tableFaults: a line for each process, whole, and ascending numbers.
func tableFaults(table string) []string {
	var faults []string
	last := 0
	for line := range strings.Lines(table) {
		fields := strings.Split(line, " ")
		pid, err := strconv.Atoi(fields[min(1, len(fields)-1)])
		if len(fields) != 15 || slices.Contains(fields, "") || err != nil || pid <= last || !strings.HasSuffix(line, "\n") {
			faults = append(faults, fmt.Sprintf("after %d: %q", last, line))
		}
		last = pid
	}
	if last == 0 {
		faults = append(faults, "no line")
	}
	return faults
}

func (w *walker) process(pid string) {
	entries, err := os.ReadDir(filepath.Join(w.dir, pid))
	w.allowed(pid, "", err)
	for _, e := range entries {
		text, err := w.look(pid, e.Name())
		w.reads++
		w.allowed(pid, e.Name(), err)
		if fault := textFault(e.Name(), pid, string(text)); err == nil && fault != "" {
			w.fault("%s/%s: %s", pid, e.Name(), fault)
		}
	}
}

// look reads a node, or does with it what can be done.
func (w *walker) look(pid, node string) (text []byte, err error) {
	path := filepath.Join(w.dir, pid, node)
	switch node {
	case "mem":
		err = readFirstByte(path)
	case "file", "exe":
		_, err = os.Readlink(path)
	case "note", "notepg": // written only
		_, err = os.Lstat(path)
	case "regs", "fpregs", "dbregs":
		if _, err = os.ReadFile(path); errors.Is(err, unix.EBUSY) { // it runs
			err = nil
		}
	default:
		text, err = os.ReadFile(path)
	}
	return text, err
}

// readFirstByte wants what everybody gets at address 0.
func readFirstByte(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if n, err := file.ReadAt(make([]byte, 1), 0); !errors.Is(err, unix.EFAULT) {
		return fmt.Errorf("%d bytes at address 0: %w", n, err)
	}
	return nil
}

// allowed are the errors that say "gone", and those that say "you may not"
// where the kernel says so, too.
func (w *walker) allowed(pid, node string, err error) {
	switch {
	case err == nil, errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH):
	case errors.Is(err, fs.ErrPermission) && (pid == w.daemon || nativelyRefused(pid, node) || w.changed(pid, node)):
	default:
		w.fault("%s/%s: %v", pid, node, err)
	}
}

// changed: is it granted now, or at its end? A program that changes its user is
// refused, as natively, until it executes another.
func (w *walker) changed(pid, node string) bool {
	if node == "" {
		return false
	}
	_, err := w.look(pid, node)
	return err == nil || exited(pid)
}

// nativelyRefused: does the kernel's own procfs refuse it, or know the process no more?
func nativelyRefused(pid, node string) bool {
	switch node {
	case "file", "exe":
		_, err := os.Readlink("/proc/" + pid + "/exe")
		return err != nil
	case "map":
		_, err := os.ReadFile("/proc/" + pid + "/smaps")
		return err != nil
	}
	return false
}

// textFault says what is wrong with a text.
func textFault(node, pid, text string) string {
	lines := strings.Split(text, "\n")
	switch {
	case slices.Contains([]string{"cmdline", "mem", "file", "exe", "note", "notepg", "regs", "fpregs", "dbregs"}, node):
		return ""
	case lines[len(lines)-1] != "":
		return fmt.Sprintf("torn: %q", text)
	case node == "status":
		if fields := strings.Split(lines[0], " "); len(lines) != 2 || len(fields) != 15 || fields[1] != pid || slices.Contains(fields, "") {
			return fmt.Sprintf("%q", text)
		}
	case node == "rlimit" && len(lines) != 18, node == "etype" && len(lines) != 2, node == "map" && len(lines) < 2:
		return fmt.Sprintf("%d lines: %q", len(lines)-1, text)
	case node == "map":
		return mapFault(lines[:len(lines)-1])
	}
	return ""
}

func mapFault(lines []string) string {
	var last uint64
	for _, line := range lines {
		var from, to uint64
		if _, err := fmt.Sscanf(line, "0x%x 0x%x ", &from, &to); err != nil || from >= to || from < last || len(strings.Fields(line)) < 15 {
			return fmt.Sprintf("%q (%v)", line, err)
		}
		last = to
	}
	return ""
}
