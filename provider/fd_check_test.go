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

// What is denied stays so, and the count is not.
func TestFDsDenied(t *testing.T) {
	needRoot(t)
	c := start(t)
	runRole(t, "fdsdenied", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: alice, Gid: alice}}, fmt.Sprintf("%s=%d", targetsEnv, c.pid))
}

func roleFDsDenied() error {
	var pid int
	fmt.Sscan(os.Getenv(targetsEnv), &pid)
	p, err := Open(pid)
	if err != nil {
		return err
	}
	if n, err := p.FDCount(); n < 3 && !errors.Is(err, fs.ErrPermission) { // before 6.2
		return fmt.Errorf("count %d: %w", n, err)
	}
	n := 0
	for _, err := range p.FDs() {
		if n++; !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrGone) {
			return fmt.Errorf("fds: %w", err)
		}
	}
	for _, err := range p.Namespaces() {
		if n++; !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrGone) {
			return fmt.Errorf("namespaces: %w", err) // #367
		}
	}
	if n != 2 {
		return fmt.Errorf("%d errors", n)
	}
	_, err1 := p.FD(0)
	_, err2 := p.FDInfo(0)
	_, err3 := p.Exe()
	_, err4 := p.Environ()
	_, err5 := p.Auxv()
	_, err6 := p.NamespaceMap()
	_, err7 := p.OpenNamespace("mnt")
	_, err8 := p.Namespace("user")
	err9 := p.Signal(unix.SIGKILL)
	for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
		if !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrGone) {
			return fmt.Errorf("%d: %w", i+1, err)
		}
	}
	return p.Alive()
}

// checkFDs compares the targets with the links.
func checkFDs(p *Process) error {
	for fd, err := range p.FDs() {
		if err == nil {
			err = checkFD(p, fd.N)
		}
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrGone)) { // it closed it
			return err
		}
	}
	return nil
}

func checkFD(p *Process, n int) error {
	return persistently(func() error { return checkFDOnce(p, n) })
}

// persistently wants a difference to last: a descriptor may be closed, used for
// something else and be what it was again.
func persistently(fn func() error) (err error) {
	for range 5 {
		if err = fn(); !errors.Is(err, errDiffers) {
			return err
		}
	}
	return err
}

func checkFDOnce(p *Process, n int) error {
	name := fmt.Sprint("fd/", n)
	return steadyLink(p, name, func(text string) error {
		var st unix.Stat_t
		if err := unix.Fstatat(p.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
		fd, err := p.FD(n)
		if err != nil {
			return err
		}
		mode := os.FileMode(st.Mode & 0o700).String()[1:4]
		return same(name, fd.N, fmt.Sprint(n), fd.Target, text, fd.Mode, mode, fd.Target.Kind == FDPath || fd.Target.Kind == FDMemFD, fmt.Sprint(text[0] == '/'))
	})
}

// steadyLink is steady for a link.
func steadyLink(p *Process, name string, fn func(text string) error) (err error) {
	for range 10 {
		before, err := linkText(p, name)
		if err != nil {
			return err
		}
		if err = fn(before); !errors.Is(err, errDiffers) {
			return err
		}
		if after, readErr := linkText(p, name); readErr != nil || after == before {
			return err
		}
	}
	return nil
}

// linkText reads a link by another way than ours.
func linkText(p *Process, name string) (string, error) {
	buf := make([]byte, 5000)
	n, err := unix.Readlinkat(p.fd, name, buf)
	if err == unix.ENOENT {
		err = p.missing(name, err)
	}
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}
