package tests

import (
	"strings"
	"testing"
)

// TestRemount is mount(8)'s remount: the kernel refuses writes at once, and
// takes them again; nothing else changes, and nobody is told otherwise.
func TestRemount(t *testing.T) {
	needMountFuse(t)
	for _, c := range []struct{ name, links, mount string }{
		{"procfs", "mount.procfs mount.fuse.procfsd", "mount -t procfs proc $D -o hidepid=noaccess"},
		{"fuse", "", "mount -t fuse procfsd $D -o hidepid=noaccess"},
		{"fuse.procfsd", "", "mount -t fuse.procfsd none $D -o hidepid=noaccess"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inRoom(t, c.mount+`
				shows() { grep -q " $D fuse.procfsd $1,nosuid,nodev,noexec,relatime," /proc/mounts || fail "not $1: $(grep $D /proc/mounts)"; }
				writes() { sh -c "echo 7 > $D/self/osrel" 2>$D.err; }
				id=$(stat -c %d $D)
				shows rw; writes || fail "no write"
				mount -o remount,ro $D
				shows ro; ! writes || fail "a write"; grep -q "Read-only file system" $D.err || fail "$(cat $D.err)"
				procfsd stat $D | head -1 | grep -q "hidepid=noaccess,.*,ro$" || fail "$(procfsd stat $D)"
				mount -o remount,ro $D; shows ro
				mount -o remount,rw $D; shows rw; writes || fail "no write again"
				mount -o remount $D; shows rw
				mount -o remount,ro,hidepid=1 $D; shows ro
				exits 1 mount -o remount,rw,hidepid=2 $D; shows ro
				exits 1 mount -o remount,rw,bogus $D; shows ro
				[ $(stat -c %d $D) = $id ] && [ $(grep -c " $D " /proc/mounts) = 1 ] || fail "mounted twice"
				alive $D
				umount $D`, "LINKS="+c.links)
		})
	}
}

// TestRemountFstab: an entry's own options are repeated by mount(8).
func TestRemountFstab(t *testing.T) {
	needMountFuse(t)
	inRoom(t, `mount --bind /etc "$D.sbin" 2>/dev/null || true
		echo "proc $D procfs hidepid=2,gid=0,nofail,_netdev,x-systemd.automount 0 0" > $D.tab
		cp $D.tab /run/fstab; touch /etc/fstab; mount --bind /run/fstab /etc/fstab
		mount $D
		mount -o remount,ro $D
		grep -q " $D fuse.procfsd ro," /proc/mounts || fail "not ro"
		mount -o remount,rw $D
		grep -q " $D fuse.procfsd rw," /proc/mounts || fail "not rw"
		umount $D`, "LINKS=mount.procfs mount.fuse.procfsd")
}

// TestRemountOf what is not ours, or cannot be: one line, and nothing changes.
func TestRemountErrors(t *testing.T) {
	need(t)
	inRoom(t, `says() { grep -q "^procfsd: .*$1" $D.err && [ $(wc -l < $D.err) = 1 ] || fail "not '$1': $(cat $D.err)"; }
		mount -t tmpfs tmpfs $D
		exits 32 mount.procfs proc $D -o remount,ro 2>$D.err; says "is not the root of a procfsd mount"
		grep -q " $D tmpfs rw," /proc/mounts || fail "tmpfs has changed"
		umount $D
		exits 32 mount.procfs proc $D -o remount,ro 2>$D.err; says "is not the root of a procfsd mount"
		exits 1 procfsd exec -o remount -- true 2>$D.err; says "no mount yet"
		procfsd $D -o ro
		exits 1 mount.procfs proc $D -o remount,hidepid=2 2>$D.err; says "remount can change ro and rw only"
		exits 32 asnobody mount.procfs proc $D -o remount,rw 2>$D.err; says "not permitted"
		mount.procfs proc $D -o remount,rw
		exec 5>$D/self/osrel
		exits 32 mount.procfs proc $D -o remount,ro 2>$D.err; says "open for writing"
		exec 5>&-
		mount.procfs proc $D -o remount,ro
		mount.procfs proc $D -f -o remount,rw
		grep -q " $D fuse.procfsd ro," /proc/mounts || fail "fake is not"
		umount $D`, "LINKS=mount.procfs")
}

// TestParentUnmounted: a mount that vanishes with what it lay on ends its
// daemon, at once or with its last user, and never touches what comes after it.
func TestParentUnmounted(t *testing.T) {
	need(t)
	inRoom(t, `parent() { mount -t tmpfs -o mode=755 tmpfs $D; mkdir $D/p; procfsd $D/p; pid=$(pgrep -f -- "-- $D/p\$"); alive $D/p; }
		ends() { for i in $(seq 100); do kill -0 $pid 2>/dev/null || return 0; sleep 0.05; done; fail "the daemon stays"; }
		parent; ! umount $D 2>/dev/null || fail "busy it is not"
		umount -l $D; ends; unmounted $D

		# someone is in it: served until he leaves
		parent; cd $D/p/self; umount -l $D
		head -c 3 status > /dev/null; [ -e ../1/status ]; kill -0 $pid
		cd /; ends

		# the same, ended by signal, with another's mount where ours was
		parent; cd $D/p; umount -l $D
		mount -t tmpfs -o mode=755 tmpfs $D; mkdir $D/p; mount -t tmpfs other $D/p
		kill $pid; ends
		mounted other $D/p tmpfs
		! ls . 2>/dev/null || fail "it answers without a daemon"
		cd /; umount $D/p $D; unmounted $D`, "LINKS=")
}

// TestMountWithoutPtrace: what will be missing is said, in one line.
func TestMountWithoutPtrace(t *testing.T) {
	need(t)
	r := inRoom(t, `timeout -s INT 20 setpriv --bounding-set -sys_ptrace procfsd -f $D 2> $D.log & 
		for i in $(seq 200); do grep -q " $D fuse.procfsd" /proc/mounts && break; sleep 0.02; done
		umount $D; wait; cat $D.log`, "LINKS=")
	if strings.Count(r.stdout, "level=WARN") != 1 || !strings.Contains(r.stdout, "without CAP_SYS_PTRACE") {
		t.Errorf("%v", r)
	}
}
