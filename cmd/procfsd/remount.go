package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/procfsd/procfsd/fs"
	"golang.org/x/sys/unix"
)

// remount makes a mount of ours read-only or writable, which the kernel does:
// the daemon need not know. It is the very mount whose daemon was asked, wherever
// the path leads meanwhile. Whatever else the lists would change is refused.
// mount(8) adds to them what it finds in fstab and in the mount table.
func remount(cfg mountConfig, lists []string, sloppy bool) error {
	root, err := openMine(cfg.Mountpoint)
	if err != nil {
		return failf(exitMount, "remount: %w", err)
	}
	defer unix.Close(root)
	stats, err := askStats(cfg.Mountpoint, root)
	if err != nil {
		return failf(exitMount, "remount: %w", err)
	}
	now := optionsOf(stats.Options)
	asked, err := parseOptions(now, lists, sloppy)
	if err != nil {
		return err
	}
	readOnly := asked.ReadOnly
	asked.Remount, asked.ReadOnly, asked.Source = false, now.ReadOnly, now.Source
	if asked != now {
		return failf(exitUsage, "remount can change ro and rw only, not %s (of the command line or fstab): %s is mounted with %s, unmount it and mount it anew",
			strings.Join(added(asked, now), ","), cfg.Mountpoint, now)
	}
	return remountFailure(cfg.Mountpoint, reconfigure(root, readOnly))
}

// added are the words of one list of options that are not in the other.
func added(asked, now options) []string {
	has := splitOptions(now.String())
	return slices.DeleteFunc(splitOptions(asked.String()), func(o string) bool { return slices.Contains(has, o) })
}

// reconfigure changes the file system and the mount on it that root is of, by the
// descriptor (Linux 5.12).
func reconfigure(root int, readOnly bool) error {
	context, err := unix.Fspick(root, "", unix.FSPICK_EMPTY_PATH|unix.FSPICK_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(context)
	flag, attr := "rw", &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	if readOnly {
		flag, attr = "ro", &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	}
	if err := unix.FsconfigSetFlag(context, flag); err != nil {
		return err
	}
	if err := unix.FsconfigReconfigure(context); err != nil {
		return err
	}
	return unix.MountSetattr(root, "", unix.AT_EMPTY_PATH, attr)
}

func remountFailure(dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EBUSY):
		return failf(exitMount, "%s cannot become read-only while a file of it is open for writing: close it (fuser -vm %s)", dir, dir)
	case errors.Is(err, unix.EPERM):
		return failf(exitMount, "no permission to remount %s: run as root (CAP_SYS_ADMIN)", dir)
	case errors.Is(err, unix.ENOSYS):
		return failf(exitMount, "remount %s: that takes Linux 5.12: unmount it and mount it anew", dir)
	}
	return failf(exitMount, "remount %s: %w", dir, err)
}

// optionsOf reads back what a daemon was told.
func optionsOf(o fs.Options) options {
	return options{Source: o.Source, Subtype: o.Subtype, AllowOther: o.AllowOther, ReadOnly: o.ReadOnly,
		HidePID: o.HidePID, GID: o.GID, Proc: o.Proc, Sample: o.Sample}
}
