package provider

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Link is where a link below /proc/PID leads: a path as the kernel gives it,
// from the root directory of whoever reads it. For a process in another mount
// namespace it begins at that namespace's root; for a file on a file system
// that is mounted nowhere, at that file system's root, and nothing tells so.
// What does not begin with '/' is no path at all.
type Link struct {
	Path    string // bytes, which need not be UTF-8; without " (deleted)" where Deleted
	Deleted bool   // the file no longer has that name
}

// String gives the kernel's text back.
func (l Link) String() string {
	if l.Deleted {
		return l.Path + deletedSuffix
	}
	return l.Path
}

// Exe reads /proc/PID/exe, the program that the process executes. Kernel
// threads and zombies have none: ErrNotSupported. See [Process.Link].
func (d *dir) Exe() (Link, error) { return d.Link("exe") }

// Cwd reads /proc/PID/cwd, the working directory; see Exe.
func (d *dir) Cwd() (Link, error) { return d.Link("cwd") }

// Root reads /proc/PID/root, the root directory (chroot(2)); see Exe.
func (d *dir) Root() (Link, error) { return d.Link("root") }

// Readlink reads the text of a link below the directory, such as "exe" or
// "fd/3", in one system call: a deleted file's ends with " (deleted)", and so
// does that of a file which has such a name. A path longer than 4095 bytes is
// ENAMETOOLONG. It takes the right to inspect the process
// (PTRACE_MODE_READ_FSCREDS).
func (d *dir) Readlink(file string) (string, error) {
	text, err := d.fs.readlinkat(d.fd, file)
	if err != nil {
		return "", d.fail("readlink", file, d.missing(file, err))
	}
	return text, nil
}

// Link is Readlink which knows whether a file whose text ends with
// " (deleted)" is deleted, or has such a name: where it has any name left, the
// text is looked up below our root and below the process's, with our rights
// and without following symbolic links, and has to lead to the same file.
// Other texts cost nothing more.
//
// Where the look-up is not possible (before Linux 5.6, in another mount
// namespace whose root is not the process's, without the right to search) the
// text is believed. A file that was deleted and has another hard link, named
// the same but for " (deleted)", passes for not deleted: that name does lead
// to it. The look-up may wait for file systems that do not answer.
func (d *dir) Link(file string) (Link, error) {
	text, err := d.Readlink(file)
	if err != nil {
		return Link{}, err
	}
	path, marked := strings.CutSuffix(text, deletedSuffix)
	if !marked || !strings.HasPrefix(text, "/") {
		return Link{Path: text}, nil
	}
	named, err := d.linkNamed(file, text)
	if err != nil {
		return Link{}, d.fail("stat", file, d.missing(file, err))
	}
	if named {
		return Link{Path: text}, nil
	}
	return Link{path, true}, nil
}

// linkNamed reports whether the link's file really has the name that its text
// says.
func (d *dir) linkNamed(file, text string) (bool, error) {
	if !d.fs.proc { // a captured link leads nowhere
		return false, nil
	}
	var st unix.Stat_t
	if err := fstatat(d.fd, file, &st, 0); err != nil {
		return false, err
	}
	if st.Nlink == 0 {
		return false, nil
	}
	return d.reaches(text, st.Dev, st.Ino), nil
}

// reaches reports whether path leads to a file, below our root directory or
// below the process's.
func (d *dir) reaches(path string, dev, ino uint64) bool {
	return leadsBelow(unix.AT_FDCWD, "/", path, dev, ino) || leadsBelow(d.fd, "root", path, dev, ino)
}

// leadsBelow resolves path below the directory that root names.
func leadsBelow(at int, root, path string, dev, ino uint64) bool {
	fd, err := openat(at, root, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return leads(fd, path, dev, ino)
}
