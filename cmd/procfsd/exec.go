package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// execPrivately mounts in a mount namespace of one thread and starts COMMAND
// from that thread. The daemon hardens itself in its own process, so nothing
// of that reaches COMMAND, which inherits what this thread inherited.
func execPrivately(cfg execConfig) error {
	runtime.LockOSThread() // for good: no other goroutine may run in there
	cwd, cwdErr := unix.Getwd()
	if err := enterMountNamespace(cfg); err != nil {
		return err
	}
	d, err := startDaemon(cfg.mountConfig, true)
	if err != nil {
		return err
	}
	defer d.stop()
	if cwdErr == nil && below(cwd, cfg.Mountpoint) {
		_ = unix.Chdir(cwd) // from what is covered to what covers it, where that has the same name
	}
	if cfg.Inside {
		if err := giveUpNamespace(cfg.Ceiling); err != nil {
			return err
		}
	}
	return runCommand(cfg.Command)
}

// enterMountNamespace moves the calling thread into a mount namespace from
// which nothing propagates. In a chroot / is no mount; then the mountpoint
// itself may be one.
func enterMountNamespace(cfg execConfig) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return noNamespace(cfg, "make a mount namespace", err)
	}
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if errors.Is(err, unix.EINVAL) {
		err = unix.Mount("", cfg.Mountpoint, "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	if err != nil {
		return noNamespace(cfg, "make the mounts private", err)
	}
	return nil
}

func noNamespace(cfg execConfig, what string, err error) error {
	if missing := checkMountpoint(cfg.Mountpoint); missing != nil {
		return missing
	}
	if errors.Is(err, unix.EINVAL) {
		return failf(exitMount, "cannot %s: in a chroot, %s must be a mount point: mount --bind %s %s", what, cfg.Mountpoint, cfg.Mountpoint, cfg.Mountpoint)
	}
	if cfg.Inside {
		return userNamespaceFailure(err)
	}
	return failf(exitMount, "cannot %s: %w: in a container, start it with --cap-add=SYS_ADMIN (and a seccomp profile that allows unshare and mount)", what, err)
}

// below tells whether path, which has no symbolic links, is dir or under it.
func below(path, dir string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// searchPath is where COMMAND is looked up, as execvp(3) does.
func searchPath() string {
	if path, ok := os.LookupEnv("PATH"); ok {
		return path
	}
	return "/bin:/usr/bin"
}
