package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Fault 13: a zombie has no mounts, which is "gone" and no plain EINVAL.
func TestFault13ZombieMounts(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	if list, err := p.Mountinfo(); err != nil || len(list) == 0 {
		t.Fatalf("alive: %d mounts, %v", len(list), err)
	}
	c.zombie()
	leaksNothing(t, "mounts of a zombie", func() {
		for name, err := range mountErrors(p) {
			var e *Error
			if !errors.Is(err, ErrGone) || errors.Is(err, unix.EINVAL) || !errors.As(err, &e) || e.PID != c.pid || e.File == "" {
				t.Errorf("%s of a zombie: %v", name, err)
			}
		}
	})
	c.end()
	for name, err := range mountErrors(p) {
		if !errors.Is(err, ErrGone) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
}

func mountErrors(p *Process) map[string]error {
	errs := map[string]error{}
	_, errs["Mountinfo"] = p.Mountinfo()
	_, errs["Mounts"] = p.Mounts()
	_, errs["Mountstats"] = p.Mountstats()
	for m, err := range p.MountLines() {
		if m != nil {
			err = errors.New("a mount")
		}
		errs["MountLines"] = err
	}
	return errs
}

// Kernel threads have the machine's first mounts.
func TestMountsOfKernelThread(t *testing.T) {
	p := kernelThread(t)
	for name, err := range mountErrors(p) {
		if err != nil && name != "MountLines" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// kernelThread pins one.
func kernelThread(t *testing.T) *Process {
	t.Helper()
	needRoot(t)
	var s Stat
	f := openProc(t)
	for p, err := range f.All() {
		if err == nil && p.Stat(&s) == nil && s.KernelThread() {
			return pin(t, f, p.PID())
		}
	}
	cannot(t, "no kernel thread is visible here")
	return nil
}

// A walk that is left early gives everything back.
func TestEachMountStops(t *testing.T) {
	p := pin(t, openProc(t), os.Getpid())
	leaksNothing(t, "MountLines", func() {
		n := 0
		for _, err := range p.MountLines() {
			if n++; err != nil || n == 2 {
				break
			}
		}
		if n != 2 {
			t.Errorf("%d mounts", n)
		}
	})
}

// Faults 14 and 15: mounts with hard names, and options that come again.
func TestFault14And15RealMounts(t *testing.T) {
	needRoot(t)
	if out := runRole(t, "mounts", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}); out != "" {
		cannot(t, out)
	}
}

const (
	hardName = "/mnt/a b\tc\\d#e\\040f"
	rawName  = "/mnt/nl\nx\xff"
)

func roleMounts() error {
	if err := makeMounts(); err != nil {
		return err
	}
	p, err := Self()
	if err != nil {
		return err
	}
	if err := errors.Join(hardMounts(p), checkMountinfo(p), checkMounts(p), checkMountstats(p)); err != nil {
		return err
	}
	return overlay(p)
}

func makeMounts() error {
	err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("", "/mnt", "tmpfs", 0, ""))
	for _, name := range []string{hardName, rawName, "/mnt/from", "/mnt/shared", "/mnt/slave", "/mnt/alone", "/mnt/l,2", "/mnt/overlay"} {
		err = errors.Join(err, os.Mkdir(name, 0o700))
	}
	return errors.Join(err,
		unix.Mount("# src", hardName, "tmpfs", unix.MS_NOSUID, "size=4k"), unix.Mount("none", rawName, "tmpfs", 0, ""),
		unix.Mount("/mnt/from", "/mnt/shared", "", unix.MS_BIND, ""), unix.Mount("", "/mnt/shared", "", unix.MS_SHARED, ""),
		unix.Mount("/mnt/shared", "/mnt/slave", "", unix.MS_BIND, ""), unix.Mount("", "/mnt/slave", "", unix.MS_SLAVE, ""),
		unix.Mount("/mnt/from", "/mnt/alone", "", unix.MS_BIND, ""), unix.Mount("", "/mnt/alone", "", unix.MS_UNBINDABLE, ""))
}

// mountAt finds the mount at a point.
func mountAt(list []Mount, point string) Mount {
	i := slices.IndexFunc(list, func(m Mount) bool { return m.MountPoint == point })
	if i < 0 {
		return Mount{}
	}
	return list[i]
}

func hardMounts(p *Process) error {
	list, err := p.Mountinfo()
	if err != nil {
		return err
	}
	top, hard, raw := mountAt(list, "/mnt"), mountAt(list, hardName), mountAt(list, rawName)
	if top.ID == 0 || top.Source != "" || hard.Source != "# src" || hard.ParentID != top.ID || raw.Source != "none" || raw.FSType != "tmpfs" {
		return fmt.Errorf("sources: %+v, %+v, %+v", top, hard, raw)
	}
	var st unix.Stat_t
	if err := unix.Stat(hardName, &st); err != nil || hard.Dev != (Device{unix.Major(st.Dev), unix.Minor(st.Dev)}) {
		return fmt.Errorf("device %v, %v", hard.Dev, err)
	}
	if _, nosuid := hard.Options.Get("nosuid"); !nosuid {
		return fmt.Errorf("options %q", hard.Options)
	}
	if size, _ := hard.SuperOptions.Get("size"); size != "4k" {
		return fmt.Errorf("options %q", hard.SuperOptions)
	}
	shared, slave, alone := mountAt(list, "/mnt/shared"), mountAt(list, "/mnt/slave"), mountAt(list, "/mnt/alone")
	if shared.Shared == 0 || slave.Master != shared.Shared || slave.Shared != 0 || !alone.Unbindable || shared.Unbindable || shared.Root != "/from" {
		return fmt.Errorf("propagation: %+v, %+v, %+v", shared, slave, alone)
	}
	return nil
}

// overlay mounts one with two lower directories; it prints why it cannot.
func overlay(p *Process) error {
	fd, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		fmt.Println("no overlay file system:", err)
		return nil
	}
	defer unix.Close(fd)
	err = errors.Join(unix.FsconfigSetString(fd, "lowerdir+", "/mnt/from"), unix.FsconfigSetString(fd, "lowerdir+", "/mnt/l,2"))
	if err != nil {
		fmt.Println("no lowerdir+ (Linux 6.8):", err)
		return nil
	}
	if err := unix.FsconfigCreate(fd); err != nil {
		return err
	}
	mount, err := unix.Fsmount(fd, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(mount)
	if err := unix.MoveMount(mount, "", unix.AT_FDCWD, "/mnt/overlay", unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return err
	}
	list, err := p.Mountinfo()
	if err != nil {
		return err
	}
	over := mountAt(list, "/mnt/overlay")
	if got := strings.Join(over.SuperOptions.Values("lowerdir+"), ":"); got != "/mnt/from:/mnt/l,2" {
		return fmt.Errorf("fault 15: %q of %+v", got, over)
	}
	return nil
}

// All that this topic reads, of a zombie: an answer, or the right error.
func TestMountTopicOfZombie(t *testing.T) {
	c := start(t)
	p := pin(t, openProc(t), c.pid)
	c.zombie()
	for name, check := range map[string]func(*Process) error{
		"mountinfo": checkMountinfo, "mounts": checkMounts, "mountstats": checkMountstats, "timens_offsets": checkTimensOffsets, "timers": checkTimers,
		"cgroup": checkCgroup, "cpuset": checkCpuset, "idmaps": checkIDMaps, "sched": checkSched, "stack": checkStack, "archstatus": checkArchStatus,
	} {
		if err := check(p); !rightClass(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
