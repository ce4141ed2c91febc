package nodes

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// childMain says its pid, the number of another thread, and obeys.
func childMain(kind string) {
	if kind == "deaf" {
		beDeaf()
	}
	if caps, ok := kindCaps[kind]; ok {
		must(keepCaps(caps))
	}
	tids := make(chan int)
	go func() {
		runtime.LockOSThread()
		tids <- unix.Gettid()
		select {}
	}()
	fmt.Println(unix.Getpid(), <-tids)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println("ok")
		switch word, rest, _ := strings.Cut(in.Text(), " "); word {
		case "leave":
			unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0) // this thread alone
		case "exec":
			must(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
		case "become":
			must(syscall.Exec(rest, []string{rest, "1000"}, nil))
		default:
			fmt.Println(obey(word, rest))
		}
	}
}

// obey does what has an answer of one line.
func obey(word, rest string) string {
	switch word {
	case "kill":
		var pid, sig int
		fmt.Sscan(rest, &pid, &sig)
		return fmt.Sprint(unix.Kill(pid, unix.Signal(sig)) == nil)
	case "mem":
		fd, err := unix.Open("/proc/"+rest+"/mem", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		return fmt.Sprint(err == nil)
	case "ids":
		var r, e, s int
		fmt.Sscan(rest, &r, &e, &s)
		must(unix.Setresgid(r, e, s))
		must(unix.Setresuid(r, e, s))
		return fmt.Sprint(unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0))
	case "groups":
		var groups []int
		for _, word := range strings.Fields(rest) {
			groups = append(groups, atoi(word))
		}
		return fmt.Sprint(unix.Setgroups(groups))
	case "sandbox":
		return fmt.Sprint(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	case "undumpable":
		return fmt.Sprint(unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
	case "heard":
		return heard()
	case "map":
		var n int
		fmt.Sscan(rest, &n)
		return fmt.Sprint(mapPages(n))
	}
	return "what?"
}

// mapPages makes n mappings of a page each, by turns of a file and anonymous.
func mapPages(n int) error {
	file, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	for i := 0; i < n && err == nil; i++ {
		fd, flags := file, unix.MAP_PRIVATE|unix.MAP_POPULATE
		if i%2 == 0 {
			fd, flags = -1, flags|unix.MAP_ANONYMOUS
		}
		_, err = unix.MmapPtr(fd, 0, nil, uintptr(os.Getpagesize()), unix.PROT_READ|unix.PROT_WRITE, flags)
	}
	return err
}

// heardSignals are those that wait in the deaf.
var heardSignals = []unix.Signal{unix.SIGUSR1, unix.SIGUSR2, 40}

func heardSet() (set unix.Sigset_t) {
	for _, sig := range heardSignals {
		set.Val[0] |= 1 << (sig - 1)
	}
	return set
}

// beDeaf blocks signals in every thread to come: an image begins with the mask
// of the thread that executed it.
func beDeaf() {
	set := heardSet()
	must(unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil))
	must(os.Setenv(childEnv, "plain"))
	must(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
}

// heard takes the signals that wait: number, code, and who sent each.
func heard() string {
	set := heardSet()
	fd, err := unix.Signalfd(-1, &set, unix.SFD_NONBLOCK|unix.SFD_CLOEXEC)
	must(err)
	defer unix.Close(fd)
	var all []string
	for {
		var info unix.SignalfdSiginfo
		b := unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info))
		if n, err := unix.Read(fd, b); err != nil || n != len(b) {
			return strings.Join(all, " ")
		}
		all = append(all, fmt.Sprintf("%d/%d/%d/%d", info.Signo, info.Code, info.Pid, info.Uid))
	}
}

func atoi(word string) int {
	n, err := strconv.Atoi(word)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// kindCaps are the capabilities of root's children that do not have all.
var kindCaps = map[string]uint32{
	"bare":    0,
	"ptracer": 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_DAC_OVERRIDE,
	"killer":  1 << unix.CAP_KILL,
}

func keepCaps(caps uint32) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	data[0].Effective, data[0].Permitted = caps, caps
	return unix.Capset(&header, &data[0])
}
