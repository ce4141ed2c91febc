package main

import (
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// preflight finds what would make the mount fail and names the remedy. The
// kernel's own answer to a mount is one errno for twenty causes.
func preflight(cfg mountConfig) error {
	if err := checkRights(cfg.Mountpoint); err != nil {
		return err
	}
	if err := checkMountpoint(cfg.Mountpoint); err != nil {
		return err
	}
	if err := checkDevice("/dev/fuse"); err != nil {
		return err
	}
	return checkProc(cfg.Options.Proc)
}

// answerDeadline is for what is mounted on the mountpoint already.
const answerDeadline = 5 * time.Second

// checkAnswers: a daemon that is stopped or stuck, with its mount where ours
// shall be, would keep us for ever. Whatever else is wrong others find.
func checkAnswers(dir string) error {
	if answered, _ := statPatiently(dir); !answered {
		return failf(exitMount, "mountpoint %s: what is mounted there does not answer within %v: end its daemon (fuser -vm %s, kill -9), or umount -l %s", dir, answerDeadline, dir, dir)
	}
	return nil
}

// statPatiently gives stat's error, or up.
func statPatiently(dir string) (answered bool, err error) {
	done := make(chan error, 1)
	go func() {
		var st unix.Stat_t
		done <- unix.Stat(dir, &st)
	}()
	select {
	case err := <-done:
		return true, err
	case <-time.After(answerDeadline):
		return false, nil
	}
}

func checkMountpoint(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		return failf(exitMount, "mountpoint %s does not exist: create it (mkdir -p %s)", dir, dir)
	case errors.Is(err, iofs.ErrPermission):
		return failf(exitMount, "mountpoint %s is not accessible to you: run as a user who may enter it", dir)
	case err != nil:
		return failf(exitMount, "mountpoint %s: %w", dir, errno(err))
	case !info.IsDir():
		return failf(exitMount, "mountpoint %s is not a directory: name a directory", dir)
	}
	return nil
}

func checkRights(dir string) error {
	now, err := readCaps()
	if err != nil {
		return failf(exitSystem, "read my capabilities: %w", err)
	}
	if !now.effective.has(unix.CAP_SYS_ADMIN) && os.Geteuid() == 0 {
		return failf(exitMount, "no permission to mount on %s: this root lacks CAP_SYS_ADMIN: give it (in a container --cap-add=SYS_ADMIN), or use `procfsd exec -- COMMAND`", dir)
	}
	if !now.effective.has(unix.CAP_SYS_ADMIN) {
		return failf(exitMount, "no permission to mount on %s: run as root (CAP_SYS_ADMIN), or use `procfsd exec -- COMMAND`", dir)
	}
	return nil
}

func checkDevice(device string) error {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch {
	case err == nil:
		return unix.Close(fd)
	case errors.Is(err, unix.EACCES):
		return failf(exitMount, "%s is closed to you%s: ask the administrator for chmod 0666 %s (the udev rule of fuse3), or run as root", device, modeOf(device), device)
	case errors.Is(err, unix.EPERM):
		return failf(exitMount, "%s is forbidden by the device policy of the container: start it with --device %s", device, device)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return failf(exitMount, "%s is missing (%w): load the module (modprobe fuse), in a container start it with --device %s", device, err, device)
	}
	return failf(exitMount, "%s: %w", device, err)
}

func modeOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return " (mode " + info.Mode().Perm().String() + ")"
}

// checkProc: DIR must be the root of a procfs, the only place with a self.
func checkProc(dir string) error {
	if dir == "" {
		return nil
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return failf(exitMount, "mount option \"proc=%s\": %w: name a directory with a procfs mounted on it", dir, err)
	}
	_, err := os.Lstat(filepath.Join(dir, "self"))
	if st.Type != unix.PROC_SUPER_MAGIC || err != nil {
		return failf(exitMount, "mount option \"proc=%s\": not a procfs: name a directory with a procfs mounted on it", dir)
	}
	return nil
}

// errno strips the path that our own message already names.
func errno(err error) error {
	var e unix.Errno
	if errors.As(err, &e) {
		return e
	}
	return err
}
