package fs

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// The tree cannot be changed. As in procfs, a new name cannot be made because
// there is no such name, and taking one away or linking is not supported.

const (
	noSuchName   = fuse.ENOENT
	notSupported = fuse.Status(unix.EOPNOTSUPP)
)

func (r *raw) Mknod(<-chan struct{}, *fuse.MknodIn, string, *fuse.EntryOut) fuse.Status {
	return noSuchName
}

func (r *raw) Mkdir(<-chan struct{}, *fuse.MkdirIn, string, *fuse.EntryOut) fuse.Status {
	return noSuchName
}

func (r *raw) Symlink(<-chan struct{}, *fuse.InHeader, string, string, *fuse.EntryOut) fuse.Status {
	return noSuchName
}

func (r *raw) Create(<-chan struct{}, *fuse.CreateIn, string, *fuse.CreateOut) fuse.Status {
	return noSuchName
}

func (r *raw) Tmpfile(<-chan struct{}, *fuse.CreateIn, *fuse.CreateOut) fuse.Status {
	return notSupported
}

func (r *raw) Unlink(<-chan struct{}, *fuse.InHeader, string) fuse.Status { return notSupported }

func (r *raw) Rmdir(<-chan struct{}, *fuse.InHeader, string) fuse.Status { return notSupported }

func (r *raw) Rename(<-chan struct{}, *fuse.RenameIn, string, string) fuse.Status {
	return notSupported
}

func (r *raw) Link(<-chan struct{}, *fuse.LinkIn, string, *fuse.EntryOut) fuse.Status {
	return notSupported
}

func (r *raw) Fallocate(<-chan struct{}, *fuse.FallocateIn) fuse.Status { return notSupported }
