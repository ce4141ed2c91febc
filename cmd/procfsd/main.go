// Command procfsd mounts FreeBSD's procfs(5) on Linux.
//
// This room knows flags, the conventions of mount(8), the life of a daemon,
// signals, exit codes and logging. It must not know what the tree contains
// nor how FUSE speaks: package fs does, and is told only an Options.
//
// One binary plays four parts:
//
//   - the launcher (mountcmd.go, helper.go) reads the command line, starts the
//     daemon and waits for its word (daemon.go, ready.go);
//   - the daemon (serve.go) hardens itself (harden.go), mounts and serves;
//   - `procfsd exec` (execcmd.go, exec.go) runs a command over a private mount;
//   - the same for an ordinary user runs once more inside a user namespace of
//     its own (userns.go).
package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

func main() {
	os.Exit(run(os.Args, os.Stdout, os.Stderr))
}

// run is main with its edges passed in: one command line in, one exit code
// out, and every error exactly one line on stderr.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"procfsd"} // execve(2) allows an empty argv
	}
	return report(stderr, dispatch(args, stdout))
}

// dispatch chooses the part by the name that the program was called by.
func dispatch(args []string, stdout io.Writer) error {
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		return failf(exitSystem, "procfsd must not be installed set-uid or set-gid: chmod ug-s %s", args[0])
	}
	switch filepath.Base(args[0]) {
	case "mount.procfs", "mount.fuse.procfsd":
		return runHelper(args[1:], stdout)
	}
	root := newRootCommand(stdout)
	root.SetArgs(args[1:])
	return usageUnlessFailure(root.Execute())
}

// usageUnlessFailure marks what cobra itself complains about (unknown flags,
// missing values) as usage errors; everything else already carries its code.
func usageUnlessFailure(err error) error {
	var f *failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	return failf(exitUsage, "%w (see procfsd --help)", err)
}
