package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// operations are what attempts are made of.
var operations = map[string]func(path string) error{
	"creat":     func(p string) error { return opened(p, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY) },
	"open":      func(p string) error { return opened(p, unix.O_RDONLY) },
	"opencreat": func(p string) error { return opened(p, unix.O_CREAT|unix.O_RDONLY) },
	"openwrite": func(p string) error { return opened(p, unix.O_WRONLY) },
	"opentrunc": func(p string) error { return opened(p, unix.O_WRONLY|unix.O_TRUNC) },
	"tmpfile":   func(p string) error { return opened(p, unix.O_TMPFILE|unix.O_RDWR) },
	"write":     overwrite,
	"mkdir":     func(p string) error { return unix.Mkdir(p, 0o755) },
	"mknod":     func(p string) error { return unix.Mknod(p, unix.S_IFIFO|0o644, 0) },
	"symlink":   func(p string) error { return unix.Symlink("x", p) },
	"unlink":    unix.Unlink,
	"rmdir":     unix.Rmdir,
	"rename":    func(p string) error { return unix.Rename(p, p+"x") },
	"replace":   func(p string) error { return unix.Rename(p, filepath.Join(filepath.Dir(p), "etype")) },
	"link":      func(p string) error { return unix.Link(p, p+"x") },
	"chmod":     func(p string) error { return unix.Chmod(p, 0o777) },
	"chown":     func(p string) error { return unix.Lchown(p, 77, 77) },
	"utimes":    func(p string) error { return unix.Utimes(p, []unix.Timeval{{Sec: 1}, {Sec: 1}}) },
	"truncate":  func(p string) error { return unix.Truncate(p, 100) },
	"lstat":     func(p string) error { return unix.Lstat(p, new(unix.Stat_t)) },
	"chdir":     unix.Chdir,
	"setxattr":  func(p string) error { return unix.Setxattr(p, "user.x", []byte("1"), 0) },
	"getxattr":  func(p string) error { _, err := unix.Getxattr(p, "user.x", make([]byte, 9)); return err },
	"listxattr": func(p string) error { n, err := unix.Listxattr(p, make([]byte, 99)); return manyIsFine(n, err) },
	"ioctl":     terminalSize,
}

func opened(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o644)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func overwrite(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_TRUNC|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte("1"))
	return err
}

func manyIsFine(n int, err error) error {
	if err == nil && n == 0 {
		return unix.ENODATA
	}
	return err
}

func terminalSize(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer unix.Close(fd)
	_, err = unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	return err
}

// wantErrno: an operation fails so, at each of the paths.
func wantErrno(t *testing.T, op string, want error, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if got := errnoText(operations[op](path)); got != errnoText(want) {
			t.Errorf("%s %.200s: %s, want %s", op, path, got, errnoText(want))
		}
	}
}

func TestNamesCannotBeMade(t *testing.T) {
	d, p := mount(t), startProbe(t)
	fresh := []string{d.path("new"), d.path(4194303), d.path(p.pid, "new"), d.path(p.pid, "maps")}
	for _, op := range []string{"creat", "opencreat", "mkdir", "mknod", "symlink"} {
		wantErrno(t, op, unix.ENOENT, fresh...)
	}
	there := []string{d.path("status"), d.path(p.pid, "status"), d.path(p.pid, "mem")}
	wantErrno(t, "opencreat", nil, there...)
	wantErrno(t, "creat", unix.EEXIST, there...)
	wantErrno(t, "mkdir", unix.EEXIST, there...)
	for _, op := range []string{"unlink", "rename", "replace", "link"} {
		wantErrno(t, op, unix.EOPNOTSUPP, append(there, d.path("curproc"), d.path(p.pid, "exe"))...)
	}
	wantErrno(t, "rmdir", unix.EOPNOTSUPP, d.path(p.pid))
	wantErrno(t, "rename", unix.EOPNOTSUPP, d.path(p.pid))
	wantErrno(t, "tmpfile", unix.EOPNOTSUPP, d.path(p.pid), d.dir)
	wantErrno(t, "lstat", nil, append(there, d.path("curproc"), d.path(p.pid, "exe"), d.path(p.pid))...)
}

func TestNamesThatAreNone(t *testing.T) {
	d, p := mount(t), startProbe(t)
	n := p.pid
	names := []string{fmt.Sprintf("0%d", n), fmt.Sprintf("00%d", n), fmt.Sprintf("+%d", n), fmt.Sprintf("-%d", n),
		fmt.Sprintf("%dx", n), fmt.Sprintf("%d ", n), fmt.Sprintf(" %d", n), fmt.Sprintf("%#x", n), fmt.Sprintf("%d.0", n),
		fmt.Sprint(n + 1<<22), fmt.Sprint(uint64(n) + 1<<32), "18446744073709551617", "0", "-1", "4194304",
		"maps", "CURPROC", "Status", "thread-self", "...", "\xff\n"}
	for _, length := range []int{127, 128, 129, 255} {
		names = append(names, strings.Repeat("1", length), strings.Repeat("x", length),
			strings.Repeat("0", length-len(fmt.Sprint(n)))+fmt.Sprint(n))
	}
	for _, name := range names {
		wantErrno(t, "lstat", unix.ENOENT, d.path(name), d.path(n)+"/"+name)
		wantErrno(t, "open", unix.ENOENT, d.dir+"/"+name+"/status")
	}
	for _, name := range []string{"maps", "stat", "environ", "fd", "task", "self", "curproc", "ctl"} {
		wantErrno(t, "lstat", unix.ENOENT, d.path(n, name))
	}
	wantErrno(t, "lstat", unix.ENOTDIR, d.path(n, "status/x"), d.path("status/1"), d.dir+"/status/", d.dir+"/status/..")
	wantErrno(t, "chdir", unix.ENOTDIR, d.path(n, "status"))
	checkThreads(t, d, n)
}

// checkThreads: the other threads of a process are no names.
func checkThreads(t *testing.T, d *daemon, pid int) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil || len(tasks) < 2 {
		t.Fatalf("the probe has %d threads (%v)", len(tasks), err)
	}
	for _, task := range tasks {
		if task.Name() != fmt.Sprint(pid) {
			wantErrno(t, "lstat", unix.ENOENT, d.path(task.Name()), d.path(task.Name(), "status"))
		}
	}
}

func TestNamesSetattr(t *testing.T) {
	d, p := mount(t), startProbe(t)
	for _, path := range []string{d.dir, d.path("status"), d.path(p.pid), d.path(p.pid, "status"), d.path(p.pid, "mem")} {
		before := lstat(t, path)
		ops := []string{"chmod", "chown", "utimes"}
		if before.Mode&unix.S_IFMT == unix.S_IFREG {
			ops = append(ops, "truncate", "opentrunc")
		}
		for _, op := range ops {
			wantErrno(t, op, nil, path)
		}
		after := lstat(t, path)
		if after.Mode != before.Mode || after.Uid != before.Uid || after.Gid != before.Gid || after.Size != 0 || after.Mtim.Sec < 1e9 {
			t.Errorf("%s has changed from %+v to %+v", path, before, after)
		}
	}
	if len(whole(t, d.path(p.pid, "status"))) == 0 {
		t.Error("truncated for real")
	}
	wantErrno(t, "write", unix.EBADF, d.path(p.pid, "status"), d.path("status"), d.path(p.pid, "rlimit"), d.path(p.pid, "map"))
	status := d.path(p.pid, "status")
	got := attempt(t, 65534, 65534, "openwrite", status, "opentrunc", status, "open", status, "chmod", status,
		"openwrite", d.path("status"), "openwrite", d.path(p.pid, "mem"))
	if want := []string{"EACCES", "EACCES", "ok", "ok", "EACCES", "ENOENT"}; !slices.Equal(got, want) {
		t.Errorf("as nobody: %q, want %q", got, want)
	}
}

func TestNamesOddCalls(t *testing.T) {
	d, p := mount(t), startProbe(t)
	for _, path := range []string{d.path("status"), d.path(p.pid, "status"), d.path(p.pid, "mem")} {
		wantErrno(t, "ioctl", unix.ENOTTY, path)
		wantErrno(t, "setxattr", unix.EOPNOTSUPP, path)
		for _, op := range []string{"getxattr", "listxattr"} {
			if got := errnoText(operations[op](path)); got != "EOPNOTSUPP" && got != "ENODATA" {
				t.Errorf("%s %s: %s, want EOPNOTSUPP or ENODATA", op, path, got)
			}
		}
	}
	var st unix.Statfs_t
	if err := unix.Statfs(d.path(p.pid), &st); err != nil {
		t.Fatal(err)
	}
	page := int64(os.Getpagesize())
	if st.Type != unix.FUSE_SUPER_MAGIC || st.Blocks != 2 || st.Bfree != 2 || st.Bavail != 2 || st.Files != 0 ||
		st.Ffree != 0 || st.Bsize != page || st.Frsize != page || st.Namelen != 127 {
		t.Errorf("statfs: %+v", st)
	}
	if want := int64(unix.ST_NOSUID | unix.ST_NODEV | unix.ST_NOEXEC); st.Flags&want != want {
		t.Errorf("statfs: flags %#x", st.Flags)
	}
}

func TestNamesReadOnly(t *testing.T) {
	d, p := mount(t, "ro"), startProbe(t)
	paths := []string{d.path(p.pid, "mem"), d.path(p.pid, "status"), d.path("status")}
	for _, op := range []string{"openwrite", "opentrunc", "chmod", "utimes", "truncate", "unlink"} {
		wantErrno(t, op, unix.EROFS, paths...)
	}
	wantErrno(t, "mkdir", unix.EROFS, d.path("new"))
	wantErrno(t, "open", nil, paths...)
}

func lstat(t testing.TB, path string) unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatalf("stat %s: %v", path, err)
	}
	return st
}

// classes are the numbers that tell nodes apart in inode numbers, FreeBSD's.
var classes = map[string]uint64{"cmdline": 6, "etype": 8, "map": 10, "mem": 11, "rlimit": 15, "status": 16, "file": 18, "exe": 19}

func TestNamesAttributes(t *testing.T) {
	d := mount(t)
	cmd := helper(t, "owner")
	start(t, cmd)
	pid := cmd.Process.Pid
	for name, class := range classes {
		st := lstat(t, d.path(pid, name))
		if want := uint64(pid)<<8 | class; st.Ino != want {
			t.Errorf("%s: inode %d, want %d", name, st.Ino, want)
		}
		checkAttributes(t, name, &st, 1001, 2001)
	}
	st := lstat(t, d.path(pid))
	if want := uint64(pid)<<8 | 5; st.Ino != want || st.Mode != unix.S_IFDIR|0o555 {
		t.Errorf("directory: inode %d, mode %#o", st.Ino, st.Mode)
	}
	checkAttributes(t, "directory", &st, 1001, 2001)
	for name, ino := range map[string]uint64{".": 2, "curproc": 3, "self": 4, "status": 20} {
		st := lstat(t, d.path(name))
		if st.Ino != ino {
			t.Errorf("%s: inode %d, want %d", name, st.Ino, ino)
		}
		checkAttributes(t, name, &st, 0, 0)
	}
}

func checkAttributes(t *testing.T, name string, st *unix.Stat_t, uid, gid uint32) {
	t.Helper()
	if st.Uid != uid || st.Gid != gid || st.Nlink != 1 || st.Size != 0 || st.Blocks != 0 {
		t.Errorf("%s: owner %d:%d, want %d:%d, links %d, size %d, blocks %d", name, st.Uid, st.Gid, uid, gid, st.Nlink, st.Size, st.Blocks)
	}
	for _, at := range []unix.Timespec{st.Atim, st.Mtim, st.Ctim} {
		if age := time.Since(time.Unix(at.Sec, at.Nsec)).Abs(); age > time.Minute {
			t.Errorf("%s: a time is %v off", name, age)
		}
	}
}
