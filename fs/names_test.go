package fs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// TestNoSuchName: one spelling of each number, no threads, nothing of Linux's.
func TestNoSuchName(t *testing.T) {
	w := newWorld(t)
	pid := w.target.pid
	for _, name := range []string{
		"", "0", "00", "-1", "+" + strconv.Itoa(pid), "0" + strconv.Itoa(pid), "00" + strconv.Itoa(pid), strconv.Itoa(pid) + " ",
		" " + strconv.Itoa(pid), "0x1", "1e0", "1_0", "4194304", "4294967297", "18446744073709551617", strings.Repeat("1", 300),
		strconv.Itoa(w.target.tid), "thread-self", "cpuinfo", "uptime", "maps", "STATUS", "status ", "sel", "١",
	} {
		_, status := w.root.lookup(root, name)
		w.root.want(fmt.Sprintf("%q", name), status, unix.ENOENT)
	}
	dir := w.root.walk(strconv.Itoa(pid)).NodeId
	for _, name := range []string{"", "maps", "stat", "fd", "task", "ctl", "reg", "Regs", "notes", "curproc", "Map", "map ", strconv.Itoa(pid)} {
		_, status := w.root.lookup(dir, name)
		w.root.want(fmt.Sprintf("%d/%q", pid, name), status, unix.ENOENT)
	}
	for _, file := range []uint64{w.root.node(pid, "map"), w.root.node(pid, "exe"), w.root.walk("status").NodeId} {
		_, status := w.root.lookup(file, "x")
		w.root.want("a name in a file", status, unix.ENOTDIR)
		status, _ = send(w.root, opOpenDir, file, &fuse.OpenIn{}, 0)
		w.root.want("opendir of a file", status, unix.ENOTDIR)
		_, status = w.root.readdir(file, 0, 4096)
		w.root.want("readdir of a file", status, unix.ENOTDIR)
	}
}

// TestUnchangeable: the tree cannot be changed, and says so as procfs does.
func TestUnchangeable(t *testing.T) {
	w := newWorld(t)
	c := w.root
	dir := c.walk(strconv.Itoa(w.target.pid)).NodeId
	file := c.node(w.target.pid, "status")
	fh := c.opened(file, unix.O_RDWR)
	for _, parent := range []uint64{root, dir} {
		for what, test := range map[string]struct {
			errno unix.Errno
			send  func() (fuse.Status, []byte)
		}{
			"unlink": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) { return send(c, opUnlink, parent, &fuse.InHeader{}, 0, "status\x00") }},
			"rmdir":  {unix.EOPNOTSUPP, func() (fuse.Status, []byte) { return send(c, opRmdir, parent, &fuse.InHeader{}, 0, "status\x00") }},
			"rename": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) {
				return send(c, opRename2, parent, &fuse.RenameIn{}, 0, "status\x00x\x00")
			}},
			"link": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) {
				return send(c, opLink, parent, &fuse.LinkIn{Oldnodeid: file}, 0, "x\x00")
			}},
			"mkdir":   {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opMkdir, parent, &fuse.MkdirIn{}, 0, "x\x00") }},
			"mknod":   {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opMknod, parent, &fuse.MknodIn{}, 0, "x\x00") }},
			"symlink": {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opSymlink, parent, &fuse.InHeader{}, 0, "x\x00y\x00") }},
			"create":  {unix.ENOENT, func() (fuse.Status, []byte) { return send(c, opCreate, parent, &fuse.CreateIn{}, 0, "x\x00") }},
			"tmpfile": {unix.EOPNOTSUPP, func() (fuse.Status, []byte) { return send(c, opTmpfile, parent, &fuse.CreateIn{}, 0, "/\x00") }},
		} {
			status, _ := test.send()
			c.want(what, status, test.errno)
		}
	}
	before, _ := c.getattr(file)
	for _, client := range []*client{c, w.bob} {
		in := &fuse.SetAttrIn{}
		in.Valid = fuse.FATTR_MODE | fuse.FATTR_UID | fuse.FATTR_SIZE | fuse.FATTR_MTIME
		in.Mode, in.Uid, in.Size, in.Mtime = 0o777, bob, 100, 1
		status, b := send(client, opSetAttr, file, in, 0)
		client.want("setattr", status, 0)
		if attr := as[fuse.AttrOut](t, b).Attr; attr.Mode != before.Mode || attr.Uid != alice || attr.Size != 0 || attr.Mtime == 1 {
			t.Errorf("setattr: %+v", attr)
		}
	}
	status, _ := send(c, opFallocate, file, &fuse.FallocateIn{Fh: fh, Length: 1}, 0)
	c.want("fallocate", status, unix.EOPNOTSUPP)
	status, _ = send(c, opIoctl, file, &fuse.IoctlIn{Fh: fh, Cmd: 0x5401, OutSize: 60}, 60)
	c.want("ioctl", status, unix.ENOTTY)
	status, _ = send(c, opFsync, file, &fuse.FsyncIn{Fh: fh}, 0)
	c.want("fsync", status, 0)
	status, _ = send(c, opFsyncDir, dir, &fuse.FsyncIn{}, 0)
	c.want("fsyncdir", status, 0)
	status, _ = send(c, opGetXAttr, file, &fuse.GetXAttrIn{Size: 100}, 100, "user.x\x00")
	c.want("getxattr", status, unix.ENOSYS)
	status, b := send(c, opStatFs, root, &fuse.InHeader{}, 0)
	c.want("statfs", status, 0)
	page := uint32(os.Getpagesize())
	if st := as[fuse.StatfsOut](t, b); *st != (fuse.StatfsOut{Blocks: 2, Bfree: 2, Bavail: 2, Bsize: page, Frsize: page, NameLen: 127}) {
		t.Errorf("%+v", st)
	}
	c.release(file, fh)
}
