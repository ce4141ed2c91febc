package tests

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// lentNodes are those whose open files carry the rights of who opened them.
var lentNodes = []string{"map", "mem", "osrel", "regs", "fpregs", "dbregs", "note", "notepg"}

// borrowers get a descriptor of somebody else's. Some are the lender by their
// ids, with lesser rights: of a map, as natively, the ids decide.
var borrowers = []struct {
	name string
	as   func(*exec.Cmd) *exec.Cmd
	ids  string // of which lender
}{
	{"alice", asAlice, "alice"},
	{"bob", func(c *exec.Cmd) *exec.Cmd { return as(c, bob, bob) }, ""},
	{"alice of bob's group", func(c *exec.Cmd) *exec.Cmd { return as(c, alice, bob) }, ""},
	{"root", asRoot, "root"},
	{"root without capabilities", mode("uncapable"), "root"},
	{"set-uid root, run by alice", asAlice, ""},
	{"root of alice's user namespace", func(c *exec.Cmd) *exec.Cmd { return mode("usernsroot")(asAlice(c)) }, "alice"},
	{"alice in another pid namespace", func(c *exec.Cmd) *exec.Cmd { return inPIDs(asAlice(c)) }, ""},
}

// trustLent: A opens every node that carries rights on a stopped process of
// alice's, and hands the descriptors to B, who is the same user or another.
func trustLent(t *testing.T, s *trustRun) {
	d := mount(t)
	victim := asAlice(public(t, helper(t, "victim")))
	victim.SysProcAttr.Setpgid = true
	var v target
	if _, err := fmt.Sscan(start(t, victim), &v.PID, &v.Address); err != nil {
		t.Fatal(err)
	}
	stopVictim(t, v.PID)
	setuid := copyOfTest(t, privateTmpfs(t), 0o755|os.ModeSetuid)
	tries, refused, granted := 0, 0, 0
	for range forSoak(1, 20) {
		for _, lender := range []string{"alice", "root"} {
			for _, b := range borrowers {
				cmd := b.as(public(t, helper(t, "borrower", append([]string{fmt.Sprint(v.Address)}, lentNodes...)...)))
				if strings.HasPrefix(b.name, "set-uid") {
					cmd.Path = setuid
				}
				given := borrow(t, d, v.PID, lender, cmd)
				if lender == b.name {
					granted += wantGranted(t, lender, given)
				} else {
					all, no := wantBorrowerRefused(t, lender+" to "+b.name, given, lender == b.ids)
					tries, refused = tries+all, refused+no
				}
				wantIntact(t, lender+" to "+b.name, &v, lender == b.name)
			}
		}
	}
	s.figure("%d of %d uses by another refused, %d by another process of the opener's granted", refused, tries, granted)
}

// borrow has a lender open the nodes, and a borrower use them.
func borrow(t *testing.T, d *daemon, pid int, lender string, cmd *exec.Cmd) []string {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	var paths []string
	for _, node := range lentNodes {
		paths = append(paths, d.path(pid, node))
	}
	from := public(t, helper(t, "lender", paths...))
	if lender == "alice" {
		asAlice(from)
	}
	from.ExtraFiles = []*os.File{theirs}
	if err := from.Run(); err != nil {
		t.Fatalf("lender %s: %v", lender, err)
	}
	cmd.ExtraFiles = received(t, ours, len(paths))
	defer func() {
		for _, f := range cmd.ExtraFiles {
			f.Close()
		}
	}()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("borrower: %v\n%s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// received are the files that came over a socket.
func received(t *testing.T, socket *os.File, n int) (files []*os.File) {
	t.Helper()
	conn, err := net.FileConn(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	room := make([]byte, unix.CmsgSpace(4*n))
	_, used, _, _, err := conn.(*net.UnixConn).ReadMsgUnix(make([]byte, 1), room)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := unix.ParseSocketControlMessage(room[:used])
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != n {
		t.Fatalf("%d of %d descriptors, %v", len(fds), n, err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		files = append(files, os.NewFile(uintptr(fd), "lent"))
	}
	return files
}

// wantGranted: to the opener's own every use is granted that the node has.
func wantGranted(t *testing.T, who string, lines []string) (n int) {
	t.Helper()
	for i, line := range lines {
		f := strings.Fields(line)
		want := []string{lentNodes[i], "ok", "ok"}
		switch lentNodes[i] {
		case "map":
			want[2] = "EBADF"
		case "note", "notepg":
			want[1] = "EBADF"
		}
		if len(lines) != len(lentNodes) || len(f) != 4 || !slices.Equal(f[:3], want) {
			t.Errorf("%s, to another process of the same user: %q, want %q", who, line, want)
		}
		n += strings.Count(line, " ok")
	}
	return n
}

// wantBorrowerRefused: neither read nor written, nor opened again by a user who may not.
func wantBorrowerRefused(t *testing.T, who string, lines []string, sameIDs bool) (tries, refused int) {
	t.Helper()
	if len(lines) != len(lentNodes) {
		t.Fatalf("%s: %q", who, lines)
	}
	for i, line := range lines {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] != lentNodes[i] {
			t.Fatalf("%s: %q", who, line)
		}
		for _, errno := range f[1:3] {
			switch {
			case errno == "EBADF" && (f[0] == "map" || strings.HasPrefix(f[0], "note")): // not for that, whoever asks
			case errno == "ok" && f[0] == "map" && sameIDs:
			case errno != "EACCES" && errno != "ESRCH":
				t.Errorf("%s: %s gives %s for a read, %s for a write", who, f[0], f[1], f[2])
				tries++
			default:
				tries, refused = tries+1, refused+1
			}
		}
		if strings.Contains(who, "to bob") && f[3] != "ENOENT" && f[3] != "EACCES" {
			t.Errorf("%s: %s opens again: %s", who, f[0], f[3])
		}
	}
	return tries, refused
}

// wantIntact: nothing was written, unless it was to be.
func wantIntact(t *testing.T, who string, v *target, written bool) {
	t.Helper()
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", v.PID), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	got := make([]byte, len(marker))
	if _, err := mem.ReadAt(got, int64(v.Address)); err != nil {
		t.Fatal(err)
	}
	if intact := string(got) == string(marker[:]); intact == written {
		t.Errorf("%s: the memory is %q", who, got)
	}
	if _, err := mem.WriteAt(marker[:], int64(v.Address)); err != nil {
		t.Fatal(err)
	}
	if state, err := processState(v.PID); err != nil || state != 'T' {
		t.Errorf("%s: state %c, %v", who, state, err)
	}
}

// helperLender opens nodes and hands them out.
func helperLender() {
	var fds []int
	for _, path := range os.Args[1:] {
		flags := unix.O_RDWR
		switch {
		case strings.HasSuffix(path, "/map"):
			flags = unix.O_RDONLY
		case strings.Contains(path, "/note"):
			flags = unix.O_WRONLY
		}
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
		must(err)
		fds = append(fds, fd)
	}
	must(unix.Sendmsg(3, []byte("!"), unix.UnixRights(fds...), nil, 0))
}

// helperBorrower: ADDRESS NODES...: uses descriptors from 3 on: reads, writes
// back what it has read, or a word of its own, and opens the file once more.
func helperBorrower() {
	switch os.Getenv("MODE") {
	case "uncapable":
		execAfter(dropCapabilities)
	case "usernsroot":
		inUserNamespaceWith(len(os.Args)-2, 0)
		return
	}
	for i, node := range os.Args[2:] {
		fd, offset, word := 3+i, int64(0), "0"
		b := make([]byte, 512)
		if node == "mem" {
			offset, word, b = int64(atoiOr0(os.Args[1])), "lent", b[:4]
		}
		n, read := unix.Pread(fd, b, offset)
		if read == nil && n > 0 && node != "mem" {
			word = string(b[:n])
		}
		_, write := unix.Pwrite(fd, []byte(word), offset)
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		must(err)
		fmt.Println(node, errnoText(read), errnoText(write), errnoText(opened(fmt.Sprintf("/proc/self/fd/%d", fd), flags&unix.O_ACCMODE)))
	}
}

// inUserNamespaceWith is inUserNamespace, for one that inherits files.
func inUserNamespaceWith(files, uid int) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), "MODE=inside")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	for i := range files {
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(3+i), "lent"))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}}}
	lockThread()
	must(cmd.Run())
}
