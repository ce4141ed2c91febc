package tests

import (
	"os/exec"
	"testing"
)

// trust3 are the scenarios of hostile processes and hostile callers.
func trust3() []scenario {
	return []scenario{
		{9, "hostile names and arguments: newline, `)`, blanks, 15 bytes of 0xff, empty, rewritten argv, 128 KiB argv, moved arg_start; 65,530 mappings while they change", "every line well formed and bounded", trustHostile},
		{11, "callers in child pid namespaces (two levels), in sibling ones, in user namespaces; the mount bound into a container", "nothing, and never a host pid", trustStrangers},
		{12, "a descriptor opened by A and used by B, by root, by a set-uid helper", "refused", trustLent},
		{13, "ptrace-backed nodes on: sleeping in 18 different system calls, stopped, vfork parent, zombie, leader gone, under gdb, itself, two processes reading each other", "states unchanged, ≤ 250 ms each", trustDebugged},
		{14, "a random operation fuzzer on the mount (open, pread, pwrite, lseek, readdir, getattr, setattr, xattr, mmap, ioctl, poll, fallocate, splice, rename…) as root and as uid 65534, 10 minutes", "no panic, no hang, no errno outside the documented list", trustFuzzed},
	}
}

// builtOnce has all programs built that tests share, which stay until the end.
func builtOnce(t *testing.T) {
	t.Helper()
	procfsd(t)
	public(t, exec.Command(""))
	targetPath(t)
}
