package provider_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"

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

// A walk that skips what ends meanwhile, and holds one descriptor at a time.
func ExampleFS_PIDs() {
	proc, err := provider.OpenFS("/proc")
	if err != nil {
		log.Fatal(err)
	}
	defer proc.Close()
	pids, err := proc.PIDs(nil)
	if err != nil {
		log.Fatal(err)
	}
	found := false
	var status provider.Status
	for _, pid := range pids {
		p, err := proc.Open(pid)
		if err == nil {
			err = p.Status(&status)
			p.Close()
		}
		if errors.Is(err, provider.ErrGone) {
			continue
		}
		found = found || status.TGID == os.Getpid()
	}
	fmt.Println(found)
	// Output: true
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
