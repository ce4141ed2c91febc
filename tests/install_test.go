package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installedFiles is what make install puts below a prefix, by mode, with the path of
// the helpers and, behind ->, what links lead to.
const installedFiles = `755 PREFIX/bin/procfsd
644 PREFIX/lib/systemd/system/procfsd@.service
644 PREFIX/share/bash-completion/completions/procfsd
644 PREFIX/share/doc/procfsd/CHANGELOG.md
644 PREFIX/share/doc/procfsd/LICENSE
644 PREFIX/share/doc/procfsd/README.md
644 PREFIX/share/doc/procfsd/examples/mnt-proc.mount
644 PREFIX/share/fish/vendor_completions.d/procfsd.fish
644 PREFIX/share/man/man5/procfs.5freebsd.gz
777 PREFIX/share/man/man8/mount.fuse.procfsd.8.gz -> procfsd.8.gz
777 PREFIX/share/man/man8/mount.procfs.8.gz -> procfsd.8.gz
644 PREFIX/share/man/man8/procfsd.8.gz
644 PREFIX/share/zsh/site-functions/_procfsd
777 SBIN/mount.fuse.procfsd -> PREFIX/bin/procfsd
777 SBIN/mount.procfs -> PREFIX/bin/procfsd
`

func sortedLines(text string) string {
	cmd := exec.Command("sort")
	cmd.Env, cmd.Stdin = []string{"LC_ALL=C"}, strings.NewReader(text)
	out, _ := cmd.Output()
	return string(out)
}

// TestInstall installs, mounts as the manual page has it, installs once more
// under a daemon that runs, and uninstalls: the machine is as it was.
func TestInstall(t *testing.T) {
	r := machine(t, `
		umask 077
		make install > /run/log
		changes | while read -r path; do
			if [ -d "$path" ]; then
				[ "$(find "$path" -maxdepth 0 -perm -755 -uid 0)" ] || fail "$(ls -ld $path)"
			else
				find "$path" -printf '%m %p -> %l\n' | sed 's/ -> $//'
			fi
		done
		[ "$(procfsd --version)" = "procfsd version $VERSION" ] || fail "$(procfsd --version)"
		man -w 5freebsd procfs > /run/log
		man -w 8 mount.procfs > /run/log

		mount -t procfs proc /mnt/proc
		mounted proc /mnt/proc fuse.procfsd
		alive /mnt/proc
		changes > /run/first
		make install > /run/log
		changes | cmp - /run/first || fail "the second time changed: $(changes)"
		alive /mnt/proc
		umount /mnt/proc

		mount -t fuse.procfsd none /mnt/proc
		alive /mnt/proc
		umount /mnt/proc

		echo 'proc /mnt/proc procfs defaults,_netdev,nofail 0 0' > /etc/fstab
		mount -a
		mounted proc /mnt/proc fuse.procfsd
		alive /mnt/proc
		rm /etc/fstab
		[ ! -e /mnt/lower/etc/fstab ] || cp -p /mnt/lower/etc/fstab /etc/fstab

		make uninstall > /run/log
		unchanged
		alive /mnt/proc
		umount /mnt/proc
		unmounted /mnt/proc
		gone
		make uninstall > /run/log
		unchanged`)
	sbin, err := filepath.EvalSymlinks("/sbin")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("PREFIX", "/usr/local", "SBIN", sbin).Replace(installedFiles) + "644 /usr/local/share/doc/procfsd/directories\n"
	if got := sortedLines(r.stdout); got != sortedLines(want) {
		t.Errorf("installed:\n%swant:\n%s", got, sortedLines(want))
	}
}

// TestInstallStaged installs into a directory, as who makes packages does: as
// an ordinary user, without Go, with blanks in its path. No file knows DESTDIR.
func TestInstallStaged(t *testing.T) {
	r := machine(t, `
		umask 077
		install -d -m 755 -o 65534 '/mnt/a b'
		stage='/mnt/a b/stage'
		asnobody make install DESTDIR="$stage" PREFIX=/opt/x > /run/log
		cd "$stage"
		find . ! -type d -printf '%m /%P -> %l\n' | sed 's/ -> $//'
		[ -z "$(find . -type d ! -perm 755)" ] || fail "$(find . -type d ! -perm 755)"
		grep -q /opt/x/bin/procfsd opt/x/lib/systemd/system/procfsd@.service
		[ -z "$(grep -rl -e 'a b/stage' -e @BINDIR@ opt/x/bin opt/x/lib)" ] || fail "DESTDIR is in a file"
		ln -sfn /usr/bin/true sbin/mount.procfs # somebody else's by now
		cd /mnt/tree
		asnobody make uninstall DESTDIR="$stage" PREFIX=/opt/x > /run/log
		[ "$(find "$stage" ! -type d)" = "$stage/sbin/mount.procfs" ] || fail "$(find "$stage" ! -type d)"
		[ ! -e "$stage/opt/x/share/doc/procfsd" ]
		unchanged`)
	want := strings.NewReplacer("PREFIX", "/opt/x", "SBIN", "/sbin").Replace(installedFiles)
	if got := sortedLines(r.stdout); got != sortedLines(want) {
		t.Errorf("staged:\n%swant:\n%s", got, sortedLines(want))
	}
}

// TestInstallRefused: what cannot be installed to is said before anything is.
func TestInstallRefused(t *testing.T) {
	r := machine(t, `
		exits 2 make install PREFIX='/a b'
		exits 2 make install MANDIR=man
		exits 2 make uninstall BINDIR=
		unchanged`)
	if strings.Count(r.stderr, "the directories must be absolute and without blanks") != 3 {
		t.Errorf("%v", r)
	}
}

// TestInstallVersion: the release is the newest of the changelog, and there is
// a version without one and without git.
func TestInstallVersion(t *testing.T) {
	needRelease(t)
	tree := filepath.Join(directory(t), "tree")
	if err := copySources(tree); err != nil {
		t.Fatal(err)
	}
	for changelog, want := range map[string]string{
		"# Changelog\n\n## Unreleased\n":                               "0.1.0~dev",
		"## Unreleased\n\n## 2.3.4\n\n## 2.3.3\n":                      "2.3.4",
		"## [0.10.0] - 2026-11-22\n\n### Added\n\n## [0.9.0] - 2026\n": "0.10.0",
		"## About 3.2.1\n\n### 4.5.6\n":                                "0.1.0~dev",
	} {
		if err := os.WriteFile(filepath.Join(tree, "CHANGELOG.md"), []byte(changelog), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("make", "--no-print-directory", "help")
		cmd.Dir = tree
		if r := finish(t, cmd); !strings.Contains(r.stdout, "/procfsd_"+want+"_") {
			t.Errorf("%q: %v; want version %s", changelog, r, want)
		}
	}
}
