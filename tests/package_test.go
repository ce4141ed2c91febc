package tests

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// packaged is what the Debian package holds besides directories, as
// dpkg-deb -c shows mode, owner and path.
const packaged = `-rw-r--r-- root/root ./usr/lib/systemd/system/procfsd@.service
-rw-r--r-- root/root ./usr/share/bash-completion/completions/procfsd
-rw-r--r-- root/root ./usr/share/doc/procfsd/CHANGELOG.md.gz
-rw-r--r-- root/root ./usr/share/doc/procfsd/README.md
-rw-r--r-- root/root ./usr/share/doc/procfsd/changelog.gz
-rw-r--r-- root/root ./usr/share/doc/procfsd/copyright
-rw-r--r-- root/root ./usr/share/doc/procfsd/examples/mnt-proc.mount
-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/procfsd.fish
-rw-r--r-- root/root ./usr/share/lintian/overrides/procfsd
-rw-r--r-- root/root ./usr/share/man/man5/procfs.5freebsd.gz
-rw-r--r-- root/root ./usr/share/man/man8/procfsd.8.gz
-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_procfsd
-rwxr-xr-x root/root ./usr/bin/procfsd
lrwxrwxrwx root/root ./usr/sbin/mount.fuse.procfsd -> ../bin/procfsd
lrwxrwxrwx root/root ./usr/sbin/mount.procfs -> ../bin/procfsd
lrwxrwxrwx root/root ./usr/share/man/man8/mount.fuse.procfsd.8.gz -> procfsd.8.gz
lrwxrwxrwx root/root ./usr/share/man/man8/mount.procfs.8.gz -> procfsd.8.gz
`

func dpkgDeb(t *testing.T, args ...string) string {
	t.Helper()
	r := finish(t, exec.Command("dpkg-deb", args...))
	if r.code != 0 {
		t.Fatalf("dpkg-deb %q: %v", args, r)
	}
	return r.stdout
}

// TestPackageContents: what is in it, whose it is, and what it says of itself.
func TestPackageContents(t *testing.T) {
	deb := filepath.Join(needRelease(t), "build", packageName(runtime.GOARCH))
	var list string
	for line := range strings.Lines(dpkgDeb(t, "-c", deb)) {
		f := strings.Fields(line) // mode owner size date time path
		switch {
		case f[0][0] != 'd':
			list += f[0] + " " + f[1] + " " + strings.Join(f[5:], " ") + "\n"
		case f[0] != "drwxr-xr-x" || f[1] != "root/root":
			t.Errorf("directory %s", line)
		}
	}
	if got, want := sortedLines(list), sortedLines(packaged); got != want {
		t.Errorf("in the package:\n%swant:\n%s", got, want)
	}
	for field, want := range map[string]string{
		"Package": "procfsd", "Version": releaseVersion, "Architecture": runtime.GOARCH, "Section": "admin",
		"Priority": "optional", "Recommends": "fuse3", "Homepage": "https://github.com/procfsd/procfsd",
	} {
		if got := strings.TrimSpace(dpkgDeb(t, "-f", deb, field)); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	placeholder := regexp.MustCompile(`@[A-Z]+@`)
	if size := atoi(t, strings.TrimSpace(dpkgDeb(t, "-f", deb, "Installed-Size"))); size < 1000 || size > 50000 {
		t.Errorf("Installed-Size: %d KiB", size)
	}
	if text := dpkgDeb(t, "-f", deb); !strings.Contains(text, "\nMaintainer: ") || !strings.Contains(text, "\nDescription: ") || placeholder.MatchString(text) {
		t.Errorf("control:\n%s", text)
	}
}

// TestPackageCopyright: the licenses of all that is linked in are told.
func TestPackageCopyright(t *testing.T) {
	info, err := buildinfo.ReadFile(filepath.Join(needRelease(t), "procfsd"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../dist/debian/copyright")
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) == 0 {
		t.Error("no modules linked in")
	}
	for _, module := range info.Deps {
		if !bytes.Contains(text, []byte("\nFiles: "+module.Path+"/*")) {
			t.Errorf("dist/debian/copyright does not have %s", module.Path)
		}
	}
}

// TestPackageBuilds: the package of another architecture is one, and after it
// the same tree gives this machine's again; from another path, time zone, umask
// and language it has the same bytes.
func TestPackageBuilds(t *testing.T) {
	first := needRelease(t)
	tree := filepath.Join(directory(t), "another tree")
	if err := copySources(tree); err != nil {
		t.Fatal(err)
	}
	foreign, machine := "arm64", elf.EM_AARCH64
	if runtime.GOARCH == foreign {
		foreign, machine = "amd64", elf.EM_X86_64
	}
	for _, arch := range []string{foreign, runtime.GOARCH} {
		if err := makeDeb(tree, arch, "umask 077; export TZ=Asia/Kathmandu LANG=C.UTF-8; "); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(tree, "build", packageName(foreign))
	if got := strings.TrimSpace(dpkgDeb(t, "-f", deb, "Architecture")); got != foreign {
		t.Errorf("Architecture: %s, want %s", got, foreign)
	}
	dir := directory(t)
	dpkgDeb(t, "-x", deb, dir)
	if file, err := elf.Open(filepath.Join(dir, "usr/bin/procfsd")); err != nil || file.Machine != machine {
		t.Errorf("%s: %+v, %v; want %v", packageName(foreign), file, err, machine)
	} else {
		file.Close()
	}
	sameFile(t, filepath.Join(first, "build", packageName(runtime.GOARCH)), filepath.Join(tree, "build", packageName(runtime.GOARCH)))
}

func sameFile(t *testing.T, a, b string) {
	t.Helper()
	one, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Errorf("%s (%d bytes) and %s (%d bytes) differ", a, len(one), b, len(other))
	}
}

// TestPackageRefused: what is no package is said, and none is written.
func TestPackageRefused(t *testing.T) {
	r := machine(t, `
		build() { env SOURCE_DATE_EPOCH=1 MAINTAINER='a <b@c>' MAKE=make "$@" dist/debian/build; }
		exits 1 build ARCH=riscv64 VERSION=1.2.3
		exits 1 build ARCH=amd64 VERSION=v1.2.3
		exits 1 build ARCH=amd64 VERSION='1 2'
		exits 1 build ARCH=amd64 VERSION=
		[ "$(ls build/*.deb)" = "build/$(basename $DEB)" ]`)
	if strings.Count(r.stderr, "\n") != 4 || !strings.Contains(r.stderr, "knows amd64 and arm64") || !strings.Contains(r.stderr, "VERSION=v1.2.3 is no version") {
		t.Errorf("%v", r)
	}
}

// dpkgScript is for what dpkg writes on its own account, and is left when a
// package has gone. A minimal Debian may leave documents out; these tests do not.
const dpkgScript = `
	own='^(/var/lib/dpkg/(status|status-old|lock|lock-frontend|triggers/(Lock|Unincorp))|/var/log/dpkg.log|/var/cache/man(/.*)?)$'
	left() { changes | grep -vE "$own" || true; }
	purged() { [ -z "$(left)" ] || fail "left: $(left)"; }
	dpkg() { command dpkg --path-include='*' "$@" > /run/log 2>&1 || { cat /run/log >&2; fail "dpkg $*"; }; }
	`

// TestPackageLife installs, mounts, installs over itself and removes under a
// mount: the mount goes on serving, and dpkg leaves nothing but its own notes.
func TestPackageLife(t *testing.T) {
	machine(t, dpkgScript+`
		dpkg -i $DEB
		dpkg -V procfsd
		[ ! -s /run/log ] || fail "$(cat /run/log)"
		[ "$(procfsd --version)" = "procfsd version $VERSION" ] || fail "$(procfsd --version)"
		[ "$(man -w 5freebsd procfs)" = /usr/share/man/man5/procfs.5freebsd.gz ]
		[ "$(man -w mount.procfs)" = /usr/share/man/man8/procfsd.8.gz ]
		grep -q '/usr/bin/procfsd' /usr/lib/systemd/system/procfsd@.service

		mount -t fuse.procfsd none /mnt/proc
		alive /mnt/proc
		umount /mnt/proc
		mount -t procfs proc /mnt/proc
		mounted proc /mnt/proc fuse.procfsd
		alive /mnt/proc
		daemon=$(pidof procfsd mount.procfs)
		dpkg -i $DEB
		alive /mnt/proc
		[ "$(pidof procfsd mount.procfs)" = "$daemon" ] || fail "another daemon: $(pidof procfsd), was $daemon"
		dpkg -r procfsd
		[ ! -e /usr/sbin/mount.procfs ]
		alive /mnt/proc
		umount /mnt/proc
		unmounted /mnt/proc
		gone
		# as with every package that has a postrm, which the purge may run again
		[ "$(left | xargs)" = "/var/lib/dpkg/info/procfsd.list /var/lib/dpkg/info/procfsd.postrm" ] || fail "left: $(left)"
		dpkg -P procfsd
		purged
		dpkg -i $DEB
		dpkg -P procfsd
		purged`)
}

// TestPackageScripts: systemd is told where it runs, its services are stopped
// by a removal only, and one that does not answer is no obstacle.
func TestPackageScripts(t *testing.T) {
	r := machine(t, dpkgScript+`
		mkdir -p /run/systemd/system /usr/local/sbin
		for name in systemctl deb-systemd-invoke; do
			printf '#!/bin/sh\necho "%s $*" >> /run/told\nexit 1\n' $name > /usr/local/sbin/$name
			chmod 755 /usr/local/sbin/$name
		done
		for step in "-i $DEB" "-i $DEB" "-P procfsd"; do
			dpkg $step
			echo "${step%% *}"
			cat /run/told
			rm /run/told
		done
		rm -r /usr/local/sbin/systemctl /usr/local/sbin/deb-systemd-invoke
		purged`)
	const reload, stop = "systemctl daemon-reload\n", "deb-systemd-invoke stop procfsd@*.service\n"
	if want := "-i\n" + reload + "-i\n" + reload + "-P\n" + stop + reload; r.stdout != want {
		t.Errorf("systemd was told:\n%swant:\n%s", r.stdout, want)
	}
}
