package provider_test

import (
	"fmt"
	"log"
	"os"

	"github.com/procfsd/procfsd/provider"
)

// What is mounted where a process sees it, with all that the kernel escapes.
func ExampleProcess_Mountinfo() {
	proc, err := provider.OpenFS("testdata/proc/plain") // a captured tree
	if err != nil {
		log.Fatal(err)
	}
	defer proc.Close()
	p, err := proc.Open(25231)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	mounts, err := p.Mountinfo()
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range mounts {
		switch m.FSType {
		case "proc", "overlay":
			fmt.Printf("%q on %q: lower directories %q\n", m.Source, m.MountPoint, m.SuperOptions.Values("lowerdir+"))
		case "tmpfs":
			if size, ok := m.SuperOptions.Get("size"); ok && size == "4k" {
				fmt.Printf("%q on %q\n", m.Source, m.MountPoint)
			}
		}
	}
	// Output:
	// "unavailable" on "/usr/local/python"
	// "proc" on "/proc": lower directories []
	// "src #x" on "/mnt/a b\tc\\d#e"
	// "over lay" on "/mnt/m": lower directories ["/mnt/l1" "/mnt/l,2"]
}

// The mount that holds /proc, without a copy of the whole table.
func ExampleProcess_MountLines() {
	self, err := provider.Open(os.Getpid())
	if err != nil {
		log.Fatal(err)
	}
	defer self.Close()
	found := false
	for m, err := range self.MountLines() {
		if err != nil {
			log.Fatal(err)
		}
		found = found || string(m.MountPoint) == "/proc" && string(m.FSType) == "proc"
	}
	fmt.Println(found)
	// Output: true
}

func ExampleParseCgroup() {
	list, err := provider.ParseCgroup([]byte("4:cpu,cpuacct:/jobs\n1:name=systemd:/user.slice\n0::/user.slice/job:7 (deleted)\n"))
	if err != nil {
		log.Fatal(err)
	}
	path, _ := list.V2()
	fmt.Println(path)
	fmt.Println(list.Controller("cpuacct").Path, list.Named("systemd").Path)
	// Output:
	// /user.slice/job:7 (deleted)
	// /jobs /user.slice
}

func ExampleIDMap() {
	users := provider.IDMap{{Inside: 0, Outside: 1000, Count: 1}, {Inside: 1, Outside: 100000, Count: 65536}}
	outside, ok := users.ToOutside(33)
	fmt.Println(outside, ok)
	inside, ok := users.ToInside(1000)
	fmt.Println(inside, ok)
	_, ok = users.ToOutside(99999)
	fmt.Println(ok)
	// Output:
	// 100032 true
	// 0 true
	// false
}
