package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// helperRequests floods a mount with requests that make the daemon borrow our
// ids, until its input ends.
func helperRequests() {
	dir := filepath.Join(os.Args[1], strconv.Itoa(os.Getpid()))
	for range 4 {
		go func() {
			b := make([]byte, 64)
			for {
				fd, err := unix.Open(dir+"/mem", unix.O_RDONLY|unix.O_CLOEXEC, 0)
				must(err)
				unix.Pread(fd, b, int64(uintptr(unsafe.Pointer(&marker))))
				unix.Close(fd)
				unix.Access(dir+"/regs", unix.R_OK)
				os.Readlink(dir + "/file")
			}
		}()
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

// attackFound is what came of the attacks, by name.
type attackFound struct {
	Tries, Hits map[string]int
	Borrowed    int // times that a thread was seen with our id
}

// attacks on a thread; each does nothing where it succeeds, but says so.
var attacks = []struct {
	name string
	try  func(pid, tid int) bool
}{
	{"kill", func(_, tid int) bool { return unix.Kill(tid, 0) == nil }},
	{"tgkill", func(pid, tid int) bool { return unix.Tgkill(pid, tid, 0) == nil }},
	{"rt_sigqueueinfo", func(_, tid int) bool {
		info := queued()
		return called(unix.SYS_RT_SIGQUEUEINFO, uintptr(tid), 0, uintptr(unsafe.Pointer(&info)), 0)
	}},
	{"rt_tgsigqueueinfo", func(pid, tid int) bool {
		info := queued()
		return called(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(pid), uintptr(tid), 0, uintptr(unsafe.Pointer(&info)))
	}},
	{"ptrace", func(_, tid int) bool {
		if ptraceCall(unix.PTRACE_SEIZE, tid) != 0 {
			return false
		}
		ptraceCall(unix.PTRACE_DETACH, tid)
		return true
	}},
	{"setpriority", func(_, tid int) bool { return unix.Setpriority(unix.PRIO_PROCESS, tid, 0) == nil }},
	{"prlimit", func(_, tid int) bool {
		var old unix.Rlimit
		return unix.Prlimit(tid, unix.RLIMIT_CORE, nil, &old) == nil
	}},
	{"sched_setaffinity", func(_, tid int) bool {
		var all unix.CPUSet
		all.Fill()
		return unix.SchedSetaffinity(tid, &all) == nil
	}},
	{"sched_setscheduler", func(_, tid int) bool {
		var priority int32
		return called(unix.SYS_SCHED_SETSCHEDULER, uintptr(tid), 0, uintptr(unsafe.Pointer(&priority)), 0)
	}},
	{"ioprio_set", func(_, tid int) bool {
		const process, bestEffort4 = 1, 2<<13 | 4
		return called(unix.SYS_IOPRIO_SET, process, uintptr(tid), bestEffort4, 0)
	}},
	{"process_vm_readv", func(_, tid int) bool {
		b := make([]byte, 8)
		local := []unix.Iovec{{Base: &b[0], Len: 8}}
		_, err := unix.ProcessVMReadv(tid, local, []unix.RemoteIovec{{Base: 0x400000, Len: 8}}, 0)
		return err == nil || err == unix.EFAULT // got as far as the memory
	}},
	{"mem", func(pid, tid int) bool {
		return openError(fmt.Sprintf("/proc/%d/task/%d/mem", pid, tid), unix.O_RDONLY) == nil
	}},
}

func called(number, a, b, c, d uintptr) bool {
	_, _, errno := unix.Syscall6(number, a, b, c, d, 0, 0)
	return errno == 0
}

// queued is a siginfo as sigqueue(3) makes it.
func queued() (info unix.Siginfo) {
	info.Code = -1 // SI_QUEUE
	return info
}

// helperAttacker: PID TIME and "first" to end once those that must have hit a
// daemon that lends its real id have.
func helperAttacker() {
	pid := atoiOr0(os.Args[1])
	limit, err := time.ParseDuration(os.Args[2])
	must(err)
	lockThread()
	found := attackFound{Tries: map[string]int{}, Hits: map[string]int{}}
	for begun := time.Now(); found.goOn(time.Since(begun), limit); {
		for _, tid := range threadsOf(pid) {
			found.attack(pid, tid)
		}
		if os.Args[3] == "first" && found.Hits["kill"] > 0 && found.Hits["tgkill"] > 0 && found.Hits["rt_sigqueueinfo"] > 0 {
			break
		}
	}
	out, err := json.Marshal(found)
	must(err)
	os.Stdout.Write(out)
}

// borrowedEnough is how often a borrowing thread must have been seen for the
// attacks to mean something. On a busy machine that takes longer.
const borrowedEnough = 10

func (f *attackFound) goOn(so, limit time.Duration) bool {
	return so < limit || f.Borrowed < borrowedEnough && so < 6*limit
}

func threadsOf(pid int) (tids []int) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	must(err)
	for _, e := range entries {
		tids = append(tids, atoiOr0(e.Name()))
	}
	return tids
}

// attack looks whether the thread is a borrower, and tries everything a few
// times, for that does not last.
func (f *attackFound) attack(pid, tid int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/status", pid, tid))
	if _, rest, _ := strings.Cut(string(text), "\nUid:"); len(strings.Fields(rest)) > 1 && strings.Fields(rest)[1] == strconv.Itoa(alice) {
		f.Borrowed++
	}
	for _, a := range attacks {
		for range 20 {
			f.Tries[a.name]++
			if a.try(pid, tid) {
				f.Hits[a.name]++
			}
		}
	}
}
