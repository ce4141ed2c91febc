package provider

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Signal sends a signal to the process with our own rights, as kill(2) does; 0
// only asks whether we might. It cannot reach another process, whoever has the
// number by then (Linux 5.1). It is ErrGone where the process was waited for,
// EPERM where we may not, EINVAL where sig is no signal or the process is not
// of our pid namespace or one below. A zombie takes it without effect.
func (p *Process) Signal(sig unix.Signal) error {
	if !p.fs.proc { // a captured tree
		return p.fail("kill", "", ErrNotSupported)
	}
	dir, err := p.open(".", unix.O_RDONLY|unix.O_DIRECTORY) // O_PATH is no pidfd
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	err = pidfdSendSignal(dir, sig, nil)
	if err == unix.ENOSYS {
		err = ErrNotSupported
	}
	if err != nil {
		return p.fail("kill", "", err)
	}
	return nil
}

// Wait blocks until the process has exited, or the context ends: then it wraps
// the context's error. It may be anybody's child; nobody's is waited for, so ours
// stay zombies (see Reap). It is nil for who has exited already. It takes a
// pidfd, and so has the conditions of [Process.PIDFD]; many may wait at once,
// as no thread is blocked.
func (p *Process) Wait(ctx context.Context) error {
	f, err := p.pidfdFile()
	if errors.Is(err, ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return p.await(ctx, f)
}

// Reap waits for a child of ours as wait4(2) does: when it has exited it is no
// zombie any more, and gone. Who is no child of ours is ECHILD at once. It
// competes with os/exec and others who wait for the same child (Linux 5.4).
func (p *Process) Reap(ctx context.Context) (unix.WaitStatus, error) {
	f, err := p.pidfdFile()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := waitChild(f, unix.WNOHANG|unix.WNOWAIT); err != nil && err != unix.EAGAIN {
		return 0, p.fail("wait", "", err)
	}
	if err := p.await(ctx, f); err != nil {
		return 0, err
	}
	status, err := reap(ctx, f)
	if err != nil {
		return 0, p.fail("wait", "", err)
	}
	return status, nil
}

// reapPause is between two looks at a child that another traces: its end is for
// its parent only when its tracer has seen it, of which nothing tells us.
const reapPause = 10 * time.Millisecond

func reap(ctx context.Context, f *os.File) (unix.WaitStatus, error) {
	for {
		status, err := waitChild(f, unix.WNOHANG)
		if err != unix.EAGAIN {
			return status, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(reapPause):
		}
	}
}

// pidfdFile is a pidfd that the runtime waits for.
func (p *Process) pidfdFile() (*os.File, error) {
	fd, err := p.PIDFD()
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, p.fail("fcntl", "", err)
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// await blocks until the process of a pidfd has exited or the context ends.
func (p *Process) await(ctx context.Context, f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return p.fail("wait", "", err)
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		f.SetReadDeadline(time.Unix(1, 0))
	})
	err = raw.Read(func(fd uintptr) bool { return hasExited(int(fd)) })
	if !stop() { // its goroutine shall not outlive us
		<-ended
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return p.fail("wait", "", err)
	}
	return nil
}

func hasExited(pidfd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 0)
	return err == nil && n > 0
}

// waitChild is waitid(2) for whoever has exited, in the form of wait4(2). Under
// WNOHANG it is EAGAIN where there is nothing to wait for yet.
func waitChild(f *os.File, options int) (status unix.WaitStatus, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var info unix.Siginfo
	controlErr := raw.Control(func(fd uintptr) {
		for {
			err = waitid(unix.P_PIDFD, int(fd), &info, unix.WEXITED|unix.WALL|options)
			if err != unix.EINTR {
				return
			}
		}
	})
	switch {
	case controlErr != nil:
		return 0, controlErr
	case err != nil:
		return 0, err
	case info.Signo == 0:
		return 0, unix.EAGAIN
	}
	return waitStatus(&info), nil
}

// childFields are the fields of a siginfo_t about a child.
type childFields struct {
	pid    int32
	uid    uint32
	status int32
}

func waitStatus(info *unix.Siginfo) unix.WaitStatus {
	const exited, dumped, coreFlag = 1, 3, 0x80
	status := (*childFields)(siginfoFields(info)).status
	switch info.Code {
	case exited:
		return unix.WaitStatus(status&0xff) << 8
	case dumped:
		return unix.WaitStatus(status | coreFlag)
	}
	return unix.WaitStatus(status)
}
