package provider_test

import (
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"

	"github.com/procfsd/procfsd/provider"
	"golang.org/x/sys/unix"
)

// Which of the sockets that listen are our own: those of the table with the
// inodes of our descriptors.
func ExampleTask_InetSockets() {
	port, fd := listenSomewhere()
	defer unix.Close(fd)
	self, err := provider.Self()
	if err != nil {
		log.Fatal(err)
	}
	defer self.Close()
	for socket, err := range self.InetSockets(provider.TableTCP) {
		if err != nil {
			log.Fatal(err)
		}
		if socket.State == provider.TCPListen && slices.Contains(links(), "socket:["+strconv.FormatUint(socket.Inode, 10)+"]") {
			fmt.Println(socket.State, socket.Local.Addr(), socket.Local.Port() == port)
		}
	}
	// Output: LISTEN 127.0.0.1 true
}

// listenSomewhere opens a socket at a free port.
func listenSomewhere() (port uint16, fd int) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, 1)
	}
	if err != nil {
		log.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		log.Fatal(err)
	}
	return uint16(name.(*unix.SockaddrInet4).Port), fd
}

// links are the targets of our descriptors.
func links() (targets []string) {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		log.Fatal(err)
	}
	for _, fd := range all {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil {
			targets = append(targets, target)
		}
	}
	return targets
}

// The counters of a captured text, by name and by group.
func ExampleParseNetstat() {
	text := []byte("TcpExt: ListenOverflows ListenDrops\nTcpExt: 3 4\nIpExt: InOctets OutOctets\nIpExt: 1000 2000\n")
	stat, err := provider.ParseNetstat(text)
	if err != nil {
		log.Fatal(err)
	}
	drops, ok := stat.Get("TcpExt", "ListenDrops")
	fmt.Println(drops, ok)
	for name, value := range stat.Group("IpExt") {
		fmt.Println(name, value)
	}
	// Output:
	// 4 true
	// InOctets 1000
	// OutOctets 2000
}
