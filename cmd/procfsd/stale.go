package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// staleLimit bounds how many dead mounts on top of each other we take away.
const staleLimit = 16

// detachStale takes away what a killed daemon of ours left on dir: a mount of
// type fuse.procfsd or fuse.SUBTYPE that answers ENOTCONN ("Transport endpoint is not connected"). Mounts of
// others stay, with an error.
func detachStale(dir, subtype string) error {
	for range staleLimit {
		if !isStale(dir) {
			return nil
		}
		if err := detachOne(dir, subtype); err != nil {
			return failf(exitMount, "mountpoint %s is a dead mount (Transport endpoint is not connected): %w: umount -l %s", dir, err, dir)
		}
	}
	return nil
}

// isStale: a daemon that is just dying answers with ECONNABORTED instead.
func isStale(dir string) bool {
	_, err := statPatiently(dir)
	return errors.Is(err, unix.ENOTCONN) || errors.Is(err, unix.ECONNABORTED)
}

// detachOne unmounts the topmost mount on dir if it is ours.
func detachOne(dir, subtype string) error {
	mount, err := mountOf(dir)
	if err != nil {
		return fmt.Errorf("cannot tell whose: %w", err)
	}
	if err := ours(mount, subtype); err != nil {
		return err
	}
	if err := unix.Unmount(mount.Mountpoint, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
		return fmt.Errorf("cannot detach it: %w", err)
	}
	return nil
}

func ours(mount *mountinfo.Info, subtype string) error {
	if types := []string{"fuse.procfsd", "fuse." + subtype}; !slices.Contains(types, mount.FSType) {
		return fmt.Errorf("it is not procfsd's but of type %s, unmount it first", mount.FSType)
	}
	return nil
}

// mountOf finds the mount that dir lies on, through a descriptor: the path may
// hold symbolic links. O_PATH does not ask the file system anything.
func mountOf(dir string) (*mountinfo.Info, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return mountAt(fd)
}

// mountAt finds the mount of a descriptor in the mount table, by its number.
func mountAt(fd int) (*mountinfo.Info, error) {
	proc, err := openProc()
	if err != nil {
		return nil, fmt.Errorf("no /proc: %w", err)
	}
	defer unix.Close(proc)
	id, err := mountID(proc, fd)
	if err != nil {
		return nil, err
	}
	table, err := readAt(proc, "self/mountinfo")
	if err != nil {
		return nil, err
	}
	return mountIn(bytes.NewReader(table), id)
}

// mountIn is mount id in a mountinfo table.
func mountIn(table io.Reader, id int) (*mountinfo.Info, error) {
	list, err := mountinfo.GetMountsFromReader(table, func(i *mountinfo.Info) (skip, stop bool) {
		return i.ID != id, i.ID == id
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read the mount table: %w", err)
	case len(list) == 0:
		return nil, errors.New("it is not in the mount table")
	}
	return list[0], nil
}

// mountID is the number of the mount that a descriptor lies on.
func mountID(proc, fd int) (int, error) {
	info, err := readAt(proc, "self/fdinfo/"+strconv.Itoa(fd))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(info)) {
		if value, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			return strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return 0, errors.New("the kernel does not name its mount")
}

// openProc opens a procfs of our own, for the dead mount may be on /proc; where
// the kernel makes none (user namespaces), /proc itself.
func openProc() (int, error) {
	fd, err := newProc()
	if err == nil {
		return fd, nil
	}
	return unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

func newProc() (int, error) {
	context, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(context)
	if err := unix.FsconfigCreate(context); err != nil {
		return -1, err
	}
	return unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, 0)
}

func readAt(dir int, path string) ([]byte, error) {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	return io.ReadAll(file)
}
