package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The operations of the matrix: each once natively, and once on the mount.

// trial is one operation on one node.
type trial struct {
	node, op     string
	native, ours func(v *side) bool
	settle       bool // depends on what the target does just now
}

// side is a target seen in one of the trees: its directory there.
type side struct {
	target
	dir string
}

func (s *side) path(node string) string { return filepath.Join(s.dir, node) }

// helperMatrix tries everything on each target, and on itself.
func helperMatrix() {
	switch os.Getenv("MODE") {
	case "userns":
		inUserNamespace(alice, syscall.SysProcAttr{})
		return
	case "usernsroot":
		inUserNamespace(0, syscall.SysProcAttr{})
		return
	case "nnp":
		execAfter(setNoNewPrivs)
	case "uncapable":
		execAfter(dropCapabilities)
	case "landlock":
		execAfter(enterLandlock)
	}
	lockThread()
	mount := os.Args[1]
	for _, arg := range os.Args[2:] {
		var v target
		must(json.Unmarshal([]byte(arg), &v))
		tryTarget(v, mount)
	}
	link, err := os.Readlink("/proc/self") // the number that /proc knows us by
	must(err)
	pid, err := strconv.Atoi(link)
	must(err)
	tryTarget(target{Name: "self", PID: pid, Address: uintptr(unsafe.Pointer(&marker)), Own: true}, mount)
	for _, a := range rootTrials {
		a.run("-", &side{target{PID: pid}, "/proc"}, &side{target{PID: pid}, mount})
	}
}

func tryTarget(v target, mount string) {
	number := strconv.Itoa(v.PID)
	theirs, ours := &side{v, filepath.Join("/proc", number)}, &side{v, filepath.Join(mount, number)}
	for _, a := range trials {
		if v.Name == "self" && (a.node == "wchan" || a.node == "osrel" && a.op == "read") {
			continue // it runs, while it looks; nobody has written its osrel
		}
		a.run(v.Name, theirs, ours)
	}
}

// run asks the kernel before and after us: a target may change in between.
func (a *trial) run(name string, theirs, ours *side) {
	before := a.native(theirs)
	got := a.ours(ours)
	granted := before
	for tries := 0; granted != got && tries < 8; tries++ {
		after := a.native(theirs)
		if granted = after; granted == got || !a.settle {
			break
		}
		time.Sleep(2 * time.Millisecond)
		got = a.ours(ours)
	}
	fmt.Println(name, a.node, a.op, granted, got)
}

// modes of opening.
var modes = []struct {
	op    string
	flags int
}{{"open-r", unix.O_RDONLY}, {"open-w", unix.O_WRONLY}, {"open-rw", unix.O_RDWR}}

var trials = func() []trial {
	var all []trial
	add := func(node, op string, native, ours func(*side) bool) {
		all = append(all, trial{node: node, op: op, native: native, ours: ours})
	}
	// What everybody may read, and nobody write though root may open it so.
	for node, file := range map[string]string{"cmdline": "cmdline", "rlimit": "limits", "status": "status"} {
		add(node, "lookup", finds(file), finds(node))
		add(node, "read", reads(file), reads(node))
		add(node, "write", writes(file), writes(node))
		for _, m := range modes {
			add(node, m.op, opens(file, m.flags), opens(node, m.flags))
		}
	}
	// etype opens for everybody, and keeps what it found for those that may open the executable.
	add("etype", "lookup", finds("exe"), finds("etype"))
	add("etype", "read", opens("exe", unix.O_RDONLY), contains("etype", "Linux ELF"))
	add("etype", "write", writes("status"), writes("etype"))
	// map: smaps, but for those that have no memory.
	add("map", "lookup", finds("smaps"), finds("map"))
	add("map", "read", reads("smaps"), reads("map"))
	add("map", "write", writes("smaps"), writes("map"))
	for _, m := range modes {
		add("etype", m.op, opens("status", m.flags), opens("etype", m.flags))
		add("map", m.op, both(hasMemory, opens("smaps", m.flags)), opens("map", m.flags))
	}
	for _, node := range []string{"file", "exe"} {
		add(node, "lookup", finds("exe"), finds(node))
		add(node, "read", links("exe"), links(node))
		add(node, "write", writes("exe"), writes(node))
		for _, m := range modes {
			add(node, m.op, opens("exe", m.flags), follows(node, m.flags))
		}
	}
	// Those that only they see who may attach.
	gate := both(hasMemory, opens("mem", unix.O_RDONLY))
	for _, node := range []string{"mem", "osrel", "regs", "fpregs", "dbregs", "note", "notepg"} {
		add(node, "lookup", gate, finds(node))
	}
	for _, m := range modes {
		add("mem", m.op, both(hasMemory, opens("mem", m.flags)), opens("mem", m.flags))
		add("osrel", m.op, gate, opens("osrel", m.flags))
		for _, node := range []string{"regs", "fpregs", "dbregs"} {
			add(node, m.op, gate, opens(node, m.flags))
		}
		for _, node := range []string{"note", "notepg"} { // mode 0200
			may := both(gate, mayKill)
			if m.flags != unix.O_WRONLY {
				may = both(may, overrides)
			}
			add(node, m.op, may, opens(node, m.flags))
		}
	}
	add("mem", "read", readsMarker, readsMarker)
	add("mem", "write", writesMarker, writesMarker)
	add("osrel", "read", both(gate, links("exe")), contains("osrel", osrelMark))
	add("osrel", "write", both(gate, links("exe")), says("osrel", osrelMark))
	for _, node := range []string{"note", "notepg"} {
		add(node, "read", never, reads(node))
	}
	add("note", "write", both(gate, mayKill), says("note", "0"))
	add("notepg", "write", both(gate, both(mayKill, mayKillGroup)), says("notepg", "0"))
	settled := func(node, op string, native, ours func(*side) bool) {
		all = append(all, trial{node, op, native, ours, true})
	}
	for _, node := range []string{"regs", "fpregs", "dbregs"} {
		settled(node, "read", both(gate, mayTrace), func(s *side) bool { return len(registersOf(s, node)) > 0 })
		settled(node, "write", both(gate, mayTrace), func(s *side) bool { return rewrites(s, node) })
	}
	settled("wchan", "read", sleepsHere, showsChannel)
	return all
}()

// rootTrials are of the nodes beside the processes.
var rootTrials = func() []trial {
	var all []trial
	add := func(node, op string, native, ours func(*side) bool) {
		all = append(all, trial{node: node, op: op, native: native, ours: ours})
	}
	add("status", "lookup", finds("stat"), finds("status"))
	add("status", "read", func(s *side) bool { return finds(strconv.Itoa(s.PID))(s) }, func(s *side) bool {
		b, err := os.ReadFile(s.path("status"))
		return err == nil && bytes.Contains(b, fmt.Appendf(nil, " %d ", s.PID))
	})
	add("status", "write", never, writes("status"))
	for _, m := range modes {
		add("status", m.op, opens("stat", m.flags), opens("status", m.flags))
	}
	for _, node := range []string{"curproc", "self"} {
		add(node, "lookup", finds("self"), finds(node))
		add(node, "read", links("self"), links(node))
		add(node, "write", never, writes(node))
		for _, m := range modes {
			add(node, m.op, opens("self", m.flags), opens(node, m.flags))
		}
	}
	for i := range all { // apart from a process's own
		if all[i].node == "status" {
			all[i].node = "root-status"
		}
	}
	return all
}()

func never(*side) bool { return false }

func both(a, b func(*side) bool) func(*side) bool {
	return func(s *side) bool { return a(s) && b(s) }
}

// hasMemory: some kernels open the memory of what has none, and read nothing.
func hasMemory(s *side) bool {
	b, err := os.ReadFile(s.path("statm"))
	return err == nil && !strings.HasPrefix(string(b), "0 ")
}

func finds(node string) func(*side) bool {
	return func(s *side) bool {
		_, err := os.Lstat(s.path(node))
		return err == nil
	}
}

func reads(node string) func(*side) bool {
	return func(s *side) bool {
		b, err := os.ReadFile(s.path(node))
		return err == nil && (len(b) > 0 || node != "smaps")
	}
}

func contains(node, text string) func(*side) bool {
	return func(s *side) bool {
		b, err := os.ReadFile(s.path(node))
		return err == nil && strings.Contains(string(b), text)
	}
}

func links(node string) func(*side) bool {
	return func(s *side) bool {
		_, err := os.Readlink(s.path(node))
		return err == nil
	}
}

func opens(node string, flags int) func(*side) bool {
	return func(s *side) bool { return openError(s.path(node), flags) == nil }
}

func openError(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// follows opens what our link names, a path and no more: a name that does not
// exist for us, as that of another root, is nobody's refusal.
func follows(node string, flags int) func(*side) bool {
	return func(s *side) bool {
		err := openError(s.path(node), flags)
		if err == unix.ENOENT && links(node)(s) {
			return openError(filepath.Join("/proc", strconv.Itoa(s.PID), "exe"), flags) == nil
		}
		return err == nil
	}
}

// writes something that no file takes, unless it is open to writing at all.
func writes(node string) func(*side) bool { return says(node, "x") }

func says(node, text string) func(*side) bool {
	return func(s *side) bool {
		f, err := os.OpenFile(s.path(node), os.O_WRONLY, 0)
		if err != nil {
			return false
		}
		defer f.Close()
		n, err := io.WriteString(f, text)
		return err == nil && n == len(text)
	}
}
