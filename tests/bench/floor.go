package main

import (
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// static is the least that go-fuse can serve: directories named by a number,
// which list as many names, and in each of them files of every size, named by
// it. The kernel need not ask anything twice.
type static struct {
	fuse.RawFileSystem
	content []byte
	names   []fuse.DirEntry
}

const (
	forever     = 24 * time.Hour
	largestFile = 8 << 20
	longestList = 1 << 16
)

func serveFloor() error {
	if len(os.Args) != 2 {
		return errors.New("want a mountpoint")
	}
	s := &static{RawFileSystem: fuse.NewDefaultRawFileSystem(), content: make([]byte, largestFile)}
	for i := range longestList {
		s.names = append(s.names, fuse.DirEntry{Name: strconv.Itoa(10000 + i), Mode: unix.S_IFDIR, Ino: uint64(2 + i), Off: uint64(1 + i)})
	}
	server, err := fuse.NewServer(s, os.Args[1], &fuse.MountOptions{
		FsName:             "floor",
		MaxWrite:           1 << 20,
		MaxBackground:      64,
		DisableXAttrs:      true,
		DisableReadDirPlus: true,
		DisableSplice:      true,
		DirectMountStrict:  true,
	})
	if err != nil {
		return err
	}
	go server.Serve() // this goroutine is bound to its thread, which is slow
	server.Wait()
	return nil
}

// A node id has the directory's number above, the file's size below; the
// root's is 1, so no directory is 0.

func attributes(id uint64, out *fuse.Attr) {
	size := id & (1<<32 - 1)
	*out = fuse.Attr{Ino: id, Nlink: 1, Mode: unix.S_IFREG | 0o444, Size: size, Blksize: 4096}
	if id == fuse.FUSE_ROOT_ID || size == 0 {
		out.Mode, out.Size = unix.S_IFDIR|0o555, 0
	}
}

func (s *static) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	n, err := strconv.ParseUint(name, 10, 31)
	if err != nil || n == 0 {
		return fuse.ENOENT
	}
	out.NodeId = h.NodeId + n
	if h.NodeId == fuse.FUSE_ROOT_ID {
		out.NodeId = n << 32
	}
	out.Generation = 1
	attributes(out.NodeId, &out.Attr)
	out.SetEntryTimeout(forever)
	out.SetAttrTimeout(forever)
	return fuse.OK
}

func (s *static) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	attributes(in.NodeId, &out.Attr)
	out.SetTimeout(forever)
	return fuse.OK
}

func (s *static) Open(_ <-chan struct{}, _ *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	out.OpenFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH
	return fuse.OK
}

func (s *static) Read(_ <-chan struct{}, in *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	size := min(in.NodeId&(1<<32-1), largestFile)
	from := min(in.Offset, size)
	to := min(from+uint64(in.Size), size)
	return fuse.ReadResultData(s.content[from:to]), fuse.OK
}

func (s *static) OpenDir(_ <-chan struct{}, _ *fuse.OpenIn, _ *fuse.OpenOut) fuse.Status {
	return fuse.OK
}

func (s *static) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	end := min(in.NodeId>>32, longestList)
	for i := in.Offset; i < end && out.AddDirEntry(s.names[i]); i++ {
	}
	return fuse.OK
}
