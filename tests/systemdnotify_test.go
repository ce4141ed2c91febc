package tests

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// notifications is a NOTIFY_SOCKET as a service manager has it.
type notifications struct {
	*net.UnixConn
	path string
}

func listenNotifications(t *testing.T) notifications {
	t.Helper()
	path := filepath.Join(directory(t), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
	if err := errors.Join(err, set); err != nil {
		t.Fatal(err)
	}
	return notifications{conn, path}
}

// next is the next message, by process pid.
func (n notifications) next(t *testing.T, pid int) string {
	t.Helper()
	n.SetReadDeadline(time.Now().Add(10 * time.Second))
	b, control := make([]byte, 4096), make([]byte, 256)
	size, controls, _, _, err := n.ReadMsgUnix(b, control)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := unix.ParseSocketControlMessage(control[:controls])
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	if cred, err := unix.ParseUnixCredentials(&messages[0]); err != nil || int(cred.Pid) != pid {
		t.Errorf("from %+v, %v; want process %d", cred, err, pid)
	}
	return string(b[:size])
}

// silent wants no message to be there.
func (n notifications) silent(t *testing.T) {
	t.Helper()
	n.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	b := make([]byte, 4096)
	if size, err := n.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a message %q, %v", b[:size], err)
	}
}

// notifying is a procfsd in the foreground.
func notifying(t *testing.T, dir, socket string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	need(t)
	cmd, log := exec.Command(procfsd(t), "-f", dir), new(bytes.Buffer)
	cmd.Env, cmd.Stderr = append(os.Environ(), "NOTIFY_SOCKET="+socket), log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	unmountAtEnd(t, dir)
	return cmd, log
}

// TestSystemdNotify: ready when the mount answers, by the process that was
// started, and stopping before it is gone, whoever stops it.
func TestSystemdNotify(t *testing.T) {
	for name, stop := range map[string]func(dir string, p *os.Process) error{
		"signal": func(_ string, p *os.Process) error { return p.Signal(syscall.SIGTERM) },
		"umount": func(dir string, _ *os.Process) error { return unix.Unmount(dir, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			n, dir := listenNotifications(t), directory(t)
			cmd, log := notifying(t, dir, n.path)
			if got := n.next(t, cmd.Process.Pid); got != "READY=1\nSTATUS=Serving "+dir {
				t.Errorf("%q", got)
			}
			answers(t, dir)
			n.silent(t)
			if err := stop(dir, cmd.Process); err != nil {
				t.Fatal(err)
			}
			if got := n.next(t, cmd.Process.Pid); got != "STOPPING=1\nSTATUS=Unmounting" {
				t.Errorf("%q", got)
			}
			if err := cmd.Wait(); err != nil || isMounted(dir) {
				t.Errorf("%v, mounted: %v\n%s", err, isMounted(dir), log)
			}
			n.silent(t)
		})
	}
}

// TestSystemdNotifyFailure: never ready, and the reason in the status.
func TestSystemdNotifyFailure(t *testing.T) {
	n, dir := listenNotifications(t), filepath.Join(directory(t), "missing")
	cmd, log := notifying(t, dir, n.path)
	if got := n.next(t, cmd.Process.Pid); !strings.HasPrefix(got, "STATUS=mountpoint "+dir+" does not exist") || strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
	_ = cmd.Wait()
	n.silent(t)
	if code := cmd.ProcessState.ExitCode(); code != 32 || !strings.HasPrefix(log.String(), "procfsd: mountpoint ") {
		t.Errorf("exit %d, %s", code, log)
	}
}

// TestSystemdNotifyNobody: a service manager that is not there, or does not
// read, changes nothing but a line in the log.
func TestSystemdNotifyNobody(t *testing.T) {
	full := listenNotifications(t)
	fillQueue(t, full.path)
	for socket, words := range map[string]string{
		filepath.Join(directory(t), "none"): "cannot notify the service manager",
		full.path:                           "does not take notifications",
	} {
		dir := directory(t)
		cmd, log := notifying(t, dir, socket)
		waitFor(t, "the mount", func() bool { return isMounted(dir) })
		answers(t, dir)
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || isMounted(dir) || !strings.Contains(log.String(), words) {
			t.Errorf("%v, mounted: %v\n%s", err, isMounted(dir), log)
		}
	}
}

// fillQueue sends until even who has sent nothing before cannot.
func fillQueue(t *testing.T, path string) {
	t.Helper()
	for range 100 {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		sent := 0
		for ; err == nil; sent++ {
			err = unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: path})
		}
		if err != unix.EAGAIN {
			t.Fatal(err)
		}
		if sent == 1 {
			return
		}
	}
	t.Fatal("the queue is never full")
}

// TestSystemdNotifyBackground: who goes into the background is no service; its
// launcher does not speak for it.
func TestSystemdNotifyBackground(t *testing.T) {
	n, exe, dir := listenNotifications(t), install(t), directory(t)
	unmountAtEnd(t, dir)
	cmd := exec.Command(exe, dir)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+n.path)
	if r := finish(t, cmd); r != (ran{}) {
		t.Errorf("%v; want silence", r)
	}
	answers(t, dir)
	if err := unix.Unmount(dir, 0); err != nil {
		t.Error(err)
	}
	waitGone(exe)
	n.silent(t)
}
