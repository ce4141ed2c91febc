package tests

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func needMountFuse(t testing.TB) {
	t.Helper()
	need(t)
	if _, err := exec.LookPath("mount.fuse3"); err != nil {
		lack(t, "no mount.fuse3 (Debian: apt-get install fuse3)")
	}
}

// TestMount8Spellings mounts as the manual of mount(8) has it, and looks what
// the mount table shows.
func TestMount8Spellings(t *testing.T) {
	needMountFuse(t)
	const options = "defaults,_netdev,nofail,x-foo,hidepid=2"
	for _, c := range []struct {
		name, links  string // in /sbin
		fstab        string // the line, where there is one
		command      string
		source, kind string
	}{
		{"fuse", "", "", "mount -t fuse procfsd $D", "procfsd", "fuse.procfsd"},
		{"fuse.procfsd", "", "", "mount -t fuse.procfsd none $D", "none", "fuse.procfsd"},
		{"fuse with #", "", "", "mount -t fuse procfsd#src $D", "src", "fuse.procfsd"},
		{"mount.fuse.procfsd", "mount.fuse.procfsd", "", "mount -t fuse.procfsd none $D", "none", "fuse.procfsd"},
		{"mount.fuse.procfsd itself", "mount.fuse.procfsd", "", "mount.fuse.procfsd none $D -o rw,dev,suid", "none", "fuse.procfsd"},
		{"procfs", "mount.procfs", "", "mount -t procfs proc $D", "proc", "fuse.procfsd"},
		{"mount.procfs itself", "mount.procfs", "", "mount.procfs proc $D -n -o rw,nofail", "proc", "fuse.procfsd"},
		{"procfs with flags", "mount.procfs", "", "mount -n -v -s -t procfs proc $D -o zzz", "proc", "fuse.procfsd"},
		{"procfs with subtype", "mount.procfs", "", "mount -t procfs.sub proc $D", "proc", "fuse.sub"},
		{"fstab fuse", "", "procfsd $D fuse " + options, "mount -T $D.tab $D", "procfsd", "fuse.procfsd"},
		{"fstab fuse with #", "", "procfsd#tab $D fuse " + options, "mount -T $D.tab $D", "tab", "fuse.procfsd"},
		{"fstab fuse.procfsd", "", "none $D fuse.procfsd " + options, "mount -a -T $D.tab", "none", "fuse.procfsd"},
		{"fstab procfs", "mount.procfs", "proc $D procfs " + options + ",user", "mount -T $D.tab $D", "proc", "fuse.procfsd"},
		{"fstab procfs, all", "mount.procfs", "proc $D procfs " + options, "mount -a -T $D.tab", "proc", "fuse.procfsd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inRoom(t, `[ -z "$FSTAB" ] || eval "echo $FSTAB 0 0" > $D.tab
				eval $COMMAND
				mounted $SOURCE $D $KIND
				[ $(grep -c " $D $KIND rw,nosuid,nodev,noexec," /proc/mounts) = 1 ] || fail "$(cat /proc/mounts)"
				alive $D
				asnobody cat $D/curproc/status
				# hidepid=2 of the fstab arrived: process 1 is hidden from others
				if [ "$FSTAB" ]; then exits 1 asnobody test -e $D/1; else asnobody test -e $D/1; fi
				umount $D
				unmounted $D`,
				"LINKS="+c.links, "FSTAB="+c.fstab, "COMMAND="+c.command, "SOURCE="+c.source, "KIND="+c.kind)
		})
	}
}

// TestMount8Table: mount -a mounts everything, once; ro reaches the kernel.
func TestMount8Table(t *testing.T) {
	needMountFuse(t)
	inRoom(t, `mkdir $D/a $D/b
		echo "procfsd $D/a fuse ro 0 0" > $D.tab
		echo "proc $D/b procfs noauto,user 0 0" >> $D.tab
		mount -a -T $D.tab
		mounted procfsd $D/a fuse.procfsd
		grep -q " $D/a fuse.procfsd ro," /proc/mounts || fail "not ro"
		unmounted $D/b
		mount -a -T $D.tab
		[ $(grep -c " $D/a fuse" /proc/mounts) = 1 ] || fail "mounted twice"
		mount -T $D.tab $D/b
		alive $D/a; alive $D/b
		umount $D/a $D/b
		unmounted $D/a; unmounted $D/b`, "LINKS=mount.procfs")
}

// TestMount8Fake: -f is mount(8)'s fake, not our foreground. What is wrong is
// found even so.
func TestMount8Fake(t *testing.T) {
	need(t)
	inRoom(t, `mount -f -t procfs proc $D
		mount.procfs proc $D -f -v
		unmounted $D
		exits 1 mount.procfs proc $D -f -o bogus`, "LINKS=mount.procfs")
}

// TestMount8Verbose: one line about what was done, nothing without -v.
func TestMount8Verbose(t *testing.T) {
	need(t)
	r := inRoom(t, `mount.procfs proc $D -v; umount $D; mount.procfs proc $D; umount $D`, "LINKS=mount.procfs")
	if !strings.HasPrefix(r.stdout, "procfsd: proc mounted on /") || strings.Count(r.stdout, "\n") != 1 || r.stderr != "" {
		t.Errorf("%v; want one line", r)
	}
}

// TestMount8Errors: mount(8) shows our one line and passes our code on.
func TestMount8Errors(t *testing.T) {
	needMountFuse(t)
	for _, c := range []struct {
		command string
		code    int
		line    string
	}{
		{"mount -t fuse procfsd $D -o bogus", 1, `procfsd: unknown mount option "bogus"`},
		{"mount -t fuse.procfsd none $D -o hidepid=9", 1, `procfsd: mount option "hidepid=9": want 0 (off)`},
		{"mount -t procfs proc $D -o x-a,bogus=1", 1, `procfsd: unknown mount option "bogus"`},
		{"mount -t procfs proc $D -o proc=/tmp", 32, `procfsd: mount option "proc=/tmp": not a procfs`},
		{"mount.procfs proc", 1, `procfsd: want SPEC and DIR`},
		{"mount.procfs proc $D -N /proc/1/ns/mnt", 1, `procfsd: option -N /proc/1/ns/mnt is not supported`},
		{"mount.procfs proc $D -z", 1, `procfsd: `},
		{"mount.procfs proc $D/missing", 32, `/missing does not exist`},
		{"mount -t fuse procfsd $D -o setuid=nobody", 32, `procfsd: no permission to mount`},
	} {
		t.Run(c.command, func(t *testing.T) {
			r := inRoom(t, `cat /proc/self/mountinfo > $D.before
				exits $CODE eval $COMMAND
				unmounted $D
				cmp $D.before /proc/self/mountinfo`,
				"LINKS=mount.procfs", "COMMAND="+c.command, "CODE="+strconv.Itoa(c.code))
			oneLine(t, r, c.line)
		})
	}
}

// TestMount8DropPrivileges: mount.fuse mounts by itself and leaves us no rights;
// we say what to do instead.
func TestMount8DropPrivileges(t *testing.T) {
	needMountFuse(t)
	r := inRoom(t, `exits 1 mount.fuse3 procfsd $D -o drop_privileges`)
	if !strings.Contains(r.stderr, `procfsd: mountpoint /dev/fd/3: mount option "drop_privileges" is not supported`) {
		t.Errorf("stderr %q", r.stderr)
	}
}

// TestMount8OverProc: over /proc itself tools work through us, and umount gives
// the kernel's back.
func TestMount8OverProc(t *testing.T) {
	needMountFuse(t)
	r := inRoom(t, `mount -t fuse procfsd /proc
		cat /proc/curproc/status
		[ "$(cut -d' ' -f2 /proc/self/status)" -gt 0 ] || fail "no own number"
		test -e /proc/curproc/map -a ! -e /proc/curproc/maps || fail "not ours"
		umount /proc
		cat /proc/self/maps > $D.maps
		test -s $D.maps`)
	if fields := strings.Fields(r.stdout); len(fields) != 15 || fields[0] != "cat" {
		t.Errorf("status %q", r.stdout)
	}
}
