package tests

import (
	endian "encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// dirent is a directory entry as getdents64(2) gives it.
type dirent struct {
	ino  uint64
	off  int64
	kind byte
	name string
}

// getdents reads on in a directory with a buffer of some size.
func getdents(t testing.TB, fd, size int) []dirent {
	t.Helper()
	b := make([]byte, size)
	n, err := unix.Getdents(fd, b)
	if err != nil {
		t.Fatalf("getdents with %d bytes: %v", size, err)
	}
	var list []dirent
	for b = b[:n]; len(b) > 0; {
		length := endian.NativeEndian.Uint16(b[16:])
		name, _, _ := strings.Cut(string(b[19:length]), "\x00")
		list = append(list, dirent{endian.NativeEndian.Uint64(b), int64(endian.NativeEndian.Uint64(b[8:])), b[18], name})
		b = b[length:]
	}
	return list
}

func allDirents(t testing.TB, path string, size int) []dirent {
	t.Helper()
	fd := openNode(t, path, unix.O_RDONLY|unix.O_DIRECTORY)
	var all []dirent
	for {
		some := getdents(t, fd, size)
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

func TestNamesListing(t *testing.T) {
	d, pids := mount(t), manyProcesses(t, 60)
	for _, size := range []int{32, 48, 80, 200, 1000, 4096, 1 << 20} {
		seen := map[string]int{}
		for _, e := range allDirents(t, d.dir, size) {
			seen[e.name]++
		}
		for name, times := range seen {
			if times != 1 {
				t.Errorf("with %d bytes: %s is listed %d times", size, name, times)
			}
		}
		for _, name := range append(pids, ".", "..", "curproc", "self", "status") {
			if seen[name] != 1 {
				t.Errorf("with %d bytes: %s is listed %d times", size, name, seen[name])
			}
		}
	}
	checkDirents(t, d.path(pids[0]), d.dir)
	checkDirents(t, d.dir, "")
	checkSeek(t, d, pids)
}

// checkDirents: entries agree with what stat(2) says.
func checkDirents(t *testing.T, dir, parent string) {
	t.Helper()
	kinds := map[byte]uint32{unix.DT_DIR: unix.S_IFDIR, unix.DT_REG: unix.S_IFREG, unix.DT_LNK: unix.S_IFLNK}
	compared := 0
	for _, e := range allDirents(t, dir, 4096) {
		path := dir + "/" + e.name
		switch {
		case e.name == ".." && parent == "":
			continue // a mount's root has its parent elsewhere
		case e.name == "..":
			path = parent
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err == unix.ENOENT {
			continue // it has exited
		} else if err != nil || st.Ino != e.ino || st.Mode&unix.S_IFMT != kinds[e.kind] {
			t.Errorf("%s: listed as inode %d, type %d; stat: %d, %#o, %v", path, e.ino, e.kind, st.Ino, st.Mode, err)
		}
		compared++
	}
	if compared < 8 {
		t.Errorf("%s: %d entries only", dir, compared)
	}
}

// checkSeek goes back to the offset of each entry in turn: what follows is
// what followed.
func checkSeek(t *testing.T, d *daemon, pids []string) {
	ours := func(list []dirent) []string {
		var names []string
		for _, e := range list {
			if slices.Contains(pids, e.name) {
				names = append(names, e.name)
			}
		}
		return names
	}
	fd := openNode(t, d.dir, unix.O_RDONLY|unix.O_DIRECTORY)
	all := getdents(t, fd, 1<<20)
	for i, e := range all {
		if _, err := unix.Seek(fd, e.off, unix.SEEK_SET); err != nil {
			t.Fatal(err)
		}
		if got, want := ours(getdents(t, fd, 1<<20)), ours(all[i+1:]); !slices.Equal(got, want) {
			t.Fatalf("after seeking behind %s: %q, want %q", e.name, got, want)
		}
	}
}

// manyProcesses that do nothing, by name.
func manyProcesses(t *testing.T, n int) []string {
	var names []string
	for range n {
		cmd := sleeper(t)
		names = append(names, fmt.Sprint(cmd.Process.Pid))
	}
	return names
}
