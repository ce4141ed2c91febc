package tests

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// strangerReport is what a stranger was given, by what he did, and how he was
// refused.
type strangerReport struct {
	Asked       int
	Got, Errors map[string]int
	Names       []string // of the root
	Cached      int      // names that the kernel had found for others, which lead to nothing
}

var allNodes = []string{"cmdline", "dbregs", "etype", "fpregs", "map", "mem", "note", "notepg", "regs", "rlimit", "status", "osrel", "file", "exe"}

// helperStranger: DIRECTORY and numbers of processes that are to be asked
// about. HELD is the number of descriptors that are given from 3 on.
func helperStranger() {
	dir := os.Args[1]
	switch mode := os.Getenv("MODE"); mode {
	case "deeper":
		strangerBelow(unix.CLONE_NEWPID)
		return
	case "userdeeper": // who may not make process ids alone
		strangerBelow(unix.CLONE_NEWPID | unix.CLONE_NEWUSER)
		return
	case "bound":
		must(unix.Mount(dir, "/mnt", "", unix.MS_BIND, ""))
		dir = "/mnt"
	}
	r := &strangerReport{Got: map[string]int{}, Errors: map[string]int{}}
	r.root(dir)
	numbers := os.Args[2:]
	if os.Getenv("MODE") != "others" {
		numbers = append(numbers, strconv.Itoa(os.Getpid()), "2", "4194303")
	}
	for _, pid := range numbers {
		r.process(dir, pid)
	}
	for fd := 3; fd < 3+atoiOr0(os.Getenv("HELD")); fd++ {
		r.held(fd)
	}
	out, err := json.Marshal(r)
	must(err)
	os.Stdout.Write(out)
}

// strangerBelow does the same in further namespaces.
func strangerBelow(flags uintptr) {
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Path = "/proc/self/exe"
	cmd.Env = append(os.Environ(), "MODE=")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	for i := range atoiOr0(os.Getenv("HELD")) {
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(3+i), "held"))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	lockThread()
	must(cmd.Run())
}

// note what came of one question; n is how much was given.
func (r *strangerReport) note(what string, n int, err error) {
	r.Asked++
	switch {
	case err != nil:
		r.Errors[errnoText(err)]++
	case n > 0:
		r.Got[what] += n
	}
}

func (r *strangerReport) root(dir string) {
	entries, err := os.ReadDir(dir)
	r.note("entries", len(entries), err)
	for _, e := range entries {
		r.Names = append(r.Names, e.Name())
	}
	for _, name := range []string{"curproc", "self"} {
		link, err := os.Readlink(dir + "/" + name)
		if os.Getenv("MODE") == "others" && link == strconv.Itoa(os.Getpid()) {
			continue // his own
		}
		r.note("read "+name, len(link), err)
	}
	if os.Getenv("MODE") != "others" {
		r.file(dir, "status")
		r.process(dir, "curproc")
	}
}

func (r *strangerReport) process(dir, pid string) {
	entries, err := os.ReadDir(dir + "/" + pid)
	r.note("entries", len(entries), err)
	r.name(unix.AT_FDCWD, dir+"/"+pid)
	for _, node := range allNodes {
		r.note("lstat", 1, unix.Lstat(dir+"/"+pid+"/"+node, new(unix.Stat_t)))
		if node == "file" || node == "exe" {
			link, err := os.Readlink(dir + "/" + pid + "/" + node)
			r.note("read "+node, len(link), err)
			continue
		}
		r.file(dir+"/"+pid, node)
	}
}

// file opens a node, and reads it where that can be done to what is not his.
func (r *strangerReport) file(dir, node string) {
	flags := unix.O_RDONLY
	if strings.HasPrefix(node, "note") {
		flags = unix.O_WRONLY
	}
	fd, err := unix.Open(dir+"/"+node, flags|unix.O_CLOEXEC, 0)
	r.note("open "+node, 1, err)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if node == "mem" || flags == unix.O_WRONLY {
		return // address 0, and signals
	}
	n, err := unix.Pread(fd, make([]byte, 64<<10), 0)
	r.note("read "+node, n, err)
}

// held is a descriptor that somebody else has opened.
func (r *strangerReport) held(fd int) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	if err != nil || st.Ino > 255 { // the root's own tell of nobody
		r.note("held stat", 1, err)
	}
	n, err := unix.Pread(fd, make([]byte, 4096), 0)
	switch err {
	case unix.EISDIR:
		r.heldDirectory(fd)
		return
	case unix.EFAULT: // of mem: it was looked at
		n, err = 1, nil
	}
	r.note("held read", n, err)
}

func (r *strangerReport) heldDirectory(fd int) {
	b := make([]byte, 64<<10)
	n, err := unix.Getdents(fd, b)
	_, _, names := unix.ParseDirent(b[:max(n, 0)], -1, nil)
	r.note("held entries", len(names), err)
	for _, node := range append([]string{os.Args[2], "curproc"}, allNodes...) {
		r.name(fd, node)
	}
}

// name resolves a name and no more. The kernel does that without us where it has
// the name from somebody else's question, but then it must lead to nothing.
func (r *strangerReport) name(dir int, path string) {
	fd, err := unix.Openat(dir, path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		r.note("name", 1, err)
		return
	}
	defer unix.Close(fd)
	r.Cached++
	r.note("name stat", 1, unix.Fstat(fd, new(unix.Stat_t)))
	if !slices.Contains([]string{"curproc", "file", "exe"}, filepath.Base(path)) { // of links the kernel never asks
		r.note("name access", 1, unix.Faccessat2(fd, "", unix.R_OK, unix.AT_EMPTY_PATH))
	}
	if again, err := unix.Openat(fd, ".", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != unix.ENOTDIR {
		r.note("name open", 1, err)
		unix.Close(again)
	}
}
