package provider_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"time"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// Pin a process, and ask about it.
func Example() {
	proc, err := provider.OpenFS("/proc")
	if err != nil {
		log.Fatal(err)
	}
	defer proc.Close()
	p, err := proc.Open(os.Getpid())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	var st provider.Stat
	if err := p.Stat(&st); err != nil {
		log.Fatal(err)
	}
	fmt.Println(st.PID == os.Getpid(), st.PPID == os.Getppid())
	// Output: true true
}

// A captured tree is read by the same code.
func ExampleOpenFS() {
	proc, err := provider.OpenFS("testdata/proc/older419")
	if err != nil {
		log.Fatal(err)
	}
	defer proc.Close()
	pids, err := proc.PIDs(nil)
	if err != nil {
		log.Fatal(err)
	}
	p, err := proc.Open(pids[0])
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	fmt.Println(proc.IsProc(), pids, p.PID())
	// Output: false [914] 914
}

// A walk that skips what ends meanwhile.
func ExampleAll() {
	found := false
	var status provider.Status
	for p, err := range provider.All() {
		if err == nil {
			err = p.Status(&status)
		}
		if errors.Is(err, provider.ErrGone) {
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		found = found || status.TGID == os.Getpid()
	}
	fmt.Println(found)
	// Output: true
}

// Who uses the processor: as in top(1), what each process has used since the
// last look at it.
func ExampleSampler() {
	busy := exec.Command("sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		log.Fatal(err)
	}
	defer busy.Wait()
	defer busy.Process.Kill()

	type watched struct {
		*provider.Sampler
		used uint64 // ticks
	}
	all := map[int]*watched{}
	for p, err := range provider.All() {
		if err != nil {
			continue
		}
		if s, err := p.Sampler(); err == nil {
			defer s.Close()
			all[p.PID()] = &watched{Sampler: s}
		}
	}
	var st provider.Stat
	look := func(w *watched) (since uint64) {
		if err := w.Stat(&st); err != nil { // gone
			return 0
		}
		used := st.UTime + st.STime
		since, w.used = used-w.used, used
		return since
	}
	for _, w := range all {
		look(w)
	}
	for look(all[busy.Process.Pid]) == 0 {
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Println("the busy one has run")
	// Output: the busy one has run
}

// A number that belongs to nobody is "gone", and "does not exist" as well.
func ExampleError() {
	proc, err := provider.OpenFS("/proc")
	if err != nil {
		log.Fatal(err)
	}
	defer proc.Close()
	_, err = proc.Open(1 << 30)
	fmt.Println(err)
	fmt.Println(errors.Is(err, provider.ErrGone), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission))
	// Output:
	// open 1073741824: process is gone
	// true true false
}

// A server asks under the rights of whoever waits for its answer.
func ExampleCaller() {
	proc, err := provider.OpenFS("/proc")
	if err != nil {
		log.Fatal(err)
	}
	defer proc.Close()
	authority, err := provider.NewAuthority(proc)
	if err != nil {
		log.Fatal(err)
	}
	parent, err := proc.Open(os.Getppid())
	if err != nil {
		log.Fatal(err)
	}
	defer parent.Close()
	caller := authority.Caller(os.Getpid(), uint32(os.Getuid()), uint32(os.Getgid()))
	fmt.Println(caller.Present(), caller.InGroup(uint32(os.Getgid())))
	if unixErr := caller.MayAttach(parent); unixErr == nil || errors.Is(unixErr, unix.EACCES) || errors.Is(unixErr, unix.EPERM) {
		fmt.Println("the kernel has decided")
	}
	// Output:
	// true true
	// the kernel has decided
}
