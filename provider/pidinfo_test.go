package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPIDInfo(t *testing.T) {
	needRoot(t)
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "sleep 1000 & wait"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: alice, Gid: bob}}})
	if err != nil {
		t.Fatal(err)
	}
	p := pin(t, openProc(t), pid)
	info, err := p.PIDInfo()
	if errors.Is(err, ErrNotSupported) {
		cannot(t, "Linux before 6.13")
	}
	user, group := IDs{alice, alice, alice, alice}, IDs{bob, bob, bob, bob}
	if err != nil || !info.Has(PIDInfoPID|PIDInfoCreds) || info.Has(PIDInfoExit) || info.PID != pid || info.TGID != pid || info.PPID != os.Getpid() ||
		info.UID != user || info.GID != group {
		t.Errorf("%+v, %v", info, err)
	}
	fd, err := p.PIDFD()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if again, err := PIDFDInfo(fd); err != nil || again != info {
		t.Errorf("%+v, %v", again, err)
	}
	if err := p.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	status, err := p.Reap(inTime(t))
	if err != nil || status.Signal() != unix.SIGTERM {
		t.Fatalf("%v, %v", status, err)
	}
	info, err = PIDFDInfo(fd)
	switch { // before 6.15 nothing is left
	case errors.Is(err, ErrGone) && info == PIDInfo{}:
	case err == nil && info.Has(PIDInfoExit) && info.ExitStatus == status && !info.Has(PIDInfoPID) && info.PID == 0:
	default:
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := p.PIDInfo(); !errors.Is(err, ErrGone) || info != (PIDInfo{}) {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestPIDFDInfoOfOthers(t *testing.T) {
	pipe := fdOf(unix.Eventfd(0, unix.EFD_CLOEXEC))[0]
	defer unix.Close(pipe)
	if info, err := PIDFDInfo(pipe); !errors.Is(err, ErrNotSupported) || info != (PIDInfo{}) {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := PIDFDInfo(-1); !errors.Is(err, unix.EBADF) || info != (PIDInfo{}) {
		t.Errorf("%+v, %v", info, err)
	}
}

// Each field of the kernel's is in ours.
func TestMakePIDInfo(t *testing.T) {
	k := unix.PidfdInfo{Mask: 0xff, Cgroupid: 1, Pid: 2, Tgid: 3, Ppid: 4, Ruid: 5, Rgid: 6, Euid: 7, Egid: 8, Suid: 9, Sgid: 10, Fsuid: 11, Fsgid: 12,
		Exit_code: 13, Coredump_mask: 14, Coredump_signal: 15, Coredump_code: 16, Supported_mask: 17}
	want := PIDInfo{Mask: pidInfoAll, PID: 2, TGID: 3, PPID: 4, UID: IDs{5, 7, 9, 11}, GID: IDs{6, 8, 10, 12}, CgroupID: 1, ExitStatus: 13,
		Coredump: 14, CoredumpSignal: 15, CoredumpCode: 16, Supported: 17}
	if got := makePIDInfo(&k); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// checkPIDInfo compares with status.
func checkPIDInfo(p *Process) error {
	for range 10 {
		var s Status
		info, err := p.PIDInfo()
		if err == nil {
			err = p.Status(&s)
		}
		if err != nil {
			return err
		}
		err = same("pidfd", info.PID, fmt.Sprint(s.PID), info.TGID, fmt.Sprint(s.TGID), info.PPID, fmt.Sprint(s.PPID),
			info.UID, fmt.Sprint(s.UID), info.GID, fmt.Sprint(s.GID))
		if !errors.Is(err, errDiffers) {
			return err
		}
		after, readErr := p.PIDInfo()
		if readErr != nil || after == info {
			return errors.Join(err, readErr)
		}
	}
	return nil
}

// checkSignal asks whether we might.
func checkSignal(p *Process) error {
	err := p.Signal(0)
	if errors.Is(err, fs.ErrPermission) != errors.Is(unix.Kill(p.PID(), 0), unix.EPERM) && p.Alive() == nil {
		return fmt.Errorf("%w: kill(2) says something else than %v", errDiffers, err)
	}
	return err
}
