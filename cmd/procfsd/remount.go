package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/procfsd/procfsd/fs"
	"golang.org/x/sys/unix"
)

// remount makes a mount of ours read-only or writable, which the kernel does:
// the daemon need not know. Whatever else the lists would change is refused.
// mount(8) adds to them what it finds in fstab and in the mount table.
func remount(cfg mountConfig, lists []string, sloppy bool) error {
	stats, err := readStats(cfg.Mountpoint)
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
	return remountAs(cfg.Mountpoint, readOnly)
}

// added are the words of one list of options that are not in the other.
func added(asked, now options) []string {
	has := splitOptions(now.String())
	return slices.DeleteFunc(splitOptions(asked.String()), func(o string) bool { return slices.Contains(has, o) })
}

func remountAs(dir string, readOnly bool) error {
	flags := uintptr(unix.MS_REMOUNT | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if readOnly {
		flags |= unix.MS_RDONLY
	}
	err := unix.Mount("", dir, "", flags, "")
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EBUSY):
		return failf(exitMount, "%s cannot become read-only while a file of it is open for writing: close it (fuser -vm %s)", dir, dir)
	case errors.Is(err, unix.EPERM):
		return failf(exitMount, "no permission to remount %s: run as root (CAP_SYS_ADMIN)", dir)
	}
	return failf(exitMount, "remount %s: %w", dir, err)
}

// optionsOf reads back what a daemon was told.
func optionsOf(o fs.Options) options {
	return options{Source: o.Source, Subtype: o.Subtype, AllowOther: o.AllowOther, ReadOnly: o.ReadOnly,
		HidePID: o.HidePID, GID: o.GID, Proc: o.Proc, Sample: o.Sample}
}
