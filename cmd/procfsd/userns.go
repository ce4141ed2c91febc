package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// execInUserNamespace runs the same command once more as a child in a user
// namespace of its own, with the same uid and gid and, there, all capabilities.
// That one mounts and runs COMMAND; we pass signals in and the status out.
func execInUserNamespace(cfg execConfig, invoker threadCaps) error {
	self, err := ownProgram()
	if err != nil {
		return failf(exitSystem, "%w", err)
	}
	cmd := &exec.Cmd{
		Path: self, Args: cfg.again(self, ceiling(invoker)),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
			AmbientCaps: knownCaps().numbers(),
		},
	}
	caught := watchForwarded()
	if err := cmd.Start(); err != nil {
		return userNamespaceFailure(err)
	}
	return attend(cmd, caught)
}

// ceiling is the bounding set that COMMAND gets: the invoker's, which the kernel
// forgets in a new user namespace. For uid 0, to whom execve gives all of the
// bounding set, it is what the invoker really had.
func ceiling(invoker threadCaps) capSet {
	if os.Geteuid() == 0 {
		return boundingCaps() & invoker.permitted
	}
	return boundingCaps()
}

// giveUpNamespace takes from the calling thread, and so from COMMAND, every
// capability over the user namespace.
func giveUpNamespace(ceiling capSet) error {
	if err := dropBounding(ceiling); err != nil {
		return failf(exitSystem, "limit the capabilities of COMMAND: %w", err)
	}
	if err := (threadCaps{}).set(); err != nil {
		return failf(exitSystem, "drop the capabilities of COMMAND: %w", err)
	}
	return nil
}

// userNamespaceFailure says what stands in the way. The kernel has many errnos
// for it; the switches that administrators turn are few.
func userNamespaceFailure(err error) error {
	const end = ", or run as root"
	switch {
	case switchIs("/proc/sys/user/max_user_namespaces", "0"):
		return failf(exitMount, "user namespaces are disabled (user.max_user_namespaces is 0): ask the administrator for sysctl user.max_user_namespaces=10000"+end)
	case switchIs("/proc/sys/kernel/unprivileged_userns_clone", "0"):
		return failf(exitMount, "user namespaces are closed to users (kernel.unprivileged_userns_clone is 0): ask the administrator for sysctl kernel.unprivileged_userns_clone=1"+end)
	case switchIs("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"):
		return failf(exitMount, "AppArmor restricts user namespaces (%w): ask the administrator for a profile of procfsd or sysctl kernel.apparmor_restrict_unprivileged_userns=0"+end, errno(err))
	case os.Geteuid() == 0 && errors.Is(err, unix.EPERM): // may not map uid 0
		return failf(exitMount, "root without CAP_SYS_ADMIN and CAP_SETFCAP cannot make a user namespace (%w): give it CAP_SETFCAP (in a container --cap-add=SETFCAP), or be another user", errno(err))
	case errors.Is(err, unix.ENOENT): // no /proc/PID/uid_map
		return failf(exitMount, "/proc is not Linux's own, which a user namespace needs: leave that /proc alone with -m DIR outside, or run as root")
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EUSERS):
		return failf(exitMount, "too many user namespaces (%w): ask the administrator for a higher user.max_user_namespaces"+end, errno(err))
	}
	return failf(exitMount, "the kernel refuses a user namespace (%w), as in a chroot or under a seccomp profile or security module: run outside of those"+end, errno(err))
}

func switchIs(path, value string) bool {
	text, err := os.ReadFile(path)
	return err == nil && strings.TrimSpace(string(text)) == value
}
