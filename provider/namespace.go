package provider

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strings"

	"golang.org/x/sys/unix"
)

// Namespace identifies a namespace: two are the same where both numbers are.
type Namespace struct{ Dev, Inode uint64 }

// NamespaceEntry is one of the namespaces of a process, an entry of
// /proc/PID/ns.
type NamespaceEntry struct {
	Name string // "cgroup", "mnt", "pid", "pid_for_children" …
	Namespace
}

// Kind is the kind of namespace: the name without "_for_children".
func (e NamespaceEntry) Kind() string { return strings.TrimSuffix(e.Name, "_for_children") }

// Namespace identifies the process's namespace of a name: "cgroup" (4.6),
// "ipc", "mnt", "net", "pid", "pid_for_children" (4.12), "time",
// "time_for_children" (5.6), "user", "uts" (3.8 otherwise). One that the kernel
// does not know is ErrNotSupported, and so is pid_for_children between an
// unshare(2) and the first child. Of a zombie all but "pid" and "user" are
// ErrGone. It takes the right to inspect the process
// (PTRACE_MODE_READ_FSCREDS).
func (d *dir) Namespace(name string) (Namespace, error) {
	file := "ns/" + name
	if !d.fs.proc { // a captured link leads nowhere
		return Namespace{}, d.fail("stat", file, ErrNotSupported)
	}
	ns, err := namespaceAt(d.fd, file)
	if err != nil {
		return Namespace{}, d.fail("stat", file, d.lost(file, err))
	}
	return ns, nil
}

// Namespaces walks the namespaces of the process (/proc/PID/ns). What cannot be
// looked at is an error of its own, with the name in the entry; the walk goes
// on. The errors are Namespace's.
func (d *dir) Namespaces() iter.Seq2[NamespaceEntry, error] {
	return func(yield func(NamespaceEntry, error) bool) {
		w := namespaceWalk{d: d}
		err := d.fs.entries(d.fd, "ns", func(entry []byte) bool {
			if entry[0] == '.' {
				return true
			}
			name := string(entry)
			ns, err := w.namespace(name)
			return yield(NamespaceEntry{name, ns}, err)
		})
		if err != nil {
			yield(NamespaceEntry{}, d.fail("readdir", "ns", d.missing("ns", err)))
		}
	}
}

// namespaceWalk reads the links of ns, which is cheaper than to look at what
// they lead to: all namespaces are of one device.
type namespaceWalk struct {
	d   *dir
	dev uint64 // 0 before the first
}

func (w *namespaceWalk) namespace(name string) (Namespace, error) {
	if w.dev != 0 {
		if inode, ok := w.inode(name); ok {
			return Namespace{w.dev, inode}, nil
		}
	}
	ns, err := w.d.Namespace(name)
	w.dev = ns.Dev
	return ns, err
}

func (w *namespaceWalk) inode(name string) (uint64, bool) {
	inode, err := namespaceInode(w.d.fd, "ns/"+name)
	return inode, err == nil
}

// linkRoom holds the link of a namespace.
const linkRoom = 64

// namespaceInode takes the number out of a link such as "mnt:[4026531841]".
func namespaceInode(at int, path string) (uint64, error) {
	var buf [linkRoom]byte
	n, err := readlinkInto(at, path, buf[:])
	if err != nil {
		return 0, err
	}
	_, text, _ := bytes.Cut(buf[:n], []byte(":["))
	v, digits := decimal(text)
	if digits == 0 || string(text[digits:]) != "]" {
		return 0, ErrMalformed
	}
	return v, nil
}

// userNamespace is Namespace of "user" by its link, where the device of all
// namespaces is known.
func (d *dir) userNamespace(dev uint64) (Namespace, error) {
	const file = "ns/user"
	inode, err := namespaceInode(d.fd, file)
	if err != nil {
		return Namespace{}, d.fail("readlink", file, d.lost(file, err))
	}
	return Namespace{dev, inode}, nil
}

// pidNamespace is the inode of the pid namespace of a task, which it never
// leaves; so who is kept remembers it.
func (a *Authority) pidNamespace(tid int) (uint64, error) {
	if a.proc.keeper == nil {
		ns, err := a.proc.namespace(tid, "pid")
		return ns.Inode, err
	}
	task, err := a.proc.Open(tid)
	if err != nil {
		return 0, err
	}
	defer task.Close()
	if task.kept == nil {
		return namespaceInode(task.fd, "ns/pid")
	}
	if inode := task.kept.pidNS.Load(); inode != 0 {
		return inode, nil
	}
	inode, err := namespaceInode(task.fd, "ns/pid")
	if err == nil {
		task.kept.pidNS.Store(inode)
	}
	return inode, err
}

// NamespaceMap is Namespaces by name, without those that the process does not
// have. It is whole or an error.
func (d *dir) NamespaceMap() (map[string]Namespace, error) {
	all := make(map[string]Namespace, 10)
	for e, err := range d.Namespaces() {
		if err != nil && !(e.Name != "" && errors.Is(err, ErrNotSupported)) {
			return nil, err
		}
		if err == nil {
			all[e.Name] = e.Namespace
		}
	}
	return all, nil
}

// OpenNamespace opens a namespace of the process for setns(2), which the
// caller closes. The errors are Namespace's.
func (d *dir) OpenNamespace(name string) (int, error) {
	file := "ns/" + name
	fd, err := d.fs.openat(d.fd, file, unix.O_RDONLY)
	if err != nil {
		return -1, d.fail("open", file, d.lost(file, err))
	}
	return fd, nil
}

func (f *FS) namespace(pid int, kind string) (Namespace, error) {
	return namespaceAt(f.fd, fmt.Sprintf("%d/ns/%s", pid, kind))
}

func namespaceAt(dir int, path string) (Namespace, error) {
	var st unix.Stat_t
	if err := fstatat(dir, path, &st, 0); err != nil {
		return Namespace{}, err
	}
	return Namespace{uint64(st.Dev), st.Ino}, nil
}
