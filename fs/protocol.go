package fs

import (
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// What the loop itself must know of the protocol: requests by their opcode
// (linux/fuse.h), and the two headers.
const (
	opLookup    = 1
	opGetAttr   = 3
	opSetAttr   = 4
	opReadlink  = 5
	opOpen      = 14
	opRead      = 15
	opWrite     = 16
	opRelease   = 18
	opGetXAttr  = 22
	opListXAttr = 23
	opInit      = 26
	opOpenDir   = 27
	opReadDir   = 28
	opAccess    = 34
	opInterrupt = 36
	opIoctl     = 39

	headerSize    = int(unsafe.Sizeof(fuse.InHeader{}))
	headerOutSize = int(unsafe.Sizeof(fuse.OutHeader{}))
)

// opNames are all requests by their opcode, for people.
var opNames = [...]string{
	0: "other", 1: "LOOKUP", 2: "FORGET", 3: "GETATTR", 4: "SETATTR", 5: "READLINK", 6: "SYMLINK", 7: "(7)",
	8: "MKNOD", 9: "MKDIR", 10: "UNLINK", 11: "RMDIR", 12: "RENAME", 13: "LINK", 14: "OPEN", 15: "READ",
	16: "WRITE", 17: "STATFS", 18: "RELEASE", 19: "(19)", 20: "FSYNC", 21: "SETXATTR", 22: "GETXATTR", 23: "LISTXATTR",
	24: "REMOVEXATTR", 25: "FLUSH", 26: "INIT", 27: "OPENDIR", 28: "READDIR", 29: "RELEASEDIR", 30: "FSYNCDIR", 31: "GETLK",
	32: "SETLK", 33: "SETLKW", 34: "ACCESS", 35: "CREATE", 36: "INTERRUPT", 37: "BMAP", 38: "DESTROY", 39: "IOCTL",
	40: "POLL", 41: "NOTIFY_REPLY", 42: "BATCH_FORGET", 43: "FALLOCATE", 44: "READDIRPLUS", 45: "RENAME2", 46: "LSEEK",
	47: "COPY_FILE_RANGE", 48: "SETUPMAPPING", 49: "REMOVEMAPPING", 50: "SYNCFS", 51: "TMPFILE", 52: "STATX",
}

// refusal is a reply that tells an error.
func refusal(unique uint64, status fuse.Status) []byte {
	h := fuse.OutHeader{Length: uint32(headerOutSize), Status: -int32(status), Unique: unique}
	b := make([]byte, headerOutSize)
	*(*fuse.OutHeader)(unsafe.Pointer(&b[0])) = h
	return b
}
