package provider

import (
	"io"

	"golang.org/x/sys/unix"
)

// Exe reads the link /proc/PID/exe with the caller's rights.
func (c *Caller) Exe(p *Process) (text string, err error) {
	err = c.doOwn(p, "readlink", "exe", func() (err error) {
		text, err = readlinkat(p.fd, "exe")
		return err
	})
	return text, err
}

// ExeLinked reports whether the file that p executes, whose link says path,
// can still be found: it has a name, and where path ends like a deleted one,
// that really is its name. It looks at p's own file systems as the caller, so
// it may take as long as they like.
func (c *Caller) ExeLinked(p *Process, path string) (bool, error) {
	var st unix.Stat_t
	err := c.doOwn(p, "stat", "exe", func() error { return fstatatAny(p.fd, "exe", &st, 0) })
	return err == nil && st.Nlink > 0 && c.named(p, path, st.Dev, st.Ino), err
}

// FileNamed reports whether path, below p's root, leads to the inode ino of
// the device dev: the caller's rights, p's own file systems.
func (c *Caller) FileNamed(p *Process, path string, dev Device, ino uint64) bool {
	return c.named(p, path, unix.Mkdev(dev.Major, dev.Minor), ino)
}

// named resolves path below p's root as the caller: the directories on the way
// are not its own, even where the process is.
func (c *Caller) named(p *Process, path string, dev, ino uint64) (same bool) {
	var root int
	err := c.doOwn(p, "open", "root", func() (err error) {
		root, err = openat(p.fd, "root", unix.O_PATH|unix.O_DIRECTORY)
		return err
	})
	if err != nil {
		return false
	}
	defer unix.Close(root)
	err = c.auth.lender.as(c.cred, func() error {
		same = leads(root, path, dev, ino)
		return nil
	})
	return err == nil && same
}

// leads resolves path below root with no symbolic link on the way: the kernel
// gave the real path, and a planted link must not lead us off.
func leads(root int, path string, dev, ino uint64) bool {
	fd, err := openat2(root, path, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	return fstat(fd, &st) == nil && st.Dev == dev && st.Ino == ino
}

// ELFClass reads the class of the file that p executes with the caller's
// rights over that file; ELFNone where it is no ELF file.
func (c *Caller) ELFClass(p *Process) (class ELFClass, err error) {
	err = c.do(p, "read", "exe", func() error {
		fd, err := openat(p.fd, "exe", unix.O_RDONLY|unix.O_NONBLOCK)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		var ident [16]byte
		n, err := preader(fd).ReadAt(ident[:], 0)
		if err != nil && err != io.EOF {
			return err
		}
		class = ParseELFIdent(ident[:n])
		return nil
	})
	return class, err
}
