package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const mountTable = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /mnt/with\040blank\134and\011tab rw,nosuid,nodev shared:7 master:2 - fuse.procfsd none rw,user_id=0
41 40 0:36 / /mnt/x rw - fuse.sshfs host:/ rw
42 22 0:37 / /mnt/x rw - fuse.foo x rw
`

func TestOurMount(t *testing.T) {
	for _, c := range []struct {
		id            int
		subtype, want string
	}{
		{40, "procfsd", "/mnt/with blank\\and\ttab"},
		{40, "foo", "/mnt/with blank\\and\ttab"},
		{42, "foo", "/mnt/x"},
	} {
		got, err := mountIn(strings.NewReader(mountTable), c.id)
		if err != nil || got.Mountpoint != c.want || ours(got, c.subtype) != nil {
			t.Errorf("mount %d: %+v, %v; want %q", c.id, got, err, c.want)
		}
	}
}

// What is not ours is named and left alone.
func TestNotOurMount(t *testing.T) {
	for id, want := range map[int]string{22: "ext4", 41: "fuse.sshfs", 42: "fuse.foo"} {
		got, err := mountIn(strings.NewReader(mountTable), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := ours(got, "procfsd"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("mount %d: %v; want an error with %q", id, err, want)
		}
	}
	if got, err := mountIn(strings.NewReader(mountTable), 7); got != nil || err == nil || !strings.Contains(err.Error(), "not in the mount table") {
		t.Errorf("no such mount: %v, %v", got, err)
	}
}

// A directory and its root have the same mount, as the kernel's table says.
func TestMountIDFollowsLinks(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/proc", link); err != nil {
		t.Fatal(err)
	}
	proc, err := openProc()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(proc)
	fd, err := unix.Open(link, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	id, err := mountID(proc, fd)
	if err != nil {
		t.Fatal(err)
	}
	table, err := readAt(proc, "self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains("\n"+string(table), "\n"+strconv.Itoa(id)+" ") {
		t.Errorf("mount %d of %s is not in\n%s", id, link, table)
	}
}

func TestDetachStaleLeavesTheLivingAlone(t *testing.T) {
	for _, dir := range []string{t.TempDir(), "/", "/nonexistent"} {
		if err := detachStale(dir, "procfsd"); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if err := checkMountpoint("/nonexistent"); exitCode(err) != exitMount || errors.Is(err, unix.ENOTCONN) {
		t.Errorf("missing mountpoint: %v", err)
	}
}
