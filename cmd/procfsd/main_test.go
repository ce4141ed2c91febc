package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/procfsd/procfsd/tests/leaktest"
)

// testRole makes this test binary play a part of the program in a child.
const testRole = "PROCFSD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(testRole) {
	case "harden":
		os.Exit(report(os.Stderr, hardenAndShow()))
	case "program":
		os.Exit(run(append([]string{"procfsd"}, os.Args[1:]...), os.Stdout, os.Stderr))
	}
	os.Exit(leaktest.Main(m))
}

func hardenAndShow() error {
	if err := harden(-1, -1); err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	links, err := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		target, _ := os.Readlink(link)
		status = append(status, "open "+target+":\n"...)
	}
	fmt.Printf("%s", status)
	return err
}

// Every usage error is one line, names its thing, ends with 1 and mounts nothing.
func TestUsageErrors(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"procfsd", "MOUNTPOINT is missing"},
		{"procfsd a b c", `unexpected argument "c"`},
		{"procfsd umount /mnt", `no command "umount"`},
		{"procfsd version", `no command "version"`},
		{"procfsd help nosuch", `no command "nosuch"`},
		{"procfsd completion tcsh", `want one of bash, fish, powershell, zsh, got "tcsh"`},
		{"procfsd --nope /mnt", "--nope"},
		{"procfsd /mnt -o", "needs an argument"},
		{"procfsd /mnt -o foo", `unknown mount option "foo"`},
		{"procfsd /mnt -o rw,dev,suid -o bar=1", `unknown mount option "bar"`},
		{"procfsd /mnt -o hidepid=3", "invisible"},
		{"procfsd /mnt -o ro,remount=1", "takes no value"},
		{"procfsd none /dev/fd/3 -o rw", "drop_privileges"},
		{"procfsd exec", "COMMAND is missing"},
		{"procfsd exec --", "COMMAND is missing"},
		{"procfsd exec -o foo -- true", `unknown mount option "foo"`},
		{"procfsd exec --nope -- true", "--nope"},
		{"/sbin/mount.procfs none", "want SPEC and DIR"},
		{"/sbin/mount.procfs none /mnt -o foo", `unknown mount option "foo"`},
		{"/sbin/mount.procfs none /mnt -f -o foo", `unknown mount option "foo"`},
		{"/sbin/mount.fuse.procfsd none /mnt -N /proc/1/ns/mnt", "-N"},
		{"mount.procfs none /mnt -Z", "-Z"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := run(strings.Fields(c.args), &stdout, &stderr)
			line := stderr.String()
			if code != exitUsage || !strings.Contains(line, c.want) {
				t.Errorf("exit code %d, stderr %q; want 1 and %q", code, line, c.want)
			}
			if !strings.HasPrefix(line, "procfsd: ") || strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
				t.Errorf("stderr is not one line of ours: %q", line)
			}
		})
	}
}

func TestHarmlessInvocations(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"procfsd --version", "procfsd version"},
		{"procfsd --help", "hidepid="},
		{"procfsd exec --help", "126"},
		{"procfsd help exec", "126"},
		{"procfsd completion bash", "__start_procfsd"},
		{"mount.procfs none /nonexistent -f -o ro,nofail", ""},
		{"mount.procfs none /nonexistent -sfnv -o foo", ""},
		{"mount.procfs --help", "SPEC DIR"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var stdout, stderr strings.Builder
			if code := run(strings.Fields(c.args), &stdout, &stderr); code != exitOK || stderr.Len() > 0 {
				t.Errorf("exit code %d, stderr %q", code, stderr.String())
			}
			if !strings.Contains(stdout.String(), c.want) {
				t.Errorf("stdout lacks %q: %q", c.want, stdout.String())
			}
		})
	}
}
