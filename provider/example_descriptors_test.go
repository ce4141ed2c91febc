package provider_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"slices"

	"github.com/procfsd/procfsd/provider"
)

// The open descriptors of oneself: here a pipe and what is written to it.
func ExampleProcess_FDs() {
	self, err := provider.Self()
	if err != nil {
		log.Fatal(err)
	}
	defer self.Close()
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for fd, err := range self.FDs() {
		if errors.Is(err, fs.ErrNotExist) { // closed meanwhile
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		switch fd.N {
		case int(r.Fd()):
			fmt.Println("read from", fd.Target.Kind, fd.Mode)
		case int(w.Fd()):
			fmt.Println("write to", fd.Target.Kind, fd.Mode)
		}
	}
	// Output:
	// read from pipe r-x
	// write to pipe -wx
}

// What the kernel tells of a file that is open.
func ExampleProcess_FDInfo() {
	self, err := provider.Self()
	if err != nil {
		log.Fatal(err)
	}
	defer self.Close()
	f, err := os.Open("/dev/null")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	info, err := self.FDInfo(int(f.Fd()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Pos, info.Flags.Access() == os.O_RDONLY, info.Flags.Has(os.O_APPEND))
	// Output: 0 true false
}

// Namespaces that a process shares with us.
func ExampleProcess_Namespaces() {
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		log.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	p, err := provider.Open(child.Process.Pid)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	self, err := provider.Self()
	if err != nil {
		log.Fatal(err)
	}
	defer self.Close()
	ours, err := self.NamespaceMap()
	if err != nil {
		log.Fatal(err)
	}
	for ns, err := range p.Namespaces() {
		if err != nil {
			log.Fatal(err)
		}
		if ns.Name == "mnt" || ns.Name == "pid" {
			fmt.Println(ns.Name, ours[ns.Name] == ns.Namespace)
		}
	}
	// Unordered output:
	// mnt true
	// pid true
}

// A process tree out of one walk: who is below us.
func ExampleAll_tree() {
	child := exec.Command("sh", "-c", "sleep 1000 & wait")
	if err := child.Start(); err != nil {
		log.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()

	tree := func() map[int][]int {
		children := make(map[int][]int)
		var stat provider.Stat
		for p, err := range provider.All() {
			if err == nil {
				err = p.Stat(&stat)
			}
			if errors.Is(err, provider.ErrGone) {
				continue
			}
			if err != nil {
				log.Fatal(err)
			}
			children[stat.PPID] = append(children[stat.PPID], stat.PID)
		}
		return children
	}
	children := tree()
	for len(children[child.Process.Pid]) == 0 { // the shell is still starting it
		children = tree()
	}
	grandchild := children[child.Process.Pid][0]
	fmt.Println(slices.Contains(children[os.Getpid()], child.Process.Pid), len(children[grandchild]))

	p, err := provider.Open(grandchild)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	var stat provider.Stat
	if err := p.Stat(&stat); err != nil {
		log.Fatal(err)
	}
	fmt.Println(stat.PPID == child.Process.Pid, p.Signal(9))
	// Output:
	// true 0
	// true <nil>
}
